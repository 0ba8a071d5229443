-- What bench.round holds: CPU per query and the ratios formed round by round.
\pset footer off
\echo
\echo 'Queries on 1 M customers: microseconds of backend CPU, and the ratio policy / hand-written WHERE'
SELECT q.name AS query, p.form,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY h.cpu_us)::numeric, 1) AS hand,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY p.cpu_us)::numeric, 1) AS policy,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY p.cpu_us / h.cpu_us)::numeric, 3) AS ratio,
    round(min(p.cpu_us / h.cpu_us), 3) AS min, round(max(p.cpu_us / h.cpu_us), 3) AS max
FROM bench.query AS q
JOIN bench.round AS p ON p.place = q.place AND p.variant = 'policy' AND p.round > 0
JOIN bench.round AS h ON h.place = q.place AND h.variant = 'hand' AND h.round = p.round AND h.form = p.form
GROUP BY q.place, q.name, p.form
ORDER BY q.place, p.form;
