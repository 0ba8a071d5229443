# Reports run where nothing can be written: on a hot standby and in a read-only transaction, with the same results
# as on the primary. Views and functions are found by catalogue query, so that a new one cannot be forgotten.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

# What each documented STABLE or IMMUTABLE function is called with; those without required arguments are also called
# with none. One that needs arguments and stands not here fails the test.
my $CUSTOMER = "(SELECT customer_id FROM crm.customer WHERE email_key = 'office\@smith.example')";
my %ARGUMENTS = (
	app_sees => ["ARRAY['crm_admin']"],
	campaign_effectiveness => ['(SELECT min(campaign_id) FROM crm.campaign)'],
	customer_profile => [$CUSTOMER],
	customers_in_region => [ "'World'", "'Germany'" ],
	customers_without_purchase => [ "interval '1 month'", "since => interval '1 year', page_size => 3" ],
	erd => ["'orders'"],
	explain_metric => ["'win_rate_count'"],
	export_customer => [$CUSTOMER],
	find_customers =>
	  [ "'smi'", "region => 'Europe'", "email => 'erika\@example.net'", "country_code => 'DE'", "customer_type => 'business', page_size => 4" ],
	has_consent => ["$CUSTOMER, 'marketing', 'email'"],
	has_role => ["'crm_admin'"],
	interaction_history => [$CUSTOMER],
	inventory_report => ['30, 5, 10'],
	period => [ "'last_quarter'", "'this_month'" ],
	product_trend => ['(SELECT min(product_id) FROM crm.product)'],
	read_events => [ "'mailer'", "consumer => 'mailer', n => 2" ],
	row_history => ["'customer', $CUSTOMER"],
	sales_by_category => ["'2024-01-01', '2024-12-31'"],
	sales_by_period => ["'fiscal_quarter'"],
);

# These show what differs from server to server, or from login to login.
my %DIFFERS = map { $_ => 1 } qw(crm.progress crm.who_am_i());

my $primary = crm_node('primary', init => { allows_streaming => 1 });
crm_database($primary, 'shop');
crm_seed($primary, 'shop');
$primary->safe_psql('shop', 'ANALYZE; CREATE ROLE clerk LOGIN; GRANT crm_admin TO clerk');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Rows that come after the backup
$primary->safe_psql('shop', <<SQL);
SELECT crm.place_order($CUSTOMER, jsonb_build_array(
	jsonb_build_object('product_id', (SELECT product_id FROM crm.product WHERE sku = 'LAMP-1'), 'quantity', 60)));
INSERT INTO crm.customer (customer_type, business_name, country_code) VALUES ('business', 'Latecomer', 'FR');
SQL
$primary->wait_for_catchup($standby);
is($standby->safe_psql('shop', 'SELECT pg_is_in_recovery()'), 't', 'there is a hot standby');

# ---------------------------------------------------------------------------------------------
# What is to run
# ---------------------------------------------------------------------------------------------

my @calls = split /\n/, $primary->safe_psql('shop', <<'SQL');
SELECT c.oid::regclass FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN ('crm', 'crm_bi') AND c.relkind IN ('v', 'm')
ORDER BY 1
SQL
@calls = grep { !$DIFFERS{$_} } @calls;
my $views = scalar(@calls);
cmp_ok($views, '>=', 14, "there are $views views");

my %called;
my @unknown;
foreach my $line (split /\n/, $primary->safe_psql('shop', <<'SQL'))
SELECT p.pronamespace::regnamespace, p.proname, p.pronargs - p.pronargdefaults
FROM pg_proc p
WHERE p.pronamespace::regnamespace::text IN ('crm', 'crm_bi') AND p.provolatile IN ('s', 'i') AND p.prokind = 'f'
	AND p.proname NOT LIKE '\_%' AND p.prorettype <> 'trigger'::regtype
ORDER BY 2
SQL
{
	my ($schema, $name, $required) = split /\|/, $line;
	my @arguments = @{ $ARGUMENTS{$name} // [] };
	push @arguments, '' if !$required;
	push @unknown, $name if !@arguments;
	push @calls, grep { !$DIFFERS{$_} } map { "$schema.$name($_)" } @arguments;
	$called{$name} = 1;
}
is("@unknown", '', 'the arguments of all functions are known');
is(join(' ', grep { !$called{$_} } sort keys %ARGUMENTS), '', 'and no function is gone');

# Runs all of it; returns a hash of call and result (number of rows and checksum), and what went wrong.
sub run_all
{
	my ($node, $before, $after) = @_;
	my %result;
	my $sql = "SET TimeZone = 'UTC';\n$before;\n";

	foreach my $i (0 .. $#calls)
	{
		$sql .= "SELECT $i, count(*), md5(string_agg(md5(r::text), '' ORDER BY md5(r::text))) FROM $calls[$i] r;\n";
	}
	my (undef, $output, $errors) = run_psql($node, 'shop', "$sql$after;\n");
	foreach my $line (split /\n/, $output)
	{
		my ($i, $value) = split /\|/, $line, 2;
		$result{ $calls[$i] } = $value;
	}
	return (\%result, $errors);
}

# ---------------------------------------------------------------------------------------------
# The same everywhere
# ---------------------------------------------------------------------------------------------

my ($expected, $errors) = run_all($primary, 'BEGIN', 'COMMIT');
is($errors, '', 'all views and functions run on the primary');
is(scalar(keys %$expected), scalar(@calls), 'and give a result');
my @empty = grep { $expected->{$_} =~ /^0\|/ } @calls;
note('without rows: ' . join(', ', @empty));
cmp_ok(scalar(@empty), '<', @calls / 3, 'most have rows');

sub same_results
{
	my ($node, $name, $before, $after) = @_;
	my ($results, $trouble) = run_all($node, $before, $after);

	is($trouble, '', "$name: no error");
	no_difference("$name: the same results", map { "$_: $expected->{$_}, not " . ($results->{$_} // 'none') }
		  grep { ($results->{$_} // '') ne $expected->{$_} } @calls);
	return;
}

same_results($primary, 'read-only transaction', 'BEGIN READ ONLY', 'COMMIT');
same_results($standby, 'standby', 'BEGIN', 'COMMIT');
same_results($standby, 'standby, repeatable read', 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'COMMIT');
same_results($standby, 'standby, administrator', 'SET SESSION AUTHORIZATION clerk', 'RESET SESSION AUTHORIZATION');
same_results($primary, 'parallel plans', "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; BEGIN READ ONLY",
	'COMMIT');
is($standby->safe_psql('shop', 'SELECT count(*) FROM crm.progress'), '0', 'crm.progress can be read there as well');
same_fingerprint(fingerprint($primary, 'shop'), fingerprint($standby, 'shop'), 'the standby is the same database',
	except => ['sequence']);    # they are written 32 numbers ahead

# What writes fails cleanly
(undef, undef, $errors) = run_psql($standby, 'shop', 'SELECT crm.receive_stock(1, 5)', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($errors, qr/ERROR:  25006: cannot execute INSERT in a read-only transaction/, 'what writes is refused on the standby');
(undef, undef, $errors) = run_psql($standby, 'shop', 'SELECT crm.install()', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($errors, qr/ERROR:  25006: cannot execute crm\.install\(\) during recovery/, 'so is crm.install()');
(undef, undef, $errors) = run_psql($primary, 'shop', 'BEGIN READ ONLY; SELECT crm.migrate()', extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($errors, qr/ERROR:  25006: cannot execute crm\.migrate\(\) in a read-only transaction/, 'and crm.migrate() in a read-only transaction');

# ---------------------------------------------------------------------------------------------
# Promotion
# ---------------------------------------------------------------------------------------------

my $waiting = $primary->safe_psql('shop', "SELECT string_agg(event_id::text, ' ') FROM crm.read_events('mailer')");
$primary->stop('immediate');
$standby->promote;
is($standby->safe_psql('shop', "SELECT string_agg(event_id::text, ' ') FROM crm.read_events('mailer')"), $waiting,
	'after promotion the same events wait');
$standby->safe_psql('shop', "UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = (SELECT max(sales_order_id) FROM crm.sales_order WHERE status = 'pending')");
like($standby->safe_psql('shop', "SELECT string_agg(event_id::text, ' '), max(era) FROM crm.read_events('mailer')"), qr/^\Q$waiting\E \d+\|1$/,
	'new ones follow, in the same era');
is($standby->safe_psql('shop', "SELECT check_name FROM crm.health() WHERE status <> 'ok' AND check_name <> 'server version'"), '',
	'crm.health() finds nothing');
$standby->safe_psql('shop', "SELECT crm.place_order($CUSTOMER, jsonb_build_array(jsonb_build_object('product_id', 1, 'quantity', 1)))");
no_verify_difference($standby, 'shop', 'orders can be placed and crm.verify() finds nothing');

$standby->stop;
done_testing();
