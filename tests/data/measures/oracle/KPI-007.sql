-- KPI-007. First articles accepted at once, of those presented in the month
WITH asked AS (
    SELECT *, presented AS day
    FROM read_parquet('{data}/caq/first_articles.parquet')
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (accepted_at_once) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
