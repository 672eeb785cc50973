-- KPI-014. Lots accepted at first inspection, of those inspected in the week
WITH asked AS (
    SELECT *, inspected AS day
    FROM read_parquet('{data}/caq/final_inspections/*.parquet')
)
SELECT strftime(day, '%G-W%V') AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (accepted_first) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
