# Sessions of pooled logins over the life of connections, on a primary and on its standby. Tokens are made here by
# Perl's own HMAC.
use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $SECRET = pack('H*', '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
my $REFUSED = qr/ERROR:  RM020: session token refused/;

# Makes a token.
sub token
{
	my ($staff, %option) = @_;
	my $text = join('.', 'crm1', $option{key} // 1, $staff, $option{expires} // time() + 300);
	my $mac = encode_base64(hmac_sha256($text, $option{secret} // $SECRET), '');
	return $text . '.' . ($mac =~ tr{+/}{-_}r =~ s/=+$//r);
}

my $primary = crm_node('primary', init => { allows_streaming => 1 }, conf => "max_prepared_transactions = 5\n");
crm_database($primary, 'shop');
$primary->safe_psql('shop', <<SQL);
CREATE ROLE pool LOGIN;
GRANT crm_app TO pool;
INSERT INTO crm.region (region_id, name) VALUES (1, 'North'), (2, 'South');
INSERT INTO crm.staff (staff_id, first_name, last_name, email) VALUES
	(1, 'Ada', 'North', 'ada\@example.com'), (2, 'Ben', 'South', 'ben\@example.com'), (3, 'Cy', 'Gone', 'cy\@example.com');
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (1, 1), (2, 2);
INSERT INTO crm.customer (last_name, region_id) VALUES ('N', 1), ('S', 2), ('S', 2);
SELECT crm.set_token_key('\\x@{[ unpack('H*', $SECRET) ]}');
SQL
$primary->backup('base');

# Runs statements as the pooled login; returns what is printed, a line a statement, and the errors.
sub as_pool
{
	my ($sql, $node) = @_;
	my (undef, $output, $errors) =
	  run_psql($node // $primary, 'shop', $sql, extra_params => [ '-U', 'pool', '-v', 'VERBOSITY=verbose' ]);
	return ($output, $errors);
}

# Passes if the pooled login prints this and meets no error.
sub pool_prints
{
	my ($sql, $expected, $name, $node) = @_;
	my ($output, $errors) = as_pool($sql, $node);
	$errors = '' if $errors !~ /ERROR|FATAL|PANIC/;
	is("$output$errors", $expected, $name);
	return;
}

my $WHO = "SELECT coalesce(crm.my_staff_id()::text, 'nobody'), (SELECT count(*) FROM crm.customer);\n";
my ($one, $two) = (token(1), token(2));

# ---------------------------------------------------------------------------------------------
# Transactions
# ---------------------------------------------------------------------------------------------

pool_prints($WHO, 'nobody|0', 'without a session the pooled login sees nobody');
pool_prints("BEGIN;\nSELECT crm.begin_session('$one');\n${WHO}COMMIT;\n$WHO", "1\n1|1\nnobody|0", 'COMMIT ends a session');
pool_prints("BEGIN;\nSELECT crm.begin_session('$two');\n${WHO}ROLLBACK;\n$WHO", "2\n2|2\nnobody|0", 'so does ROLLBACK');
pool_prints(join('', map { "BEGIN;\nSELECT crm.begin_session('$_');\n${WHO}COMMIT;\n" } $one, $two, $one),
	"1\n1|1\n2\n2|2\n1\n1|1", 'persons take turns in one connection, and a token is good more than once');
my ($output, $errors) = as_pool("BEGIN;\nSELECT crm.begin_session('$one');\nSELECT 1/0;\nROLLBACK;\n$WHO");
is($output, "1\nnobody|0", 'an error ends the session with its transaction');
($output, $errors) = as_pool("SELECT crm.begin_session('$one');\n$WHO");
is($output, "1\nnobody|0", 'outside a transaction the session ends with the statement');
like($errors, qr/NOTICE:  \w+: the session ends with this statement.*\nHINT:  Send BEGIN first\./, 'and a notice says so');
($output, $errors) = as_pool("BEGIN;\nSELECT crm.begin_session('$one');\nSELECT crm.begin_session('$two');\n$WHO");
like($errors, qr/ERROR:  RM021: this transaction has had its session already/, 'a transaction has one session');
($output, $errors) = as_pool("BEGIN;\nSELECT crm.begin_session('$one');\nSELECT crm.end_session();\n${WHO}SELECT crm.begin_session('$one');");
is($output, "1\n\nnobody|0", 'a session can be ended');
like($errors, qr/ERROR:  RM021/, 'but not begun again');
pool_prints("BEGIN;\nSAVEPOINT s;\nSELECT crm.begin_session('$one');\nROLLBACK TO s;\n${WHO}SELECT crm.begin_session('$two');\n${WHO}COMMIT;\n$WHO",
	"1\nnobody|0\n2\n2|2\nnobody|0", 'the rollback of its savepoint ends a session');
pool_prints("BEGIN;\nSAVEPOINT s;\nSELECT crm.begin_session('$one');\nRELEASE s;\nSAVEPOINT t;\nROLLBACK TO t;\n${WHO}COMMIT;\n$WHO",
	"1\n1|1\nnobody|0", 'its release does not');
is($primary->safe_psql('shop', "SELECT crm.begin_session('$one'); SELECT crm.my_staff_id()", extra_params => [ '-1', '-U', 'pool' ]),
	"1\n1", 'statements in one transaction share the session');
my ($code, $stderr) = (0, '');
($code, $output, $stderr) = run_psql($primary, 'shop', '', extra_params => [ '-U', 'pool', '-c', "SELECT crm.begin_session('$one'); $WHO" ]);
is("$output$stderr", "1\n1|1", 'so do statements that are sent together');

# ---------------------------------------------------------------------------------------------
# What resets connections, and plans that outlive a session
# ---------------------------------------------------------------------------------------------

pool_prints("PREPARE who AS ${WHO}PREPARE own AS SELECT max(region_id) FROM crm.customer;\n"
	  . join('', map { my $t = $_; map { "BEGIN;\nSELECT crm.begin_session('$t');\nEXECUTE who;\nEXECUTE own;\nCOMMIT;\n" } 1 .. 7 } $one, $two)
	  . "EXECUTE who;\nEXECUTE own;\n",
	("1\n1|1\n1\n" x 7) . ("2\n2|2\n2\n" x 7) . "nobody|0\n", 'prepared statements are about whoever acts when they run');
pool_prints("BEGIN;\nSELECT crm.begin_session('$one');\nDISCARD PLANS;\nRESET ALL;\nRESET SESSION AUTHORIZATION;\n${WHO}COMMIT;\nDISCARD ALL;\n$WHO",
	"1\n1|1\nnobody|0", 'RESET ALL within a transaction leaves the session, DISCARD ALL after it finds none');
pool_prints("BEGIN;\nSELECT crm.begin_session('$one');\nSET LOCAL ROLE crm_app;\n${WHO}RESET ROLE;\n${WHO}COMMIT;\nSET ROLE crm_app;\nRESET ROLE;\n$WHO",
	"1\nnobody|0\n1|1\nnobody|0", 'SET ROLE hides a session, RESET ROLE shows it');
($output, $errors) = as_pool("BEGIN;\nSELECT crm.begin_session('$one');\nSET ROLE crm_admin;");
like($errors, qr/ERROR:  42501: permission denied to set role "crm_admin"/, 'the pooled login cannot become another role');
pool_prints("BEGIN;\nSELECT crm.begin_session('$one');\nINSERT INTO crm.customer (last_name, region_id) VALUES ('P', 1);\nPREPARE TRANSACTION 'p';\n$WHO",
	"1\nnobody|0", 'PREPARE TRANSACTION ends a session');
pool_prints("BEGIN;\nSELECT crm.begin_session('$two');\n${WHO}COMMIT;\nCOMMIT PREPARED 'p';\n$WHO", "2\n2|2\nnobody|0",
	'COMMIT PREPARED brings none back');
is($primary->safe_psql('shop', q{SELECT created_by FROM crm.customer WHERE last_name = 'P'}), 'staff:1',
	'what it commits is of the person who prepared it');
is($primary->safe_psql('shop', q{SELECT login, staff_id FROM crm.audit_log WHERE table_name = 'customer' AND new_values ->> 'last_name' = 'P'}),
	'pool|1', 'the audit has the person beside the login');
pool_prints("BEGIN;\nSET LOCAL parallel_setup_cost = 0;\nSET LOCAL parallel_tuple_cost = 0;\nSET LOCAL min_parallel_table_scan_size = 0;\n"
	  . "SELECT crm.begin_session('$two');\n${WHO}COMMIT;", "2\n2|2", 'plans that may be parallel see the same');

# ---------------------------------------------------------------------------------------------
# Forged settings
# ---------------------------------------------------------------------------------------------

# The library is loaded by the first function of crm; until then PostgreSQL takes any name.
my @names = qw(staff_id session session_staff_id acting_staff user_id token identity);
{
	local $ENV{PGOPTIONS} = join(' ', map { "-c crm.$_=1" } @names);
	pool_prints("SHOW crm.staff_id;\n$WHO", "1\nnobody|0", 'settings of PGOPTIONS name nobody');
	pool_prints("BEGIN;\nSELECT crm.begin_session('$two');\n${WHO}COMMIT;\n$WHO", "2\n2|2\nnobody|0", 'nor change a session');
}
pool_prints(join('', map { "SET crm.$_ = '1';\n" } @names) . $WHO, 'nobody|0', 'nor do settings from before the library is loaded');
pool_prints("SELECT count(set_config('crm.' || n, '1', false)) FROM unnest(ARRAY['@{[ join(q(','), @names) ]}']) n;\n$WHO",
	scalar(@names) . "\nnobody|0", 'nor set_config()');
as_pool("ALTER ROLE pool SET crm.staff_id = '1';");
pool_prints($WHO, 'nobody|0', 'nor ALTER ROLE');
$primary->safe_psql('shop', 'ALTER ROLE pool RESET ALL');
($output, $errors) = as_pool("${WHO}SET crm.staff_id = '1';");
like($errors, qr/ERROR:  42602: invalid configuration parameter name "crm\.staff_id"/, 'afterwards such names are refused');
($output, $errors) = as_pool("SET LOCAL SESSION AUTHORIZATION postgres;");
like($errors, qr/ERROR:  42501/, 'another login cannot be taken');

# ---------------------------------------------------------------------------------------------
# What the client and the log learn of refused tokens
# ---------------------------------------------------------------------------------------------

$primary->safe_psql('shop', 'UPDATE crm.staff SET active = false WHERE staff_id = 3');
my %reasons = (
	'The token of staff 1 expired \d+ seconds ago\.' => token(1, expires => time() - 5),
	'The token of staff 1 would end in 90\d\d\d seconds, beyond 24 hours\.' => token(1, expires => time() + 90005),
	'Key 9 is unknown, retired or past its end\.' => token(1, key => 9),
	'The signature is not that of key 1\.' => token(1, secret => 'x' x 32),
	'Staff 3 is unknown or not active\.' => token(3),
	'Staff 77 is unknown or not active\.' => token(77),
	'A text of 4 bytes has not the form of a token\.' => 'crm1',
);
my %details;
foreach my $reason (sort keys %reasons)
{
	my $offset = -s $primary->logfile;
	(undef, $errors) = as_pool("SELECT crm.begin_session('$reasons{$reason}');");
	like($errors, $REFUSED, "refused: $reason");
	$details{$1}++ if $errors =~ /^DETAIL:  (.*)$/m;
	like(substr(slurp_file($primary->logfile), $offset), qr/DETAIL:  $reason/, 'and the log says it');
}
is(join('; ', map { "$_ $details{$_}" } sort keys %details), 'It has not the form crm1.KEY.STAFF.EXPIRES.MAC of at most 200 characters. 1; '
	  . 'Its signature, its key or its member of staff is not valid. 4; The end of the token lies more than 24 hours ahead. 1; '
	  . 'The token has expired. 1', 'the client is told less');

# ---------------------------------------------------------------------------------------------
# Keys and people change under an old snapshot
# ---------------------------------------------------------------------------------------------

my $psql = 'psql -X -q -h ' . $primary->host . ' -p ' . $primary->port . ' -d shop -c';
($output, $errors) = as_pool("BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM crm.currency WHERE false;\n"
	  . "\\! $psql \"SELECT crm.set_token_key(decode(repeat('02', 32), 'hex'))\" > /dev/null\n"
	  . "\\! $psql \"SELECT crm.retire_token_key(1)\" > /dev/null\nSELECT crm.begin_session('$one');\nROLLBACK;\n");
like($errors, $REFUSED, 'a key that was retired is refused in a transaction that began before');
my $new = token(1, key => 2, secret => "\2" x 32);
pool_prints("BEGIN;\nSELECT crm.begin_session('$new');\n${WHO}COMMIT;", "1\n1|2", 'the new key is good at once');
($output, $errors) = as_pool("BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM crm.currency WHERE false;\n"
	  . "\\! $psql \"UPDATE crm.staff SET active = false WHERE staff_id = 1\"\nSELECT crm.begin_session('$new');\nROLLBACK;\n");
like($errors, $REFUSED, 'a person who was put out of service is refused likewise');
$primary->safe_psql('shop', 'UPDATE crm.staff SET active = true WHERE staff_id = 1');
($output, $errors) = as_pool("SELECT crm.issue_token(1);");
like($errors, qr/ERROR:  42501: permission denied for function issue_token/, 'the pooled login makes no tokens');
($output, $errors) = as_pool("BEGIN;\nSELECT crm.begin_session('$new');\nSELECT secret FROM crm_state.token_key;");
like($errors, qr/ERROR:  42501: permission denied for schema crm_state/, 'and reads no keys');

# ---------------------------------------------------------------------------------------------
# Read-only transactions and the standby
# ---------------------------------------------------------------------------------------------

pool_prints("BEGIN READ ONLY;\nSELECT crm.begin_session('$new');\n${WHO}COMMIT;\n$WHO", "1\n1|2\nnobody|0", 'a session in a read-only transaction');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
pool_prints("BEGIN;\nSELECT crm.begin_session('$new');\n${WHO}COMMIT;\n$WHO", "1\n1|2\nnobody|0", 'a session on the standby', $standby);
(undef, $errors) = as_pool("SELECT crm.begin_session('$one');", $standby);
like($errors, $REFUSED, 'which knows what keys were retired');
my $issued = $standby->safe_psql('shop', 'SELECT crm.issue_token(2)');
pool_prints("BEGIN;\nSELECT crm.begin_session('$issued');\n${WHO}COMMIT;", "2\n2|2", 'a token that the standby made, on the primary');
(undef, undef, $errors) = run_psql($standby, 'shop', "SELECT crm.set_token_key(decode(repeat('03', 32), 'hex'))",
	extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($errors, qr/ERROR:  25006/, 'keys are set on the primary only');
$primary->safe_psql('shop', 'SELECT crm.retire_token_key(2)');
$primary->wait_for_catchup($standby);
(undef, $errors) = as_pool("SELECT crm.begin_session('$new');", $standby);
like($errors, $REFUSED, 'and retired there for both');

$standby->stop;
$primary->stop;
done_testing();
