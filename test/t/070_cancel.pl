# Canceling long work: statement_timeout and pg_cancel_backend() take effect within a second wherever the C code
# happens to be, the session goes on afterwards, and neither a lock nor half of anything stays behind.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use CrmTest;

my $DB = 'crm_cancel';
my $PATIENCE = 1;    # seconds
my $LINES = is_slow() ? 500_000 : 150_000;
my $CHAIN = 100_000;
my $CUSTOMERS = is_slow() ? 200_000 : 80_000;
my $ITEMS = is_slow() ? 1_000_000 : 500_000;

my $node = crm_node('cancel', conf => "max_wal_size = 4GB\nshared_buffers = 256MB\nautovacuum = off\n");
crm_database($node, $DB);

# ---------------------------------------------------------------------------------------------
# Work for a while, written past the triggers but as they would have written it
# ---------------------------------------------------------------------------------------------

my $start = time();
my $file = $node->basedir . '/customers.csv';
$node->safe_psql($DB, <<"SQL");
SET synchronous_commit = off;
INSERT INTO crm.customer (customer_id, last_name) VALUES (1, 'Customer');
INSERT INTO crm.product_category (product_category_id, name) VALUES (1, 'Goods');
SET session_replication_role = replica;
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity)
SELECT n, 'P' || n, 'Product ' || n, 1, 'EUR', 2, 1000000 - $LINES / 1000 FROM generate_series(1, 1000) AS n;
INSERT INTO crm.stock_movement (product_id, quantity, reason) SELECT n, 1000000, 'opening' FROM generate_series(1, 1000) AS n;
INSERT INTO crm.sales_order (sales_order_id, customer_id, currency_code, fx_rate_to_base, total_amount, total_base,
    line_count)
SELECT n, 1, 'EUR', 1, 10, 10, 5 FROM generate_series(1, $LINES / 5) AS n;
INSERT INTO crm.order_item (customer_id, sales_order_id, line_no, product_id, product_name, quantity, unit_price, line_base)
SELECT 1, 1 + n / 5, 1 + n % 5, 1 + n % 1000, 'Product', 1, 2, 2 FROM generate_series(0, $LINES - 1) AS n;
INSERT INTO crm.stock_movement (product_id, quantity, reason, sales_order_id, line_no)
SELECT product_id, -1, 'sale', sales_order_id, line_no FROM crm.order_item;
UPDATE crm.customer_metrics SET (first_order_at, last_order_at, order_count, order_day_count, net_revenue, average_order_value) =
    (SELECT min(o.order_date), max(o.order_date), count(*), 1, 10 * count(*), 10 FROM crm.sales_order AS o)
WHERE customer_id = 1;
INSERT INTO crm.region (region_id, name, parent_region_id)
SELECT n, 'Region ' || n, nullif(n - 1, 0) FROM generate_series(1, $CHAIN) AS n;
RESET session_replication_role;
SELECT setval(pg_get_serial_sequence('crm.sales_order', 'sales_order_id'), $LINES);

CREATE SCHEMA work;
CREATE TABLE work.items AS
SELECT jsonb_agg(jsonb_build_object('product_id', 1 + n % 1000, 'quantity', 1)) AS items FROM generate_series(1, $ITEMS) AS n;
COPY (SELECT n, 'Last ' || n, 'XX' FROM generate_series(2, $CUSTOMERS) AS n) TO '$file';
VACUUM ANALYZE;
SQL
note sprintf('setup: %.1f s', time() - $start);

# What must be the same after each attempt.
my $STATE = <<'SQL';
SELECT (SELECT concat_ws(' ', count(*), sum(quantity), sum(line_total), sum(product_id)) FROM crm.order_item),
    (SELECT concat_ws(' ', count(*), sum(total_amount), count(*) FILTER (WHERE status = 'pending')) FROM crm.sales_order),
    (SELECT concat_ws(' ', count(*), sum(quantity)) FROM crm.stock_movement),
    (SELECT concat_ws(' ', count(*), sum(stock_quantity)) FROM crm.product),
    (SELECT concat_ws(' ', count(*), sum(parent_region_id)) FROM crm.region),
    (SELECT count(*) FROM crm.customer), (SELECT count(*) FROM crm.customer_metrics),
    (SELECT count(*) FROM crm.event), (SELECT count(*) FROM crm.order_status_history)
SQL
my $before = $node->safe_psql($DB, $STATE);
no_verify_difference($node, $DB, 'the work is laid out as the triggers would have done it');

# ---------------------------------------------------------------------------------------------
# Interrupting
# ---------------------------------------------------------------------------------------------

# What a session does after it was interrupted: its own locks, then a piece of the same kind of work.
my $AFTERWARDS = <<'SQL';
SELECT 'locks', count(*) FROM pg_locks
WHERE pid = pg_backend_pid() AND (locktype IN ('tuple', 'transactionid', 'advisory')
    OR (locktype = 'relation' AND relation::regclass::text LIKE 'crm%'));
BEGIN;
INSERT INTO crm.order_item (sales_order_id, product_id, quantity) VALUES (1, 1, 3);
UPDATE crm.sales_order SET status = 'canceled' WHERE sales_order_id = 1;
INSERT INTO crm.region (region_id, name, parent_region_id) VALUES (999999, 'One more', 1);
INSERT INTO crm.customer (customer_id, last_name) VALUES (999999, 'One more');
SELECT 'works', o.status, o.total_amount, p.stock_quantity FROM crm.sales_order AS o CROSS JOIN crm.product AS p
WHERE o.sales_order_id = 1 AND p.product_id = 1;
ROLLBACK;
SQL
my $WORKS = "locks|0\nworks|canceled|16.0000|" . (1_000_000 - $LINES / 1000 + 1);

# Starts a session that runs a statement, and then what comes afterwards.
sub start_work
{
	my ($database, $sql, $afterwards) = @_;
	my %job = (output => '', errors => '');
	my $script = <<"PSQL";
SELECT extract(epoch FROM clock_timestamp()) AS started \\gset
$sql;
\\set outcome :LAST_ERROR_SQLSTATE
SELECT 'outcome', :'outcome', :started, extract(epoch FROM clock_timestamp());
$afterwards
PSQL
	my $path = $node->basedir . '/work.sql';
	unlink $path;
	append_to_file($path, $script);
	local $ENV{PGAPPNAME} = 'work';
	$job{run} = IPC::Run::start([ $node->installed_command('psql'), '-XqAt', '-d', $node->connstr($database), '-f', $path ],
		'<', '/dev/null', '>', \$job{output}, '2>', \$job{errors});
	return \%job;
}

# Passes if the statement of a job ended with 57014 within the time, and the session went on.
sub ended_well
{
	my ($job, $interrupted_at, $works, $name) = @_;

	IPC::Run::finish($job->{run});
	my ($code, $started, $ended) = $job->{output} =~ /^outcome\|(\w*)\|([\d.]+)\|([\d.]+)$/m;
	is($code, '57014', "$name: it was interrupted") or diag $job->{output}, $job->{errors};
	$interrupted_at = $started + $interrupted_at if $interrupted_at < 1_000_000;
	my $delay = $ended - $interrupted_at;
	note sprintf('%s: %.0f ms after the interrupt, %.1f s after its start', $name, 1000 * $delay, $ended - $started);
	cmp_ok($delay, '<', $PATIENCE, "$name: within a second");
	(my $rest = $job->{output}) =~ s/^outcome.*\n//m;
	$rest =~ s/\s+\z//;
	is($rest, $works, "$name: the session goes on");
	return;
}

# Interrupts a statement by statement_timeout, in seconds.
sub times_out
{
	my ($name, $seconds, $sql, %option) = @_;
	my $job = start_work($option{database} // $DB, "SET statement_timeout = '${seconds}s';\n$sql",
		"RESET statement_timeout;\n" . ($option{afterwards} // $AFTERWARDS));

	ended_well($job, $seconds, $option{works} // $WORKS, "$name after $seconds s");
	return;
}

# Cancels a statement from outside, once the condition on its pid (the SQL expression, %s stands for it) is true.
sub canceled_when
{
	my ($name, $condition, $sql) = @_;
	my $job = start_work($DB, $sql, $AFTERWARDS);

	$condition =~ s/%s/(SELECT pid FROM pg_stat_activity WHERE application_name = 'work')/g;
	$node->poll_query_until($DB, "SELECT coalesce(($condition), false)") or die "never so: $condition";
	my ($at, $sent) = split /\|/, $node->safe_psql($DB, <<'SQL');
SELECT extract(epoch FROM clock_timestamp()), pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'work'
SQL
	is($sent, 't', "$name: the cancel was sent");
	ended_well($job, $at, $WORKS, $name);
	return;
}

# The condition that a backend writes a table already, or has run its statement for so many seconds.
sub writes
{
	return "EXISTS (SELECT FROM pg_locks WHERE pid = %s AND relation = '$_[0]'::regclass AND mode = 'RowExclusiveLock')";
}

sub runs_for
{
	return "SELECT state = 'active' AND clock_timestamp() - query_start > '$_[0] s' FROM pg_stat_activity WHERE pid = %s";
}

# Passes if nothing changed since the beginning.
sub unchanged
{
	my ($name) = @_;

	is($node->safe_psql($DB, $STATE), $before, "$name: nothing was written");
	is($node->safe_psql($DB, "SELECT count(*) FROM pg_locks WHERE locktype IN ('tuple', 'advisory')"), '0',
		"$name: no lock is left");
	return;
}

# Lines: while rows are filled, while orders get their totals, while the stock is booked
my $update = 'UPDATE crm.order_item SET quantity = quantity + 1';
times_out('UPDATE of lines', 0.3, $update);
canceled_when('UPDATE of lines, filling', runs_for(0.4), $update);
canceled_when('UPDATE of lines, totals', writes('crm.sales_order'), $update);
canceled_when('UPDATE of lines, ledger', writes('crm.stock_movement'), $update) if is_slow();
if (is_slow())
{
	# At twenty points of its way, measured in a run of its own
	my ($seconds) = $node->safe_psql($DB, <<"SQL") =~ /^took ([\d.]+)$/m;
SELECT extract(epoch FROM clock_timestamp()) AS started \\gset
BEGIN;
$update;
ROLLBACK;
SELECT 'took ' || extract(epoch FROM clock_timestamp()) - :started;
SQL
	note sprintf('UPDATE of lines: %.1f s to its end', $seconds);
	times_out('UPDATE of lines', sprintf('%.1f', $seconds * 0.75 * $_ / 20), $update) foreach 1 .. 20;
}
unchanged('UPDATE of lines');

# Orders: moved and given back
my $cancel = "UPDATE crm.sales_order SET status = 'canceled'";
times_out('cancel of orders', 0.2, $cancel);
canceled_when('cancel of orders, stock', writes('crm.product'), $cancel);
canceled_when('cancel of orders, events', writes('crm.event'), $cancel) if is_slow();
unchanged('cancel of orders');

# Customers by COPY: while rows are filled, while metrics are written
my $copy = "COPY crm.customer (customer_id, last_name, country_code) FROM '$file'";
times_out('COPY of customers', 0.3, $copy);
canceled_when('COPY of customers, metrics', writes('crm.customer_metrics'), $copy);
unchanged('COPY of customers');

# Items of an order as JSON
times_out('items of an order', 0.2, 'SELECT count(*) FROM work.items AS i CROSS JOIN LATERAL crm._order_lines(i.items)');
times_out('placing an order', 0.7, 'SELECT crm.place_order(1, i.items) FROM work.items AS i');
unchanged('items of an order');

# Trees: half of a long chain is hung up anew, each row a way of up to 100,000 steps to the top
times_out('tree check', 1, "UPDATE crm.region SET parent_region_id = parent_region_id - 1 WHERE region_id > $CHAIN / 2");
canceled_when('tree check', runs_for(1), "UPDATE crm.region SET parent_region_id = parent_region_id - 1 WHERE region_id > $CHAIN / 2");
unchanged('tree check');
# One such way is walked to its end, and a cycle of that length is found.
is($node->safe_psql($DB, <<"SQL"), "moved\nRM016", 'a way of 100,000 steps');
SET statement_timeout = '60s';
BEGIN;
UPDATE crm.region SET parent_region_id = $CHAIN - 5 WHERE region_id = $CHAIN;
SELECT 'moved';
\\set ON_ERROR_STOP 0
UPDATE crm.region SET parent_region_id = $CHAIN WHERE region_id = 1;
\\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SQL

# Installing: all or nothing
$node->safe_psql('postgres', 'CREATE DATABASE crm_fresh');
my $INSTALLED = <<'SQL';
RESET client_min_messages;
SELECT 'locks', count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('tuple', 'transactionid', 'advisory');
SELECT 'tables', count(*) FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'crm%' AND relkind = 'r';
SQL
foreach my $seconds (0.02, 0.05, 0.1)
{
	times_out('CREATE EXTENSION', $seconds, 'CREATE EXTENSION crm',
		database => 'crm_fresh', afterwards => $INSTALLED, works => "locks|0\ntables|0");
}
$node->safe_psql('crm_fresh', 'SET crm.install = off; CREATE EXTENSION crm');
times_out('crm.install()', 0.05, 'SELECT crm.install()',
	database => 'crm_fresh', afterwards => $INSTALLED, works => "locks|0\ntables|0");
is($node->safe_psql('crm_fresh', 'SELECT crm.install(); SELECT count(*) FROM crm.verify()'), "t\n0", 'then it installs');

no_verify_difference($node, $DB, 'after all, crm.verify() finds nothing');
is(scalar(() = slurp_file($node->logfile) =~ /(?:PANIC|FATAL): |TRAP:|terminated by signal|WARNING: /g), 0, 'no crash, no leak');

$node->stop;
done_testing();
