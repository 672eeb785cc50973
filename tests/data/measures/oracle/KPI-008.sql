-- KPI-008. Time from order to first article: mean of working days, by the month of acceptance
WITH asked AS (
    SELECT *, accepted AS day
    FROM read_parquet('{data}/caq/first_articles.parquet')
    WHERE accepted IS NOT NULL
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       avg(working_days_from_order) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
