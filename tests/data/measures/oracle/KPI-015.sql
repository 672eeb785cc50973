-- KPI-015. Overall equipment effectiveness: hours that the good parts need at ideal speed, of planned hours
-- Lathes, mills, grinders and honing machines; furnaces and the cleaning line do not count.
WITH asked AS (
    SELECT *
    FROM read_parquet('{data}/mes/machine_hours.parquet')
    WHERE regexp_matches(machine, '^[LMGH][0-9]+$')
)
SELECT strftime(day, '%G-W%V') AS period, coalesce(plant, '') AS location,
       100.0 * CAST(sum(ideal_h_good) AS DOUBLE) / CAST(sum(planned_h) AS DOUBLE) AS value
FROM asked
GROUP BY GROUPING SETS ((period, plant), (period))
ORDER BY period, location
