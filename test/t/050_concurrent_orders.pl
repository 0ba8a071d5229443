# Eight clients that order, cancel, return and receive at the same time: no deadlock, no error but those that
# a shop expects, and stock and totals that are right to the unit afterwards. 10,000 orders, in the slow run
# 80,000. test/twin/orders.sql is the oracle beside crm.verify().
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use CrmTest;

my $CLIENTS = 8;
my $PRODUCTS = 20;
my $ORDERS = is_slow() ? 80_000 : 10_000;
my $SEED = $ENV{CRM_SEED} // 20111209;
my $DB = 'crm_concurrent';

my $node = crm_node('concurrent', conf => "deadlock_timeout = 100ms\n");
crm_database($node, $DB);
note "seed $SEED, $ORDERS orders";

# ---------------------------------------------------------------------------------------------
# The shop: products 1 to 10 are scarce, 11 to 20 never run out
# ---------------------------------------------------------------------------------------------

$node->safe_psql($DB, <<"SQL");
INSERT INTO crm.customer (customer_id, last_name) SELECT n, 'Customer ' || n FROM generate_series(1, 50) AS n;
INSERT INTO crm.product_category (product_category_id, name) VALUES (1, 'Goods');
INSERT INTO crm.product (product_id, sku, name, product_category_id, currency_code, price, stock_quantity, reorder_level)
SELECT n, 'P' || n, 'Product ' || n, 1, 'EUR', n * 1.37, CASE WHEN n <= 10 THEN 200 ELSE 100000000 END, n * 5
FROM generate_series(1, $PRODUCTS) AS n;

CREATE SCHEMA shop;
CREATE UNLOGGED TABLE shop.outcome (what text, code text, message text, sales_order_id bigint);

-- Runs a statement that returns the key of an order, and notes what came of it.
CREATE FUNCTION shop.attempt(what text, statement text) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
    order_id bigint;
BEGIN
    EXECUTE statement INTO order_id;
    INSERT INTO shop.outcome VALUES (what, 'ok', NULL, order_id);
EXCEPTION WHEN OTHERS THEN
    INSERT INTO shop.outcome VALUES (what, SQLSTATE, SQLERRM, NULL);
END \$\$;

-- Two ways of placing one basket; the products come in the order in which the customer chose them.
CREATE FUNCTION shop.place(customer integer, a integer, b integer, c integer, units integer) RETURNS void
LANGUAGE sql AS \$\$
    SELECT shop.attempt('place', format('SELECT sales_order_id FROM crm.place_order(%s, %L)', customer,
        (SELECT jsonb_agg(jsonb_build_object('product_id', p, 'quantity', units)) FROM unnest(ARRAY[a, b, c]) AS p)))
\$\$;
CREATE FUNCTION shop.add(customer integer, a integer, b integer, c integer, units integer) RETURNS void
LANGUAGE sql AS \$\$
    SELECT shop.attempt('insert', format(
        'WITH o AS (INSERT INTO crm.sales_order (customer_id) VALUES (%1\$s) RETURNING sales_order_id), '
        'i AS (INSERT INTO crm.order_item (sales_order_id, product_id, quantity) '
        'SELECT o.sales_order_id, p, %5\$s FROM o, unnest(ARRAY[%2\$s, %3\$s, %4\$s]) AS p) '
        'SELECT sales_order_id FROM o', customer, a, b, c, units))
\$\$;

-- Something done to one of the latest orders, which somebody else may be doing something to.
CREATE FUNCTION shop.handle(dice integer) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
    target bigint;
BEGIN
    SELECT o.sales_order_id INTO target FROM crm.sales_order AS o WHERE o.order_kind = 'sale'
    ORDER BY o.sales_order_id DESC OFFSET floor(random() * 40) LIMIT 1;
    IF target IS NULL THEN
        RETURN;
    END IF;
    CASE
        WHEN dice <= 30 THEN
            PERFORM shop.attempt('cancel', format('SELECT sales_order_id FROM crm.cancel_order(%s)', target));
        WHEN dice <= 45 THEN
            SELECT o.sales_order_id INTO target FROM crm.sales_order AS o
            WHERE o.order_kind = 'sale' AND o.status IN ('confirmed', 'shipped', 'completed')
            ORDER BY o.sales_order_id DESC OFFSET floor(random() * 5) LIMIT 1;
            PERFORM shop.attempt('return', format('SELECT sales_order_id FROM crm.return_order(%s)', coalesce(target, 1)));
        WHEN dice <= 65 THEN
            PERFORM shop.attempt('add line', format('INSERT INTO crm.order_item (sales_order_id, line_no, product_id, '
                'quantity) VALUES (%s, %s, %s, 1) RETURNING sales_order_id', target, 10 + dice, 1 + dice % 20));
        WHEN dice <= 75 THEN
            PERFORM shop.attempt('change lines', format('UPDATE crm.order_item SET quantity = quantity + 1 '
                'WHERE sales_order_id = %s RETURNING sales_order_id', target));
        WHEN dice <= 80 THEN
            PERFORM shop.attempt('drop line', format('DELETE FROM crm.order_item WHERE sales_order_id = %s '
                'AND line_no = 1 RETURNING sales_order_id', target));
        ELSE
            PERFORM shop.attempt('move', format('UPDATE crm.sales_order SET status = %L WHERE sales_order_id = %s '
                'RETURNING sales_order_id', (ARRAY['confirmed', 'shipped', 'completed'])[1 + dice % 3], target));
    END CASE;
END \$\$;
SQL

# Returns a script of pgbench for the orders of a basket.
sub basket
{
	my ($from, @lines) = @_;
	return join("\n", "\\set c random(1, 50)",
		(map { "\\set $_ random($from, $PRODUCTS)" } qw(a b d)), "\\set q random(1, 3)", @lines);
}

# Weights: seven of ten are orders.
my %SCRIPTS = (
	'place@30' => basket(1, 'SELECT shop.place(:c, :a, :b, :d, :q);'),
	'add@15' => basket(1, 'SELECT shop.add(:c, :a, :b, :d, :q);'),
	# The statements of a client, without a function or a subtransaction around them
	'insert@25' => basket(11,
		'BEGIN;',
		'INSERT INTO crm.sales_order (customer_id) VALUES (:c) RETURNING sales_order_id \gset',
		'INSERT INTO crm.order_item (sales_order_id, product_id, quantity)',
		'VALUES (:sales_order_id, :a, :q), (:sales_order_id, :b, 1), (:sales_order_id, :d, :q);',
		'COMMIT;'),
	'handle@20' => "\\set dice random(1, 100)\nSELECT shop.handle(:dice);",
	'receive@10' => "\\set a random(1, 10)\n\\set q random(3, 18)\nSELECT FROM crm.receive_stock(:a, :q);");

# Runs the scripts in so many transactions a client.
my $day = 0;

sub shop_day
{
	my ($name, $transactions, %option) = @_;
	my $scripts = $option{scripts} // \%SCRIPTS;
	my $start = time();

	$day++;

	local $ENV{PGOPTIONS} = $option{options} // '';
	$node->pgbench("-n -c $CLIENTS -j 2 -t $transactions --random-seed=$SEED " . ($option{pgbench} // ''),
		0, $option{output} // [ qr/number of failed transactions: 0 / ], [ qr/^(?:pgbench: setting random seed to \d+\n)?$/ ],
		$name, { map { ("day_${day}_$_" => $scripts->{$_}) } keys %$scripts }, $DB);
	note sprintf('%s: %d transactions in %.1f s', $name, $CLIENTS * $transactions, time() - $start);
	return;
}

# Passes if nothing is wrong with stock, totals, alerts, histories and events.
sub all_is_right
{
	my ($name) = @_;

	is($node->safe_psql($DB, slurp_file('test/twin/orders.sql') . "\nSELECT * FROM order_difference;"), '',
		"$name: totals, stock, alerts, histories and returns are as recomputed");
	no_verify_difference($node, $DB, "$name: crm.verify() finds nothing");
	is($node->safe_psql($DB, <<'SQL'), '0|0', "$name: opening + received - sold + returned = stock, never below 0");
SELECT count(*) FILTER (WHERE p.stock_quantity < 0), count(*) FILTER (WHERE p.stock_quantity <>
    CASE WHEN p.product_id <= 10 THEN 200 ELSE 100000000 END
    + coalesce((SELECT sum(m.quantity) FROM crm.stock_movement AS m
        WHERE m.product_id = p.product_id AND m.reason = 'purchase'), 0)
    - coalesce((SELECT sum(CASE o.order_kind WHEN 'sale' THEN i.quantity ELSE -i.quantity END)
        FROM crm.order_item AS i JOIN crm.sales_order AS o USING (sales_order_id)
        WHERE i.product_id = p.product_id AND o.status <> 'canceled'), 0))
FROM crm.product AS p
SQL
	return;
}

# Passes if the only errors were those that the rules make.
sub only_expected
{
	my ($name) = @_;

	is($node->safe_psql($DB, <<'SQL'), '', "$name: no error but those of the rules, for orders none but RM001");
SELECT DISTINCT what, code, message FROM shop.outcome
WHERE NOT code = ANY (CASE
    WHEN what IN ('place', 'insert') THEN ARRAY['ok', 'RM001']
    -- Somebody else was faster: moved on, frozen, returned, the last line, the same number of a line.
    ELSE ARRAY['ok', 'RM001', 'RM002', 'RM012', 'RM013', 'RM014', '23505'] END)
SQL
	return;
}

shop_day('a day in the shop', int($ORDERS / $CLIENTS / 0.7 * 1.02) + 1);
all_is_right('after the day');

# ---------------------------------------------------------------------------------------------
# What came of it
# ---------------------------------------------------------------------------------------------

note $node->safe_psql($DB, <<'SQL');
SELECT format('%s: %s', what, string_agg(format('%s %s', code, n), ', ' ORDER BY code))
FROM (SELECT what, code, count(*) AS n FROM shop.outcome GROUP BY 1, 2) AS o GROUP BY what ORDER BY what
SQL
only_expected('after the day');
my ($placed, $refused, $raw, $canceled, $returned) = split /\|/, $node->safe_psql($DB, <<'SQL');
SELECT count(*) FILTER (WHERE what IN ('place', 'insert') AND code = 'ok'),
    count(*) FILTER (WHERE code = 'RM001'),
    (SELECT count(*) FROM crm.sales_order WHERE order_kind = 'sale')
        - count(*) FILTER (WHERE what IN ('place', 'insert') AND code = 'ok'),
    (SELECT count(*) FROM crm.sales_order WHERE order_kind = 'sale' AND status = 'canceled'),
    count(*) FILTER (WHERE what = 'return' AND code = 'ok')
FROM shop.outcome
SQL
note "$placed orders through functions, $raw by plain statements, $refused refused, $canceled canceled, $returned returned";
cmp_ok($placed + $raw + $refused, '>=', $ORDERS, "$ORDERS orders were tried");
cmp_ok($placed + $raw, '>=', $ORDERS / 2, 'at least half of them were placed');
cmp_ok($refused, '>=', 10, 'some found the shelf empty');
cmp_ok($canceled, '>=', 50, 'some were canceled');
cmp_ok($returned, '>=', 10, 'some were returned');
is($node->safe_psql($DB, <<'SQL'), '', 'what a client was told was placed is there, with all its lines');
SELECT o.sales_order_id FROM shop.outcome AS o
LEFT JOIN crm.sales_order AS s USING (sales_order_id)
WHERE o.what IN ('place', 'insert') AND o.code = 'ok' AND s.sales_order_id IS NULL
SQL

# ---------------------------------------------------------------------------------------------
# The same where triggers of a DBA turn off the writes below SPI
# ---------------------------------------------------------------------------------------------

$node->safe_psql($DB, <<'SQL');
CREATE FUNCTION shop.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER zz_dba AFTER UPDATE ON crm.product FOR EACH ROW EXECUTE FUNCTION shop.look();
CREATE TRIGGER zz_dba AFTER UPDATE ON crm.sales_order FOR EACH ROW EXECUTE FUNCTION shop.look();
CREATE TRIGGER zz_dba AFTER INSERT ON crm.stock_movement FOR EACH ROW EXECUTE FUNCTION shop.look();
SQL
shop_day('with triggers of a DBA', is_slow() ? 1000 : 150);
all_is_right('with triggers of a DBA');
only_expected('with triggers of a DBA');
$node->safe_psql($DB, 'DROP FUNCTION shop.look() CASCADE');

# ---------------------------------------------------------------------------------------------
# The same under REPEATABLE READ, where a client repeats what could not be serialized
# ---------------------------------------------------------------------------------------------

shop_day(
	'REPEATABLE READ',
	is_slow() ? 500 : 50,
	options => '-c default_transaction_isolation=repeatable\ read',
	pgbench => '--max-tries=1000',
	output => [ qr/number of failed transactions: 0 /, qr/number of transactions retried: [1-9]/ ],
	scripts => {
		insert => $SCRIPTS{'insert@25'},
		place => basket(11, 'SELECT FROM crm.place_order(:c, jsonb_build_array('
			  . join(', ', map { "jsonb_build_object('product_id', $_, 'quantity', :q)" } qw(:a :b :d)) . '));') });
all_is_right('REPEATABLE READ');

# ---------------------------------------------------------------------------------------------
# The log, and whether the oracles would have seen something
# ---------------------------------------------------------------------------------------------

my $log = slurp_file($node->logfile);
is(scalar(() = $log =~ /deadlock detected/g), 0, 'no deadlock');
is(scalar(() = $log =~ /(?:PANIC|FATAL): |TRAP:|terminated by signal/g), 0, 'no crash');
is(join("\n", grep { !/could not serialize access/ } $log =~ /ERROR:  (.*)/g), '', 'no other error in the server log');

foreach my $damage (
	[ 'a lost unit' => 'UPDATE crm.product SET stock_quantity = stock_quantity - 1 WHERE product_id = 7' ],
	[ 'a lost movement' => 'DELETE FROM crm.stock_movement WHERE stock_movement_id = '
		  . '(SELECT max(stock_movement_id) FROM crm.stock_movement)' ],
	[ 'a wrong total' => 'UPDATE crm.sales_order SET total_amount = total_amount + 1, total_base = total_base + 1 '
		  . 'WHERE sales_order_id = (SELECT min(sales_order_id) FROM crm.sales_order)' ],
	[ 'a lost line' => 'DELETE FROM crm.order_item WHERE (sales_order_id, line_no) = (SELECT sales_order_id, line_no '
		  . "FROM crm.order_item JOIN crm.sales_order USING (sales_order_id) WHERE status = 'shipped' LIMIT 1)" ],
	[ 'a lost alert' => 'DELETE FROM crm.stock_alert WHERE cleared_at IS NULL' ],
	[ 'a lost move' => 'DELETE FROM crm.order_status_history WHERE order_status_history_id = '
		  . '(SELECT max(order_status_history_id) FROM crm.order_status_history WHERE from_status <> \'pending\')' ])
{
	my ($name, $sql) = @$damage;
	like($node->safe_psql($DB, slurp_file('test/twin/orders.sql') . <<"SQL"), qr/^t\|t$/m, "both oracles see $name");
BEGIN;
UPDATE crm.product SET reorder_level = stock_quantity + 1 WHERE product_id = 3;
SET LOCAL session_replication_role = replica;
$sql;
SELECT count(*) > 0, (SELECT count(*) > 0 FROM crm.verify()) FROM order_difference;
ROLLBACK;
SQL
}

# ---------------------------------------------------------------------------------------------
# NOTIFY: once a statement, when an alert opens or closes and crm.notify is on
# ---------------------------------------------------------------------------------------------

my $notified = $node->safe_psql($DB, <<'SQL');
LISTEN crm_stock;
UPDATE crm.product SET reorder_level = 0;
SET crm.notify = on;
UPDATE crm.product SET reorder_level = stock_quantity + 1 WHERE product_id <= 3;
SELECT 'quiet' FROM crm.receive_stock(11, 1);
SELECT 'loud' FROM crm.receive_stock(1, 5);
RESET crm.notify;
UPDATE crm.product SET reorder_level = 0;
SQL
is_deeply(
	[ $notified =~ /^(quiet|loud)$|Asynchronous notification "crm_stock" with payload "(.*?)" received/mg ],
	[ undef, '{"low": 3, "replenished": 0}', 'quiet', undef, 'loud', undef, undef, '{"low": 0, "replenished": 1}' ],
	'one notification a statement')
  or diag $notified;

$node->stop;
done_testing();
