-- KPI-023. Corrective actions that worked, of those whose effect was checked in the quarter
WITH asked AS (
    SELECT *, check_made AS day
    FROM read_parquet('{data}/caq/corrective_actions.parquet')
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (worked) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
