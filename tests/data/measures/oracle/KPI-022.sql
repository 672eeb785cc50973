-- KPI-022. Staff turnover: who left by their own wish in the last twelve months, of the mean headcount at their ends
-- The file is windows-1252; where numbers and days stand, latin-1 reads the same.
-- A quarter counts when all twelve months up to its end are there.
WITH months AS (
    SELECT CAST(strptime(month_end, '%d.%m.%Y') AS DATE) AS month_end, plant,
           CAST(replace(headcount, ',', '.') AS DECIMAL(8, 1)) AS people, CAST(left_by_own_wish AS INTEGER) AS leavers
    FROM read_csv('{data}/hr/headcount.csv', delim = ';', header = true, all_varchar = true, encoding = 'latin-1')
), places AS (
    SELECT month_end, plant AS location, people, leavers FROM months
    UNION ALL
    SELECT month_end, '', sum(people), sum(leavers) FROM months GROUP BY month_end
), ends AS (
    SELECT DISTINCT month_end FROM months WHERE month(month_end) IN (3, 6, 9, 12)
)
SELECT strftime(ends.month_end, '%Y') || '-Q' || quarter(ends.month_end) AS period, location,
       100.0 * sum(leavers) / (CAST(sum(people) AS DOUBLE) / 12) AS value
FROM ends JOIN places
    ON places.month_end <= ends.month_end AND places.month_end > last_day(ends.month_end - INTERVAL 12 MONTH)
GROUP BY ends.month_end, location
HAVING count(*) = 12
ORDER BY period, location
