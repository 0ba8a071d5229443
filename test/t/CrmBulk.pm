# What the tests of statements of many rows share: they run the same statements for 300, 3,000 and 30,000 rows
# (1,000, 10,000 and 100,000 in the slow run) in one session, after one row of each kind, and compare the work a row. Work is counted in the blocks
# that all tables of the schema were asked for, which is the same on any machine; the backend's CPU time is
# printed and bounded loosely, for work that touches no block.
package CrmBulk;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

our @EXPORT = qw(bulk_node product_keys stays_linear all_is_right);

my @SIZES = is_slow() ? (1_000, 10_000, 100_000) : (300, 3_000, 30_000);
my $LINES = 5;    # of an order

# Starts a server with an empty database; without autovacuum, whose reading would be counted as well.
sub bulk_node
{
	my ($name) = @_;
	my $node = crm_node($name, conf => "autovacuum = off\nmax_wal_size = 4GB\nshared_buffers = 256MB\n");

	crm_database($node, $name);
	$node->safe_psql($name, <<'SQL');
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
	return $node;
}

# SQL that yields the keys n of the products of all sizes, and 1.
sub product_keys
{
	return 'SELECT 1::bigint AS n ' . join '',
	  map { sprintf 'UNION ALL SELECT generate_series(%d, %d) ', 2 * $_ + 1, 3 * $_ } @SIZES;
}

# Turns a statement into psql commands that measure it for each size. %n is the size, %o the number of orders that
# so many lines are spread over, %f and %t the first and last of them; products have the keys %n * 2 + 1 to %n * 3.
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

# Runs the setup and then all parts in one session; a part is a name and a statement. Passes if the work a row of
# each part is the same for many rows as for few. A part with a third word is not judged, it prepares the others.
sub stays_linear
{
	my ($node, $setup, @parts) = @_;
	my $script = "SET synchronous_commit = off;\nSET jit = off;\n$setup\n";
	my %cost;

	$script .= measured(@$_[ 0, 1 ]) foreach @parts;
	$script .= "SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s*(\\d+ kB)');\n";
	note 'most memory that the backend held, shared buffers included: '
	  . (split /\n/, $node->safe_psql($node->name, $script))[-1];

	foreach my $line (split /\n/, $node->safe_psql($node->name, 'SELECT * FROM bulk.result'))
	{
		my ($what, $size, $done, $blocks, $cpu, $ms) = split /\|/, $line;
		$cost{$what}{$size} = { done => $done, blocks => $blocks / $done, cpu => $cpu / $done, ms => $ms };
	}
	foreach my $part (@parts)
	{
		my ($name, undef, $prepares) = @$part;
		my $of = $cost{$name};
		my ($small, $large) = @$of{ @SIZES[ 1, 2 ] };

		note sprintf('%-16s %s', $name, join ' | ',
			map { sprintf('%d rows: %.1f blocks, %.1f us a row, %.0f ms', @{ $of->{$_} }{qw(done blocks cpu ms)}) } @SIZES);
		next if $prepares;
		cmp_ok($large->{done}, '==', 10 * $small->{done}, "$name: $large->{done} rows written");
		cmp_ok($large->{blocks}, '<=', 1.5 * $small->{blocks} + 1, "$name: as many blocks a row for many rows as for few");
		cmp_ok($large->{cpu}, '<=', 5 * $small->{cpu}, "$name: at most five times the CPU a row");
	}
	return;
}

# Passes if nothing is wrong with stock, totals, alerts, histories and events.
sub all_is_right
{
	my ($node) = @_;

	is($node->safe_psql($node->name, slurp_file('test/twin/orders.sql') . "\nSELECT * FROM order_difference;"), '',
		'totals, stock, alerts, histories and events are as recomputed');
	no_verify_difference($node, $node->name, 'crm.verify() finds nothing');
	return;
}

1;
