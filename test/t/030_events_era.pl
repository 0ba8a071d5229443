# The outbox across a restore: transaction numbers begin anew in another cluster, yet each consumer gets every
# event once, those that waited in the dump first.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $dir = PostgreSQL::Test::Utils::tempdir();

# Reads and acknowledges events, some at a time, until none comes or the limit is reached; returns their ids.
sub consume
{
	my ($node, $database, $consumer, $limit) = @_;
	my @ids;

	while (!defined $limit || @ids < $limit)
	{
		my $n = defined $limit && $limit - @ids < 7 ? $limit - @ids : 7;
		my ($ids) = split /\n/, $node->safe_psql($database, <<SQL);
SELECT string_agg(e.event_id::text, ' ' ORDER BY e.place) AS ids, (array_agg(e.event_id ORDER BY e.place DESC))[1] AS last
FROM (SELECT r.event_id, r.ordinality AS place FROM crm.read_events('$consumer', $n) WITH ORDINALITY r) e \\gset
\\if :{?last}
\\echo :ids
SELECT crm.ack_events('$consumer', :last);
\\endif
SQL
		last if !defined $ids;
		my @read = split / /, $ids;
		push @ids, @read;
		last if @read < $n;
	}
	return @ids;
}

# Makes events: each order that is placed and confirmed writes one; returns their ids in order of reading.
sub produce
{
	my ($node, $database, $orders) = @_;
	my $sql = "SELECT coalesce(max(event_id), 0) AS last FROM crm.event \\gset\n";

	$sql .= <<'SQL' foreach 1 .. $orders;
SELECT sales_order_id FROM crm.place_order((SELECT min(customer_id) FROM crm.customer),
	jsonb_build_array(jsonb_build_object('product_id', (SELECT product_id FROM crm.product WHERE sku = 'LAMP-1'), 'quantity', 1))) \gset
UPDATE crm.sales_order SET status = 'confirmed' WHERE sales_order_id = :sales_order_id;
SQL
	return split /\n/, $node->safe_psql($database,
		$sql . 'SELECT event_id FROM crm.event WHERE event_id > :last ORDER BY era, transaction_id, event_id');
}

# Uses up transaction numbers, so that those of another cluster are lower.
sub burn
{
	my ($node, $database, $number) = @_;

	$node->safe_psql($database, <<SQL);
DO \$\$
BEGIN
	CREATE TEMP TABLE burnt (i integer);
	FOR i IN 1 .. $number LOOP
		BEGIN
			INSERT INTO burnt VALUES (i);
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
END
\$\$
SQL
	return;
}

sub era
{
	my ($node, $database) = @_;
	return $node->safe_psql($database, 'SELECT max(era) FROM crm.event');
}

# Copies a database by dump and restore; the dump gets further options.
sub copy
{
	my ($from, $database, $to, $name, @options) = @_;

	run_program($from, 'pg_dump', '-Fc', @options, '-d', $from->connstr($database), '-f', "$dir/$name");
	$to->safe_psql('postgres', "CREATE DATABASE $name");
	my ($code, $errors) = run_program($to, 'pg_restore', '-e', '-d', $to->connstr($name), "$dir/$name");
	is("$code $errors", '0 ', "$name: restored");
	return;
}

# ---------------------------------------------------------------------------------------------
# The first cluster
# ---------------------------------------------------------------------------------------------

my $a = crm_node('first');
crm_database($a, 'shop');
crm_seed($a, 'shop');
burn($a, 'shop', 20000);
$a->safe_psql('shop', "SELECT crm.add_event_consumer('$_')") foreach qw(reader fast idle);
consume($a, 'shop', $_) foreach qw(reader fast);
my @old = produce($a, 'shop', 5);
cmp_ok(scalar(@old), '>=', 5, 'there are events');
my @read = consume($a, 'shop', 'reader', 3);
is("@read", "@old[0 .. 2]", 'a consumer has read the first three');
is(join(' ', consume($a, 'shop', 'fast')), "@old", 'another one all of them');
my @kept = split /\n/, $a->safe_psql('shop', 'SELECT event_id FROM crm.event ORDER BY era, transaction_id, event_id');
is(era($a, 'shop'), '1', 'it is the first era');

# ---------------------------------------------------------------------------------------------
# The second cluster, whose transaction numbers are lower
# ---------------------------------------------------------------------------------------------

my $b = crm_node('second');
copy($a, 'shop', $b, 'moved');
cmp_ok($b->safe_psql('moved', 'SELECT pg_current_xact_id()'), '<',
	$a->safe_psql('shop', 'SELECT max(transaction_id) FROM crm.event'), 'transaction numbers are lower there');
my @waiting = split /\n/, $b->safe_psql('moved', "BEGIN READ ONLY; SELECT event_id FROM crm.read_events('reader', 100); COMMIT");
is("@waiting", "@old[3 .. $#old]", 'what was not acknowledged before the dump waits there, and nothing else');
is($b->safe_psql('moved', "SELECT count(*) FROM crm.read_events('fast')"), '0', 'nothing for whom had read all');
is(join(' ', consume($b, 'moved', 'reader', 2)), "@old[3, 4]", 'some of it is read');

my @new = produce($b, 'moved', 4);
is(era($b, 'moved'), '2', 'new events are of the second era');
is($b->safe_psql('moved', 'SELECT count(DISTINCT era) FROM crm.event'), '2', 'old ones stay of the first');
is(join(' ', consume($b, 'moved', 'reader')), join(' ', @old[ 5 .. $#old ], @new), 'then come the rest of the old and the new ones, each once');
is(join(' ', consume($b, 'moved', 'fast')), "@new", 'whom had read all gets the new ones');
is(join(' ', consume($b, 'moved', 'idle')), join(' ', @kept, @new), 'who had read nothing gets all');
$b->safe_psql('moved', "SELECT crm.add_event_consumer('newcomer'), crm.add_event_consumer('from_now', from_start => false)");
is(join(' ', consume($b, 'moved', 'newcomer')), join(' ', @kept, @new), 'so does a new consumer');
my @newer = produce($b, 'moved', 1);
is(join(' ', consume($b, 'moved', 'from_now')), "@newer", 'one that begins now gets what comes from now on');

# An event of a transaction that is still running in this era waits; those of the past era do not.
copy($a, 'shop', $b, 'moved_again');
my $writer = $b->background_psql('moved_again');
$writer->query_safe('BEGIN');
$writer->query_safe('SELECT pg_current_xact_id()');
is($b->safe_psql('moved_again', "SELECT count(*) FROM crm.read_events('reader')"), scalar(@old) - 3,
	'a running transaction does not hold events of a past era back');
my @held = produce($b, 'moved_again', 1);
is($b->safe_psql('moved_again', "SELECT count(*) FROM crm.read_events('reader')"), scalar(@old) - 3, 'but those of this era');
$writer->query_safe('COMMIT');
$writer->quit;
is(join(' ', consume($b, 'moved_again', 'reader')), join(' ', @old[ 3 .. $#old ], @held), 'until it ends');

# A dump that leaves the stored era out: positions of both servers must not mix.
my @WITHOUT_ERA = ('--exclude-table-data=crm_state.event_era');
copy($a, 'shop', $b, 'lost_era', @WITHOUT_ERA);
is($b->safe_psql('lost_era', 'SELECT crm._event_era()'), '2', 'without the stored era the next one begins');
is($b->safe_psql('lost_era', "SELECT count(*) FROM crm.read_events('reader')"), scalar(@old) - 3, 'events of the past one are complete');
my @found = produce($b, 'lost_era', 2);
is(era($b, 'lost_era'), '2', 'new events are of it');
is(join(' ', consume($b, 'lost_era', 'reader')), join(' ', @old[ 3 .. $#old ], @found), 'a consumer gets the rest of the old and the new ones');
is(join(' ', consume($b, 'lost_era', 'fast')), "@found", 'and whom had read all the new ones');

# The same when all events are read and gone: the places of the consumers tell the era.
$a->safe_psql('postgres', 'CREATE DATABASE purged TEMPLATE shop');
consume($a, 'purged', $_) foreach split /\n/, $a->safe_psql('purged', 'SELECT name FROM crm.event_consumer');
cmp_ok($a->safe_psql('purged', 'SELECT crm.purge_events()'), '>', 0, 'all is read and purged');
copy($a, 'purged', $b, 'lost_all', @WITHOUT_ERA);
@found = produce($b, 'lost_all', 1);
is(era($b, 'lost_all'), '2', 'places of consumers are of the past era');
is(join(' ', consume($b, 'lost_all', 'fast')), "@found", 'so that they get what is new');

# Purging leaves what somebody has not read
consume($b, 'moved', $_) foreach qw(reader fast idle newcomer mailer);
my @last = produce($b, 'moved', 1);
consume($b, 'moved', $_) foreach qw(reader fast newcomer mailer from_now);
cmp_ok($b->safe_psql('moved', 'SELECT crm.purge_events()'), '>', 0, 'what all have read is purged');
is(join(' ', consume($b, 'moved', 'idle')), "@last", 'what one of them has not read stays for him');

# ---------------------------------------------------------------------------------------------
# On to a third cluster, back to the first one, and within one
# ---------------------------------------------------------------------------------------------

my @third = produce($b, 'moved', 2);
is(join(' ', consume($b, 'moved', 'reader', 1)), $third[0], 'one more is read in the second cluster');
burn($a, 'shop', 20000);
copy($b, 'moved', $a, 'returned');
my @back = produce($a, 'returned', 2);
is(era($a, 'returned'), '3', 'back in the first cluster a third era begins');
is(join(' ', consume($a, 'returned', 'reader')), join(' ', @third[ 1 .. $#third ], @back), 'nothing is lost, nothing comes twice');
is(join(' ', consume($a, 'returned', 'idle')), join(' ', @third, @back), 'for another consumer either');

copy($a, 'returned', $a, 'beside');
my @beside = produce($a, 'beside', 2);
is(era($a, 'beside'), '3', 'a copy within a cluster stays in its era');
is(join(' ', consume($a, 'beside', 'reader')), "@beside", 'and goes on where it was');
no_verify_difference($a, 'beside', 'crm.verify() finds nothing after all that');

$a->stop;
$b->stop;
done_testing();
