-- KPI-021. Critical stations with three qualified people, at the end of the quarter
-- The file is windows-1252; where numbers and days stand, latin-1 reads the same.
WITH asked AS (
    SELECT *, strptime(snapshot, '%d.%m.%Y') AS day
    FROM read_csv('{data}/hr/competence.csv', delim = ';', header = true, all_varchar = true, encoding = 'latin-1')
    WHERE critical = 'true'
)
SELECT strftime(day, '%Y') || '-Q' || quarter(day) AS period, coalesce(plant, '') AS location,
       100.0 * count(*) FILTER (CAST(qualified_level_3 AS INTEGER) >= 3) / count(*) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
