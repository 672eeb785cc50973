-- KPI-010. Stock turns: cost of goods sold in the last twelve months, by the mean of the stock at their ends
-- A quarter counts when all twelve months up to its end are there.
WITH months AS (
    SELECT month_end, plant, sum(stock_value_eur) AS stock, sum(cost_of_goods_sold_eur) AS sold
    FROM read_parquet('{data}/erp/stock.parquet')
    GROUP BY month_end, plant
), places AS (
    SELECT month_end, plant AS location, stock, sold FROM months
    UNION ALL
    SELECT month_end, '', sum(stock), sum(sold) FROM months GROUP BY month_end
), ends AS (
    SELECT DISTINCT month_end FROM months WHERE month(month_end) IN (3, 6, 9, 12)
)
SELECT strftime(ends.month_end, '%Y') || '-Q' || quarter(ends.month_end) AS period, location,
       CAST(sum(sold) AS DOUBLE) / (CAST(sum(stock) AS DOUBLE) / 12) AS value
FROM ends JOIN places
    ON places.month_end <= ends.month_end AND places.month_end > last_day(ends.month_end - INTERVAL 12 MONTH)
GROUP BY ends.month_end, location
HAVING count(*) = 12
ORDER BY period, location
