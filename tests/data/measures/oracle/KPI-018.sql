-- KPI-018. Shipping errors: complaints about wrong part, count, label, paper or place, for a thousand deliveries
-- Two tables: each is added up by itself, then they are laid side by side by period and plant. No row above means 0.
WITH above AS (
    SELECT strftime(received, '%Y-%m') AS period, plant, count(*) AS amount
    FROM read_parquet('{data}/caq/complaints.parquet')
    WHERE kind IN ('shipping', 'paper')
    GROUP BY ALL
), below AS (
    SELECT strftime(CAST(handed_over AT TIME ZONE 'Europe/Berlin' AS DATE), '%Y-%m') AS period, plant, count(*) AS amount
    FROM read_parquet('{data}/erp/deliveries/*.parquet')
    GROUP BY ALL
)
SELECT below.period, coalesce(below.plant, '') AS location,
       coalesce(sum(above.amount), 0) * 1000.0 / sum(below.amount) AS value
FROM below LEFT JOIN above ON above.period = below.period AND above.plant = below.plant
GROUP BY GROUPING SETS ((below.period, below.plant), (below.period))
ORDER BY period, location
