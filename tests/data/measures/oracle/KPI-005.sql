-- KPI-005. Time to confirm an order: mean of working days, by the month in which the order was received
WITH asked AS (
    SELECT *, CAST(received AT TIME ZONE 'Europe/Berlin' AS DATE) AS day
    FROM read_parquet('{data}/erp/orders.parquet')
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       avg(working_days_to_confirm) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
