-- KPI-016. Energy for a machine hour: electricity and gas less offices, by booked machine hours
-- Machine hours stand with electricity only. `energy` is the table of {data}/cmms/cmms.sqlite, laid beside this query.
WITH asked AS (
    SELECT *, CAST(month_end AS DATE) AS day
    FROM energy
)
SELECT strftime(day, '%Y-%m') AS period, coalesce(plant, '') AS location,
       CAST(sum(kwh) FILTER (carrier IN ('electricity', 'gas')) AS DOUBLE)
           / sum(machine_hours) FILTER (carrier = 'electricity') AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
