-- KPI-019. Unplanned downtime: hours in which a machine stood for a fault, of planned hours
WITH asked AS (
    SELECT *
    FROM read_parquet('{data}/mes/machine_hours.parquet')
)
SELECT strftime(day, '%G-W%V') AS period, coalesce(plant, '') AS location,
       100.0 * CAST(sum(fault_h) AS DOUBLE) / CAST(sum(planned_h) AS DOUBLE) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
