# Restoring in another cluster: where the roles do not exist yet, and where the extension's files are missing.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = crm_node('source');

crm_database($node, 'source');
crm_seed($node, 'source');
$node->safe_psql('source', <<'SQL');
CREATE ROLE shop_reader;
ALTER TABLE crm.customer ADD COLUMN loyalty_no text DEFAULT 'none';
CREATE INDEX customer_loyalty_no_idx ON crm.customer (loyalty_no);
ALTER TABLE crm.customer ADD CONSTRAINT customer_loyalty_no_check CHECK (loyalty_no <> '');
COMMENT ON TABLE crm.customer IS 'Our patients.';
COMMENT ON SCHEMA crm IS 'The CRM of the clinic.';
GRANT USAGE ON SCHEMA crm TO shop_reader;
GRANT SELECT ON crm.customer TO shop_reader;
REVOKE USAGE ON SCHEMA crm FROM crm_auditor;
REVOKE DELETE ON crm.customer FROM crm_admin;
DELETE FROM crm.loss_reason;
ALTER DATABASE source SET timezone = 'Asia/Tokyo';
SQL
my $source = fingerprint($node, 'source');
my $text = dump_text($node, 'source');
my @dump = ('pg_dump', '-d', $node->connstr('source'));
my ($code, $errors) = run_program($node, @dump, '-Fc', '-f', "$dir/custom");
is("$code $errors", '0 ', 'a dump is made');
run_program($node, @dump, '-f', "$dir/plain.sql");

# ---------------------------------------------------------------------------------------------
# The roles of crm do not exist there; those of the user do
# ---------------------------------------------------------------------------------------------

my $other = crm_node('other');
$other->safe_psql('postgres', 'CREATE ROLE shop_reader');
$other->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(custom plain no_rights);

sub restores
{
	my ($database, @command) = @_;

	($code, $errors) = run_program($other, @command, '-d', $other->connstr($database));
	$errors =~ s/^psql:.*NOTICE:  the tables of crm are not created.*\n(.*HINT: .*\n)?//mg;
	is("$code $errors", '0 ', "$database: restored without error");
	return;
}

restores('custom', 'pg_restore', '-e', '-j', '4', "$dir/custom");
same_fingerprint($source, fingerprint($other, 'custom'), 'custom: the fingerprint is the same, roles included');
same_dump($text, $other, 'custom', 'custom: its dump is the same text');
works($other, 'custom', 'custom');

restores('plain', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$dir/plain.sql");
same_fingerprint($source, fingerprint($other, 'plain'), 'plain: the fingerprint is the same, roles included');
same_dump($text, $other, 'plain', 'plain: its dump is the same text');

# Without rights, crm_owner still has its own, without which no foreign key could be checked.
restores('no_rights', 'pg_restore', '-e', '-x', "$dir/custom");
works($other, 'no_rights', 'without rights');

# ---------------------------------------------------------------------------------------------
# The whole cluster
# ---------------------------------------------------------------------------------------------

if (is_slow())
{
	my $whole = crm_node('whole');
	run_program($node, 'pg_dumpall', '-d', $node->connstr('postgres'), '-f', "$dir/all.sql");
	(undef, $errors) = run_program($whole, 'psql', '-X', '-q', '-o', '/dev/null', '-f', "$dir/all.sql", '-d', $whole->connstr('postgres'));
	is(scalar(grep { /ERROR/ } split /\n/, $errors), 1, 'pg_dumpall: one error');
	like($errors, qr/ERROR:  role "[^"]+" already exists/, 'which is that the superuser is there');
	same_fingerprint($source, fingerprint($whole, 'source'), 'pg_dumpall: the fingerprint is the same');
	works($whole, 'source', 'pg_dumpall');
	$whole->stop;
}

# ---------------------------------------------------------------------------------------------
# A server without the extension's files
# ---------------------------------------------------------------------------------------------

my ($path, $install) = server_without_crm("$dir/without");
my $bare = crm_node('bare', install_path => $path);
is($bare->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'crm'"), '0',
	'there is a server without crm');
my $triggers = $node->safe_psql('source', <<'SQL');
SELECT count(*) FROM pg_trigger t JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = t.tgfoid AND d.deptype = 'e'
SQL

# Counts errors of a restore by kind; whatever is left over is unexpected.
sub count_errors
{
	my ($said) = @_;
	my %count = (extension => 0, trigger => 0, view => 0, role => 0, other => '');

	foreach my $error (split /^(?=pg_restore: (?:error|warning|from TOC|while))/m, $said)
	{
		next if $error !~ /^pg_restore: error/;
		if ($error =~ /extension "crm"/) { $count{extension}++ }
		elsif ($error =~ /Command was: CREATE TRIGGER/) { $count{trigger}++ }
		elsif ($error =~ /function crm\.\w+\(.*\) does not exist|relation "crm\.(?:progress|v_(?:customer|contact|lead)_masked)" does not exist|policy "\w+" for table "\w+" does not exist/) { $count{view}++ }
		elsif ($error =~ /role "crm_\w+" does not exist/) { $count{role}++ }
		else { $count{other} .= $error }
	}
	return \%count;
}

# Leaves the views that call functions of the extension and their columns out of a fingerprint.
sub without_members
{
	my ($print) = @_;
	my %copy = map { $_ => { %{ $print->{$_} } } } keys %$print;

	foreach my $view (qw(crm.progress crm.v_customer_masked crm.v_contact_masked crm.v_lead_masked))
	{
		delete $copy{relation}{$view};
		delete $copy{view}{$view};
		delete $copy{type}{$_} foreach ($view, $view . '[]');
		delete $copy{column}{$_} foreach grep { /^\Q$view\E\./ } keys %{ $copy{column} };
	}
	return \%copy;
}

# Restores there and checks that all is there but what needs the extension.
sub restores_without_files
{
	my ($database, $parallel, @except) = @_;

	$bare->safe_psql('postgres', "CREATE DATABASE $database");
	($code, $errors) = run_program($bare, 'pg_restore', '-j', $parallel, '-d', $bare->connstr($database), "$dir/custom");
	my $count = count_errors($errors);
	note("$database: $count->{extension} errors for the extension, $count->{trigger} for triggers, "
		  . "$count->{view} for views and functions, $count->{role} for roles");
	# Parallel workers talk at the same time: their errors cannot be told apart.
	if ($parallel == 1)
	{
		is($count->{other}, '', "$database: no error but those that name the extension, its functions and roles");
		is($count->{trigger}, $triggers, 'each trigger in C is one error');
	}
	same_fingerprint(without_members($source), without_members(fingerprint($bare, $database)),
		'all tables, rows, sequences, keys, checks and indexes are there',
		except => [ qw(trigger function policy extension member initial_privilege comment), @except ]);
	return $count;
}

my $count = restores_without_files('no_roles', 1, qw(role schema relation column_right type default_privilege));
cmp_ok($count->{role}, '>', 0, 'where the roles are missing as well, owners and rights are lost');
# Roles stand outside a database; whoever wants them back restores them first.
run_program($node, 'pg_dumpall', '--roles-only', '-d', $node->connstr('postgres'), '-f', "$dir/roles.sql");
run_program($bare, 'psql', '-X', '-q', '-o', '/dev/null', '-f', "$dir/roles.sql", '-d', $bare->connstr('postgres'));
$count = restores_without_files('with_roles', 4);
is($count->{role}, 0, 'with the roles, owners and rights come back');

# The files come later
$bare->command_ok($install, 'the files are installed');
$bare->safe_psql('with_roles', 'CREATE EXTENSION crm');
same_fingerprint($source, fingerprint($bare, 'with_roles'), 'CREATE EXTENSION brings everything back');
works($bare, 'with_roles', 'files installed later');
(undef, undef, $errors) = run_psql($bare, 'no_roles', 'CREATE EXTENSION crm');
like($errors, qr/ERROR:  relation crm\w*\.\w+ exists and is not owned by crm_owner\n.*HINT:  .*ALTER TABLE \.\.\. OWNER TO crm_owner/s,
	'where the tables have lost their owner, it is refused');
$bare->safe_psql('no_roles', <<'SQL');
SELECT format('ALTER %s %s OWNER TO crm_owner', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass)
FROM pg_class c WHERE c.relnamespace::regnamespace::text IN ('crm', 'crm_bi', 'crm_state') AND c.relkind IN ('r', 'v') \gexec
SELECT format('ALTER ROUTINE %s OWNER TO crm_owner', p.oid::regprocedure)
FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('crm', 'crm_bi', 'crm_state') \gexec
CREATE EXTENSION crm
SQL
works($bare, 'no_roles', 'tables handed over');

$bare->stop;
$other->stop;
$node->stop;
done_testing();
