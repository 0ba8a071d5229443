# Two persons through one server connection of a real pgbouncer in transaction mode, configured as
# docs/pooled-apps.md shows: each sees and writes as itself, and nothing of one is left to the other.
use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(hmac_sha256);
use IPC::Run qw(start pump finish timeout);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'package pgbouncer is missing' unless $pgbouncer;

my $SECRET = "\7" x 32;

# Makes a token.
sub token
{
	my ($staff) = @_;
	my $text = join('.', 'crm1', 1, $staff, time() + 300);
	return $text . '.' . (encode_base64(hmac_sha256($text, $SECRET), '') =~ tr{+/}{-_}r =~ s/=+$//r);
}

my $node = crm_node('behind');
crm_database($node, 'crm');
$node->safe_psql('crm', <<SQL);
CREATE ROLE pool LOGIN;
GRANT crm_app TO pool;
INSERT INTO crm.region (region_id, name) VALUES (1, 'North'), (2, 'South');
INSERT INTO crm.staff (staff_id, first_name, last_name, email, db_role) VALUES
	(1, 'Ada', 'North', 'ada\@example.com', NULL), (2, 'Ben', 'South', 'ben\@example.com', 'ben');
INSERT INTO crm.sales_rep (sales_rep_id, region_id) VALUES (1, 1), (2, 2);
INSERT INTO crm.customer (last_name, region_id) VALUES ('N', 1), ('S', 2), ('S', 2);
SELECT crm.set_token_key('\\x@{[ unpack('H*', $SECRET) ]}');
SQL

# ---------------------------------------------------------------------------------------------
# pgbouncer, with the lines of the page but for places and passwords
# ---------------------------------------------------------------------------------------------

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my ($ini) = do { local (@ARGV, $/) = 'docs/pooled-apps.md'; <> } =~ /^```ini\n(.*?)^```$/ms;
my %here = (
	listen_addr => '', listen_port => $port, unix_socket_dir => $dir, auth_type => 'trust',
	auth_file => "$dir/userlist.txt", default_pool_size => 1);
foreach my $name (sort keys %here)
{
	is($ini =~ s/^\Q$name\E = .*$/$name = $here{$name}/mg, 1, "the page sets $name");
}
is($ini =~ s/^crm = .*$/"crm = host=" . $node->host . " port=" . $node->port . " dbname=crm"/me, 1, 'and names the database');
like($ini, qr/^pool_mode = transaction$/m, 'the mode is that of the page');
append_to_file("$dir/pgbouncer.ini", "$ini\nlogfile = $dir/pgbouncer.log\nlog_connections = 0\n");
append_to_file("$dir/userlist.txt", qq("pool" "" \n));

my $bouncer_output = '';
my $bouncer = start([ $pgbouncer, "$dir/pgbouncer.ini" ], '<', \undef, '>', \$bouncer_output, '2>&1');
END { $bouncer->kill_kill(grace => 5) if $bouncer; }

# Begins a client; its statements follow one by one.
sub client
{
	my %client = (in => '', out => '');
	$client{run} = start(
		[ 'psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=verbose', '-h', $dir, '-p', $port, '-U', 'pool', '-d', 'crm', '-f', '-' ],
		'<', \$client{in}, '>', \$client{out}, '2>&1', timeout($PostgreSQL::Test::Utils::timeout_default));
	return \%client;
}

# Sends statements to a client, waits until they are done, and returns what it printed.
sub ask
{
	my ($client, $sql) = @_;
	$client->{out} = '';
	$client->{in} .= "$sql\n\\echo <done>\n";
	pump $client->{run} until $client->{out} =~ s/^<done>\n//m;
	chomp $client->{out};
	return $client->{out};
}

foreach (1 .. 100 * $PostgreSQL::Test::Utils::timeout_default)
{
	last if -S "$dir/.s.PGSQL.$port";
	$bouncer->pump_nb;
	select(undef, undef, undef, 0.01);
}
ok(-S "$dir/.s.PGSQL.$port", 'pgbouncer runs') or BAIL_OUT($bouncer_output);

# ---------------------------------------------------------------------------------------------
# Two persons
# ---------------------------------------------------------------------------------------------

my $WHO = "SELECT coalesce(crm.my_staff_id()::text, 'nobody'), (SELECT count(*) FROM crm.customer);";
my ($ada, $ben) = (client(), client());
my ($one, $two) = (token(1), token(2));

my $backend = ask($ada, 'SELECT pg_backend_pid();');
is(ask($ben, 'SELECT pg_backend_pid();'), $backend, 'both clients have the same server connection');
is(ask($ada, $WHO), 'nobody|0', 'without a token it is nobody and sees nobody');

# In turn: the connection changes hands at each COMMIT.
foreach my $round (1 .. 3)
{
	is(ask($ada, "BEGIN;\nSELECT crm.begin_session('$one');\n$WHO"), "1\n1|" . $round, "round $round: Ada acts");
	is(ask($ada, "INSERT INTO crm.customer (last_name, region_id) VALUES ('Ada $round', 1);\nCOMMIT;"), '', 'and writes');
	is(ask($ben, $WHO), 'nobody|0', 'her session is not left to Ben');
	is(ask($ben, "BEGIN;\nSELECT crm.begin_session('$two');\n$WHO"), "2\n2|" . ($round + 1), 'Ben acts');
	is(ask($ben, "INSERT INTO crm.customer (last_name, region_id) VALUES ('Ben $round', 2);\nCOMMIT;"), '', 'and writes');
	is(ask($ada, $WHO), 'nobody|0', 'nor his to her');
}
is(ask($ada, "BEGIN;\nSELECT crm.begin_session('$one');\nSELECT 1/0;\nROLLBACK;") =~ /ERROR:  22012/, 1, 'an error of Ada');
is(ask($ben, $WHO), 'nobody|0', 'leaves no session either');
like(ask($ben, "BEGIN;\nSELECT crm.begin_session('$one');\nSELECT crm.begin_session('$two');\nROLLBACK;"), qr/ERROR:  RM021/,
	'a transaction cannot change hands');
like(ask($ben, 'BEGIN; SELECT crm.begin_session(\'' . ($two =~ s/\.2\./.1./r) . '\'); ROLLBACK;'), qr/ERROR:  RM020/,
	'nor can a token be made another person\'s');

# Many transactions of both at the same time: whoever comes second waits for the connection.
foreach my $client ([ $ada, $one ], [ $ben, $two ])
{
	my ($to, $token) = @$client;
	$to->{out} = '';
	$to->{in} .= join('', map { "BEGIN;\nSELECT crm.begin_session('$token');\nSELECT crm.my_staff_id(), max(region_id), min(region_id) FROM crm.customer;\nCOMMIT;\n" } 1 .. 200)
	  . "\\echo <done>\n";
}
foreach my $client ($ada, $ben)
{
	pump $client->{run} until $client->{out} =~ s/^<done>\n//m;
}
is($ada->{out}, "1\n1|1|1\n" x 200, '200 transactions of Ada are all hers');
is($ben->{out}, "2\n2|2|2\n" x 200, 'those of Ben, meanwhile, all his');
is(ask($ada, 'SELECT pg_backend_pid();'), $backend, 'on one connection all along');

# What a SET leaves in the connection is there for the next client, as the page warns, but it is no identity.
ask($ada, "BEGIN;\nSET LOCAL crm.change_note = 'of Ada';\nCOMMIT;");
is(ask($ben, 'SHOW crm.change_note;'), '', 'SET LOCAL ends with its transaction');

# ---------------------------------------------------------------------------------------------
# What was recorded
# ---------------------------------------------------------------------------------------------

is($node->safe_psql('crm', q{SELECT left(last_name, 3), created_by, updated_by, count(*) FROM crm.customer
	WHERE last_name LIKE '% %' GROUP BY 1, 2, 3 ORDER BY 1}),
	"Ada|staff:1|staff:1|3\nBen|ben|ben|3", 'created_by and updated_by name the persons, not the pool');
is($node->safe_psql('crm', q{SELECT left(new_values ->> 'last_name', 3), login, staff_id, count(*) FROM crm.audit_log
	WHERE table_name = 'customer' AND new_values ->> 'last_name' LIKE '% %' GROUP BY 1, 2, 3 ORDER BY 1}),
	"Ada|pool|1|3\nBen|pool|2|3", 'the audit has the person beside the login of the pool');

foreach my $client ($ada, $ben)
{
	$client->{in} .= "\\q\n";
	finish $client->{run};
}
$bouncer->kill_kill(grace => 5);
undef $bouncer;
$node->stop;
done_testing();
