-- What bench.round holds: CPU per query and the ratios formed round by round.
\pset footer off
\echo
\echo 'Queries on 1 M customers: microseconds of backend CPU, and the ratio policy / hand-written WHERE'
SELECT q.name AS query, min(p.digest) AS rows,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY h.cpu_us)::numeric, 1) AS hand,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY p.cpu_us)::numeric, 1) AS policy,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY p.cpu_us / h.cpu_us)::numeric, 3) AS ratio,
    round(min(p.cpu_us / h.cpu_us), 3) AS min, round(max(p.cpu_us / h.cpu_us), 3) AS max
FROM bench.query AS q
JOIN bench.round AS p ON p.place = q.place AND p.variant = 'policy' AND p.round > 0
JOIN bench.round AS h ON h.place = q.place AND h.variant = 'hand' AND h.round = p.round
GROUP BY q.place, q.name
ORDER BY q.place;

\echo 'Queries whose two forms did not return the same number of rows (must be none)'
SELECT DISTINCT q.name, p.digest AS policy, h.digest AS hand
FROM bench.query AS q
JOIN bench.round AS p ON p.place = q.place AND p.variant = 'policy'
JOIN bench.round AS h ON h.place = q.place AND h.variant = 'hand'
WHERE p.digest <> h.digest;
