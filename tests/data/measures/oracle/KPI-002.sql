-- KPI-002. Time to answer a complaint: mean of working days, for complaints answered in the month
WITH asked AS (
    SELECT *, answered AS day
    FROM read_parquet('{data}/caq/complaints.parquet')
    WHERE answered IS NOT NULL
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       avg(working_days) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
