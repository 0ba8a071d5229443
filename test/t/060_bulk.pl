# Statements of many rows after one of a single row in the same session: the work a row stays the same from
# 1,000 to 100,000 rows. Work is counted in the blocks that all tables of the schema were asked for, which is
# the same on any machine; the backend's CPU time is printed and bounded loosely, for work that touches no block.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $DB = 'crm_bulk';
my @SIZES = (1_000, 10_000, 100_000);
my $LINES = 5;    # of an order

# Without autovacuum, whose reading would be counted as well.
my $node = crm_node('bulk', conf => "autovacuum = off\nmax_wal_size = 4GB\nshared_buffers = 256MB\n");
crm_database($node, $DB);

$node->safe_psql($DB, <<'SQL');
CREATE SCHEMA bulk;
CREATE TABLE bulk.result (what text, size bigint, done bigint, blocks numeric, cpu_us numeric, ms numeric);
CREATE FUNCTION bulk.blocks() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))
    FROM pg_statio_all_tables WHERE schemaname IN ('crm', 'crm_state')
$$;
CREATE FUNCTION bulk.cpu_us() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000
$$;
SQL

# Turns a statement into psql commands that measure it for each size. %n is the size, %o the number of orders that
# so many lines are spread over, %f and %t the first and last of them.
sub measured
{
	my ($what, $statement) = @_;
	my $script = '';

	foreach my $size (@SIZES)
	{
		my ($orders, $first) = (int(($size + $LINES - 1) / $LINES), 2 * $size);
		my %value = (n => $size, o => $orders, f => $first + 1, t => $first + $orders);
		(my $sql = $statement) =~ s/%([noft])/$value{$1}/g;
		$script .= <<"PSQL";
SELECT bulk.cpu_us() AS cpu, bulk.blocks() AS blocks, extract(epoch FROM clock_timestamp()) AS clock \\gset
$sql;
\\set done :ROW_COUNT
SELECT pg_stat_force_next_flush();
INSERT INTO bulk.result SELECT '$what', $size, :done, bulk.blocks() - :blocks, bulk.cpu_us() - :cpu,
    (extract(epoch FROM clock_timestamp()) - :clock) * 1000;
PSQL
	}
	return $script;
}

# ---------------------------------------------------------------------------------------------
# All statements in one session, each size on a set of orders of its own
# ---------------------------------------------------------------------------------------------

# Orders and products of a set have the keys 2 * size + 1 and following.
my $orders_of_set = 'sales_order_id BETWEEN %f AND %t';
my $insert_lines = <<'SQL';
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity)
SELECT %f + n % %o, 1 + n / %o, %n * 2 + 1 + (n * 7919::bigint) % %n, 1 + n % 3 FROM generate_series(0, %n - 1) AS n
SQL
my @SIZED = (
	[ 'insert products', <<'SQL' ],
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
SELECT %n * 2 + n, 'P' || %n * 2 + n, 'Product ' || n, 1, 'EUR', 1 + n % 100, 1000 + n % 2, 1000
FROM generate_series(1, %n) AS n
SQL
	[ 'insert orders', 'INSERT INTO crm.sales_order (sales_order_id, customer_id) SELECT n, 1 + n % 1000 FROM generate_series(%f, %t) AS n' ],
	[ 'insert lines', $insert_lines ],
	[ 'update quantity', "UPDATE crm.order_item SET quantity = quantity + 1 WHERE $orders_of_set" ],
	[ 'change all', <<"SQL" ],
UPDATE crm.order_item SET sales_order_id = %f + %t - sales_order_id, line_no = line_no + 10,
    product_id = %n * 5 + 1 - product_id, unit_price = unit_price + 1 WHERE $orders_of_set
SQL
	[ 'delete lines', "DELETE FROM crm.order_item WHERE $orders_of_set" ],
	[ 'insert again', $insert_lines ],
	[ 'confirm orders', "UPDATE crm.sales_order SET status = 'confirmed' WHERE $orders_of_set" ],
	[ 'cancel orders', "UPDATE crm.sales_order SET status = 'canceled' WHERE $orders_of_set" ],
	[ 'update stock', 'UPDATE crm.product SET stock_quantity = stock_quantity + product_id % 7 - 3 WHERE product_id BETWEEN %n * 2 + 1 AND %n * 3' ],
	[ 'update level', 'UPDATE crm.product SET reorder_level = 2005 - reorder_level WHERE product_id BETWEEN %n * 2 + 1 AND %n * 3' ],
	[ 'receive stock', "INSERT INTO crm.stock_movement (product_id, quantity, reason) SELECT %n * 2 + n, 10, 'purchase' FROM generate_series(1, %n) AS n" ]);

my $script = <<'SQL';
SET synchronous_commit = off;
SET jit = off;
INSERT INTO crm.customer (customer_id, last_name) SELECT n, 'Customer ' || n FROM generate_series(1, 1000) AS n;
INSERT INTO crm.product_category (product_category_id, name) VALUES (1, 'Goods');

-- One row of each kind first: whatever a session keeps of its first statement, it keeps of this one.
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
VALUES (1, 'P1', 'Product', 1, 'EUR', 1, 1000, 1000);
INSERT INTO crm.sales_order (sales_order_id, customer_id) VALUES (1, 1), (2, 1);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (1, 1, 1, 1);
INSERT INTO crm.order_item (sales_order_id, line_no, product_id, quantity) VALUES (1, 2, 1, 1);
UPDATE crm.order_item SET quantity = 2 WHERE sales_order_id = 1 AND line_no = 1;
UPDATE crm.order_item SET sales_order_id = 2 WHERE sales_order_id = 1 AND line_no = 1;
DELETE FROM crm.order_item WHERE sales_order_id = 1;
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = 2;
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 2;
UPDATE crm.product SET stock_quantity = 999 WHERE product_id = 1;
UPDATE crm.product SET reorder_level = 0 WHERE product_id = 1;
INSERT INTO crm.stock_movement (product_id, quantity, reason) VALUES (1, 1, 'purchase');
SQL
$script .= measured(@$_) . "VACUUM;\n" foreach @SIZED;
$script .= "SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s*(\\d+ kB)');\n";
note 'most memory that the backend held, shared buffers included: ' . (split /\n/, $node->safe_psql($DB, $script))[-1];

# ---------------------------------------------------------------------------------------------
# What it cost
# ---------------------------------------------------------------------------------------------

my %cost;
foreach my $line (split /\n/, $node->safe_psql($DB, 'SELECT * FROM bulk.result'))
{
	my ($what, $size, $done, $blocks, $cpu, $ms) = split /\|/, $line;
	$cost{$what}{$size} = { done => $done, blocks => $blocks / $done, cpu => $cpu / $done, ms => $ms };
}
foreach my $part (@SIZED)
{
	my $of = $cost{ $part->[0] };
	my ($small, $large) = @$of{ @SIZES[ 1, 2 ] };

	note sprintf('%-16s %s', $part->[0], join ' | ',
		map { sprintf('%d rows: %.1f blocks, %.1f us a row, %.0f ms', @{ $of->{$_} }{qw(done blocks cpu ms)}) } @SIZES);
	cmp_ok($large->{done}, '>=', 5 * $small->{done}, "$part->[0]: wrote what was asked for");
	cmp_ok($large->{blocks}, '<=', 1.5 * $small->{blocks} + 1, "$part->[0]: as many blocks a row for 100,000 rows as for 10,000");
	cmp_ok($large->{cpu}, '<=', 5 * $small->{cpu}, "$part->[0]: at most five times the CPU a row");
}

is($node->safe_psql($DB, slurp_file('test/twin/orders.sql') . "\nSELECT * FROM order_difference;"), '',
	'totals, stock, alerts, histories and events are as recomputed');
no_verify_difference($node, $DB, 'crm.verify() finds nothing');

$node->stop;
done_testing();
