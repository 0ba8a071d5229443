-- What bench.round holds: CPU per order and the ratios formed round by round; and what the log takes.
\pset footer off
\echo
\echo 'Order of 3 lines: microseconds of backend CPU per order'
SELECT variant, count(*) AS rounds, round(min(cpu_us)) AS min, round(percentile_cont(0.5) WITHIN GROUP
    (ORDER BY cpu_us)::numeric) AS median, round(max(cpu_us)) AS max
FROM bench.round WHERE round > 0 GROUP BY variant ORDER BY min(cpu_us);

\echo 'Ratios, formed round by round'
SELECT r.variant || ' / ' || b.variant AS ratio, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.cpu_us / b.cpu_us)::numeric, 2)
    AS median, round(min(r.cpu_us / b.cpu_us), 2) AS min, round(max(r.cpu_us / b.cpu_us), 2) AS max
FROM bench.round AS r JOIN bench.round AS b USING (round)
WHERE round > 0 AND (r.variant, b.variant) IN (('unaudited', 'bare'), ('audited', 'bare'), ('audited', 'unaudited'))
GROUP BY 1 ORDER BY 2;

\echo 'Space of the log, in bytes an entry (each order has four)'
SELECT count(*) AS entries, pg_table_size('crm.audit_log') / count(*) AS in_the_table,
    pg_indexes_size('crm.audit_log') / count(*) AS in_its_indexes
FROM crm.audit_log;
