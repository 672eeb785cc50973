-- KPI-001. Customer returns: parts confirmed as defective in the month, for a million parts shipped in it
-- Two tables: each is added up by itself, then they are laid side by side by period and plant. No row above means 0.
WITH above AS (
    SELECT strftime(received, '%Y-%m') AS period, plant, sum(parts_confirmed) AS amount
    FROM read_parquet('{data}/caq/returns.parquet')
    GROUP BY ALL
), below AS (
    SELECT strftime(CAST(handed_over AT TIME ZONE 'Europe/Berlin' AS DATE), '%Y-%m') AS period, plant, sum(parts) AS amount
    FROM read_parquet('{data}/erp/deliveries/*.parquet')
    GROUP BY ALL
)
SELECT below.period, coalesce(below.plant, '') AS location,
       coalesce(sum(above.amount), 0) * 1000000.0 / sum(below.amount) AS value
FROM below LEFT JOIN above ON above.period = below.period AND above.plant = below.plant
GROUP BY GROUPING SETS ((below.period, below.plant), (below.period))
ORDER BY period, location
