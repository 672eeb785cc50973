-- KPI-004. Deliveries on the promised day: handed over on it or up to two working days before
WITH asked AS (
    SELECT *, CAST(handed_over AT TIME ZONE 'Europe/Berlin' AS DATE) AS day
    FROM read_parquet('{data}/erp/deliveries/*.parquet')
)
SELECT strftime(day, '%G-W%V') AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (days_late BETWEEN -2 AND 0) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
