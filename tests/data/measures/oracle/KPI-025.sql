-- KPI-025. Risk actions done in time, of those due in the quarter
WITH asked AS (
    SELECT *, CAST(due AS DATE) AS day
    FROM read_csv('{data}/portal/risk_actions.csv', delim = ',', header = true, all_varchar = true)
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, '' AS location,
       100.0 * count(*) FILTER (in_time = 'true') / count(*) AS value
FROM asked
GROUP BY period
ORDER BY period
