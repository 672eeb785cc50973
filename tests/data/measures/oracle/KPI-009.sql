-- KPI-009. Production orders finished in the planned week or before, of those planned for the week
WITH asked AS (
    SELECT *, planned_week_start AS day
    FROM read_parquet('{data}/mes/production_orders.parquet')
)
SELECT strftime(day, '%G-W%V') AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (in_week) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
