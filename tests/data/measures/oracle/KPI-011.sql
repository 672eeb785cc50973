-- KPI-011. Defects from suppliers: rejected pieces and metres, for a million received in the month
WITH asked AS (
    SELECT *, received AS day
    FROM read_parquet('{data}/caq/receipts.parquet')
    WHERE received IS NOT NULL
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       1000000.0 * sum(rejected) / sum(quantity) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
