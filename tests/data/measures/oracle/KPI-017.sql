-- KPI-017. Faults found after release: lots, by the quarter in which the fault was found
WITH asked AS (
    SELECT *, found AS day
    FROM read_parquet('{data}/caq/nonconformities.parquet')
    WHERE after_release
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, coalesce(plant, '') AS location,
       count(DISTINCT lot) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
