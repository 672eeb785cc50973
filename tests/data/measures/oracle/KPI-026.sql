-- KPI-026. Documents reviewed in time, of those due in the quarter
WITH asked AS (
    SELECT *, CAST(due AS DATE) AS day
    FROM read_csv('{data}/portal/document_reviews.csv', delim = ',', header = true, all_varchar = true)
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, '' AS location,
       100.0 * count(*) FILTER (in_time = 'true') / count(*) AS value
FROM asked
GROUP BY period
ORDER BY period
