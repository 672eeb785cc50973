-- KPI-013. Scrap and rework, of the production cost of the month
WITH asked AS (
    SELECT *, CAST(ended AT TIME ZONE 'Europe/Berlin' AS DATE) AS day
    FROM read_parquet('{data}/mes/production/*.parquet')
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       100.0 * CAST(sum(scrap_cost_eur + rework_cost_eur) AS DOUBLE) / CAST(sum(production_cost_eur) AS DOUBLE) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
