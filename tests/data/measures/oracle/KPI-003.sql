-- KPI-003. Customer satisfaction: mean of the answers of the quarter, each weighted by its share of sales
-- The file is windows-1252; where numbers and days stand, latin-1 reads the same.
WITH asked AS (
    SELECT *, strptime(called, '%d.%m.%Y') AS day
    FROM read_csv('{data}/surveys/customer_calls.csv', delim = ';', header = true, all_varchar = true, encoding = 'latin-1')
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, '' AS location,
       CAST(sum(CAST(replace(weighted_score, ',', '.') AS DECIMAL(12, 1))) AS DOUBLE)
           / CAST(sum(CAST(replace(weight, ',', '.') AS DECIMAL(12, 1))) AS DOUBLE) AS value
FROM asked
GROUP BY period
ORDER BY period
