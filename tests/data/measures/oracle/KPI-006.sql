-- KPI-006. Quotations won: value that became orders within six months, of the value decided, by the quarter of asking
-- What is open, neither ordered nor lost, waits: as a loss it would make the last two quarters red each time.
WITH asked AS (
    SELECT *, asked AS day
    FROM read_parquet('{data}/erp/quotations.parquet')
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, '' AS location,
       100.0 * CAST(sum(won_value_eur) AS DOUBLE) / CAST(sum(value_eur) FILTER (stage IN ('ordered', 'lost')) AS DOUBLE) AS value
FROM asked
GROUP BY period
ORDER BY period
