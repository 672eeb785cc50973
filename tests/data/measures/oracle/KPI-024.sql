-- KPI-024. Audit programme kept: audits held in time, of those planned from 1 January to the end of the quarter
-- 2023 has no value: the data does not go back to its January.
WITH audits AS (
    SELECT CAST(planned_month AS DATE) AS planned, in_time = 'true' AS kept
    FROM read_csv('{data}/portal/audits.csv', delim = ',', header = true, all_varchar = true)
), ends AS (
    SELECT DISTINCT last_day(CAST(date_trunc('quarter', planned) AS DATE) + INTERVAL 2 MONTH) AS quarter_end
    FROM audits WHERE planned >= DATE '2024-01-01'
)
SELECT strftime(quarter_end, '%Y') || '-Q' || quarter(quarter_end) AS period, '' AS location,
       100.0 * count(*) FILTER (kept) / count(*) AS value
FROM ends JOIN audits ON planned <= quarter_end AND year(planned) = year(quarter_end)
GROUP BY quarter_end
ORDER BY period
