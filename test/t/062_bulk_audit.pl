# The audit of statements of up to 50,000 rows (100,000 in the slow run) after one of a single row in the same
# session: the work a row stays the same (see CrmBulk.pm), every row is logged, and the memory that it takes has a
# bound, whatever the number and length of the values (a million rows in the slow run).
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;
use CrmBulk;

my $SET = 'customer_id BETWEEN %n * 10 + 1 AND %n * 11';
my $node = bulk_node('audit');

stays_linear($node, <<'SQL',
INSERT INTO crm.region (region_id, name) VALUES (1, 'Here');
INSERT INTO crm.customer (customer_id, last_name, region_id) VALUES (1, 'One', 1);
UPDATE crm.customer SET last_name = 'First', custom = '{"a": 1}' WHERE customer_id = 1;
DELETE FROM crm.customer WHERE customer_id = 1;
SQL
	[ 'insert', <<'SQL' ],
INSERT INTO crm.customer (customer_id, last_name, region_id, email, custom)
SELECT n, 'Customer ' || n, 1, 'c' || n || '@example.org', '{"size": 7}' FROM generate_series(%n * 10 + 1, %n * 11) AS n
SQL
	[ 'update', "UPDATE crm.customer SET last_name = 'Changed ' || customer_id, custom = '{\"size\": 8}' WHERE $SET" ],
	[ 'update nothing', "UPDATE crm.customer SET last_name = last_name WHERE $SET" ],
	[ 'delete', "DELETE FROM crm.customer WHERE $SET" ]);

is($node->safe_psql('audit', <<'SQL'), '', 'every row that was written is logged once, with its key and its values');
WITH wanted AS (
    SELECT r.size, v.operation, r.size * 10 + n AS customer_id FROM (SELECT DISTINCT size FROM bulk.result) AS r
    CROSS JOIN LATERAL generate_series(1, r.size) AS n
    CROSS JOIN (VALUES ('insert'), ('update'), ('delete')) AS v (operation)
)
SELECT w.operation, w.customer_id, l.audit_log_id
FROM wanted AS w
FULL JOIN (
    SELECT l.* FROM crm.audit_log AS l WHERE l.table_name = 'customer' AND l.row_id > 1
) AS l ON l.row_id = w.customer_id AND l.operation = w.operation
WHERE l.audit_log_id IS NULL OR w.customer_id IS NULL OR l.customer_id <> w.customer_id
    OR l.old_values ->> 'last_name' <> CASE w.operation WHEN 'update' THEN 'Customer ' ELSE 'Changed ' END || w.customer_id
    OR l.new_values ->> 'last_name' <> CASE w.operation WHEN 'update' THEN 'Changed ' ELSE 'Customer ' END || w.customer_id
LIMIT 5
SQL

# A hundred thousand rows in one UPDATE (a million in the slow run): the work a row is that of a tenth of them, and
# the values logged are many times what the backend may take at its peak.
my $rows = is_slow() ? 1_000_000 : 100_000;
$node->append_conf('postgresql.conf', "shared_buffers = 16MB\nwork_mem = 4MB\n");
$node->restart;
$node->safe_psql('audit', <<"SQL");
CREATE TABLE bulk.wide (wide_id bigint PRIMARY KEY, note text);
INSERT INTO bulk.wide SELECT n, md5(n::text) FROM generate_series(1, 1.1 * $rows) AS n;
CREATE TRIGGER wide_audit AFTER UPDATE ON bulk.wide REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION crm._audit();
SQL
my $measure = <<'SQL';
SELECT pg_stat_force_next_flush();
SELECT bulk.cpu_us() - :cpu, bulk.blocks() - :blocks, substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+) kB');
SELECT bulk.cpu_us() AS cpu, bulk.blocks() AS blocks \gset
SQL
my @runs = map { [ split /\|/ ] } grep { /\|/ } split /\n/, $node->safe_psql('audit', <<"SQL");
UPDATE bulk.wide SET note = repeat(note, 2) WHERE wide_id = 1;
SELECT bulk.cpu_us() AS cpu, bulk.blocks() AS blocks \\gset
UPDATE bulk.wide SET note = repeat(note, 100) WHERE wide_id > $rows;
$measure
UPDATE bulk.wide SET note = repeat(note, 100) WHERE wide_id <= $rows;
$measure
SQL
my ($few, $many) = @runs;
my ($entries, $length) = split /\|/, $node->safe_psql('audit',
	"SELECT count(*), sum(length(new_values ->> 'note')) / 1024 FROM crm.audit_log WHERE table_name = 'bulk.wide'");
is($entries, 1.1 * $rows + 1, "$rows rows of a table of a user's own are logged, under its full name");
note sprintf('%d rows: %.1f blocks, %.1f us a row | %d rows: %.1f blocks, %.1f us a row', $rows / 10, $few->[1] / $rows * 10,
	$few->[0] / $rows * 10, $rows, $many->[1] / $rows, $many->[0] / $rows);
cmp_ok($many->[1], '<=', 1.5 * 10 * $few->[1], 'as many blocks a row for many rows as for few');
cmp_ok($many->[0], '<=', 5 * 10 * $few->[0], 'at most five times the CPU a row');
note "values of $length kB; peak memory $few->[2] kB, then $many->[2] kB";
cmp_ok($many->[2], '<', 100_000, 'the memory of the audit has a bound');
cmp_ok($length, '>', 3 * 100_000, 'which its values exceed by far');

$node->stop;
done_testing();
