-- KPI-012. Supplier deliveries on time: received on the agreed day or one working day before, of those due in the month
WITH asked AS (
    SELECT *, due AS day
    FROM read_parquet('{data}/caq/receipts.parquet')
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (received IS NOT NULL AND days_late BETWEEN -1 AND 0) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
