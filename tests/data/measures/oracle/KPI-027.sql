-- KPI-027. Objectives on course: with at least nine tenths of the progress due, of all objectives
WITH asked AS (
    SELECT *, CAST(quarter_end AS DATE) AS day
    FROM read_csv('{data}/portal/objective_reviews.csv', delim = ',', header = true, all_varchar = true)
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, '' AS location,
       100.0 * count(*) FILTER (CAST(progress AS INTEGER) * 10 >= 9 * CAST(progress_due AS INTEGER)) / count(*) AS value
FROM asked
GROUP BY period
ORDER BY period
