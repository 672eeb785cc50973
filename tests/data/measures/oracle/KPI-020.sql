-- KPI-020. Gauges calibrated in time, of those due in the month
WITH asked AS (
    SELECT *, due AS day
    FROM read_parquet('{data}/caq/gauges.parquet')
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (in_time) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
