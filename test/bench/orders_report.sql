-- What bench.round holds: CPU per order and the ratios formed round by round.
\pset footer off
\echo
\echo 'Order of 3 lines: microseconds of backend CPU per order'
SELECT variant, count(*) AS rounds, round(min(cpu_us)) AS min, round(percentile_cont(0.5) WITHIN GROUP
    (ORDER BY cpu_us)::numeric) AS median, round(max(cpu_us)) AS max
FROM bench.round WHERE round > 0 GROUP BY variant ORDER BY min(cpu_us);

\echo 'Ratio of the triggers, formed round by round'
SELECT 'crm / ' || b.variant AS ratio, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY c.cpu_us / b.cpu_us)::numeric, 2)
    AS median, round(min(c.cpu_us / b.cpu_us), 2) AS min, round(max(c.cpu_us / b.cpu_us), 2) AS max
FROM bench.round AS c JOIN bench.round AS b USING (round)
WHERE c.variant = 'crm' AND b.variant <> 'crm' AND round > 0 GROUP BY b.variant ORDER BY b.variant;
