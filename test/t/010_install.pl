# CREATE EXTENSION, crm.install(), DROP EXTENSION: what they make, leave, refuse and bring back.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $node = crm_node('install');
my $SCHEMAS = "('crm', 'crm_bi', 'crm_state')";
my @STRUCTURE = (except => [qw(rows sequence)]);

# ---------------------------------------------------------------------------------------------
# Two databases at the same time, roles made anew each time
# ---------------------------------------------------------------------------------------------

# Starts psql with a command and returns its handle and where its output goes.
sub start_psql
{
	my ($database, $sql) = @_;
	my %job = (output => '', errors => '');

	$job{run} = IPC::Run::start(
		[ $node->installed_command('psql'), '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-c', $sql ],
		'>', \$job{output}, '2>', \$job{errors});
	return \%job;
}

# Drops all that a test made: databases, then the roles of crm.
sub forget
{
	my (@databases) = @_;

	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS $_") foreach @databases;
	$node->safe_psql('postgres', <<'SQL');
SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname LIKE 'crm\_%' \gexec
SQL
	return;
}

sub test_concurrent
{
	my ($databases, $rounds) = @_;
	my @names = map { "at_once_$_" } 1 .. $databases;
	my $failures = '';
	my $different = 0;

	foreach my $round (1 .. $rounds)
	{
		$node->safe_psql('postgres', "CREATE DATABASE $_") foreach @names;
		my @jobs = map { start_psql($_, 'CREATE EXTENSION crm') } @names;
		foreach my $job (@jobs)
		{
			$job->{run}->finish;
			$failures .= $job->{errors};
		}
		my $first = fingerprint($node, $names[0]);
		foreach my $name (@names[ 1 .. $#names ])
		{
			$different += fingerprint_diff($first, fingerprint($node, $name), @STRUCTURE);
		}
		forget(@names);
	}
	is($failures, '', "CREATE EXTENSION in $databases databases at once, $rounds times: no error");
	is($different, 0, 'and all databases are alike');
	return;
}

test_concurrent(2, 3);
test_concurrent(4, 100) if is_slow();

# ---------------------------------------------------------------------------------------------
# What stands in the way
# ---------------------------------------------------------------------------------------------

# Fails unless CREATE EXTENSION, after some preparation, is refused with these words and leaves nothing.
sub is_refused
{
	my ($name, $prepare, $undo, $message, $hint) = @_;

	$node->safe_psql('refused', $prepare);
	my (undef, undef, $errors) = run_psql($node, 'refused', 'CREATE EXTENSION crm');
	like($errors, qr/ERROR:  $message/, "$name is refused");
	like($errors, qr/HINT:  $hint/, 'with a hint');
	$node->safe_psql('refused', $undo);
	is($node->safe_psql('refused', <<'SQL'), '0|0|0', 'and leaves nothing behind');
SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'crm'), (SELECT count(*) FROM pg_class WHERE relname = 'product'),
	(SELECT count(*) FROM pg_roles WHERE rolname LIKE 'crm\_%')
SQL
	return;
}

my $DROP = 'DROP SCHEMA crm CASCADE';
$node->safe_psql('postgres', 'CREATE DATABASE refused');
$node->safe_psql('postgres', 'CREATE ROLE mallory');
foreach my $attribute (qw(LOGIN SUPERUSER CREATEROLE CREATEDB REPLICATION BYPASSRLS))
{
	is_refused("a role crm_admin with $attribute", "CREATE ROLE crm_admin $attribute", 'DROP ROLE crm_admin',
		'role "crm_admin" exists and is not a plain group role', 'Rename it, or take the attribute away: ALTER ROLE crm_admin');
}
is_refused('a planted table crm.customer', 'CREATE SCHEMA crm; CREATE TABLE crm.customer (id int); ALTER TABLE crm.customer OWNER TO mallory',
	$DROP, 'relation crm.customer exists and is not owned by crm_owner', 'Move it to another schema');
is_refused('a planted table crm.customer of a superuser', 'CREATE SCHEMA crm; CREATE TABLE crm.customer (id int)',
	$DROP, 'relation crm.customer exists and is not owned by crm_owner', 'Move it to another schema');
is_refused('a planted table crm.tracking_event', 'CREATE SCHEMA crm; CREATE TABLE crm.tracking_event (id int)',
	$DROP, 'relation crm.tracking_event exists and is not owned by crm_owner', 'Move it to another schema');
is_refused('a planted view crm_state.idempotency', 'CREATE SCHEMA crm_state; CREATE VIEW crm_state.idempotency AS SELECT 1 AS caller',
	'DROP SCHEMA crm_state CASCADE', 'relation crm_state.idempotency exists and is not owned by crm_owner', 'Move it to another schema');
is_refused('a schema crm of another role', 'CREATE SCHEMA crm AUTHORIZATION mallory', $DROP,
	'schema "crm" exists and is owned by mallory', 'Drop or rename it');
is_refused('a schema crm_bi of another role', 'CREATE SCHEMA crm_bi AUTHORIZATION mallory', 'DROP SCHEMA crm_bi',
	'schema "crm_bi" exists and is owned by mallory', 'Drop or rename it');
is_refused('a planted function', <<'SQL', $DROP,
CREATE SCHEMA crm;
CREATE FUNCTION crm.place_order(bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION crm.place_order(bigint) OWNER TO mallory
SQL
	'schema crm holds an object of mallory: function crm.place_order\(bigint\)', 'Drop it or move it');
is_refused('a planted operator', <<'SQL', $DROP,
CREATE SCHEMA crm;
CREATE FUNCTION crm.f(bigint, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR crm.= (FUNCTION = crm.f, LEFTARG = bigint, RIGHTARG = text);
ALTER OPERATOR crm.= (bigint, text) OWNER TO mallory
SQL
	'schema crm holds an object of mallory: operator crm.=\(bigint,text\)', 'Drop it or move it');
$node->safe_psql('refused', 'CREATE SCHEMA crm; CREATE TABLE crm.mine (id int); CREATE EXTENSION crm');
is($node->safe_psql('refused', 'SELECT count(*) FROM crm.customer'), '0', 'a schema crm of a superuser with other things in it is fine');

# ---------------------------------------------------------------------------------------------
# A fresh database
# ---------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE fresh');
my ($code, undef, $errors) = run_psql($node, 'fresh', 'CREATE EXTENSION crm');
is("$code $errors", '0 ', 'CREATE EXTENSION says nothing');
my $fresh = fingerprint($node, 'fresh');

is($node->safe_psql('fresh', <<'SQL'), '', 'no relation is a member of the extension');
SELECT d.objid::regclass FROM pg_depend d
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crm')
SQL
is($node->safe_psql('fresh', <<'SQL'), '', 'no relation or schema has initial privileges that dumps would leave out');
SELECT pg_describe_object(i.classoid, i.objoid, i.objsubid) FROM pg_init_privs i
WHERE i.objoid >= 16384 AND i.classoid <> 'pg_proc'::regclass
SQL
is($node->safe_psql('fresh', <<SQL), '', 'crm_owner owns all but the members and the schemas');
SELECT o.what FROM (
	SELECT c.oid::regclass::text, c.relowner, 'pg_class'::regclass, c.oid, c.relnamespace FROM pg_class c
	UNION ALL
	SELECT p.oid::regprocedure::text, p.proowner, 'pg_proc'::regclass, p.oid, p.pronamespace FROM pg_proc p
	UNION ALL
	SELECT t.oid::regtype::text, t.typowner, 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type t
) o (what, owner, classid, objid, namespace)
WHERE o.namespace::regnamespace::text IN $SCHEMAS AND o.owner <> 'crm_owner'::regrole
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e')
SQL
is($node->safe_psql('fresh', <<SQL), '', 'nothing of ours stands outside our schemas');
SELECT c.oid::regclass FROM pg_class c
WHERE c.oid >= 16384 AND c.relnamespace::regnamespace::text NOT IN ('crm', 'crm_bi', 'crm_state', 'pg_toast')
SQL
is($node->safe_psql('fresh', "SELECT * FROM crm.health() WHERE status <> 'ok' AND check_name <> 'server version'"), '',
	'crm.health() finds nothing');
no_verify_difference($node, 'fresh', 'crm.verify() finds nothing');
is($node->safe_psql('fresh', 'SELECT version, length(script_checksum) FROM crm.schema_version'), $node->safe_psql('fresh',
	'SELECT crm.version()') . '|64', 'the version is recorded');

# ---------------------------------------------------------------------------------------------
# Installing again
# ---------------------------------------------------------------------------------------------

crm_seed($node, 'fresh');
my $filled = fingerprint($node, 'fresh');
is($node->safe_psql('fresh', 'SELECT crm.install()'), 't', 'crm.install() runs again');
same_fingerprint($filled, fingerprint($node, 'fresh'), 'and changes nothing');

is($node->safe_psql('fresh', <<SQL), "t\n", 'it takes no lock that stops readers or writers of a table');
BEGIN;
SELECT crm.install();
SELECT string_agg(format('%s %s', l.relation::regclass, l.mode), ', ')
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relnamespace::regnamespace::text IN $SCHEMAS
	AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock');
COMMIT;
SQL

# A client that has written every table and not committed yet.
my $writer = $node->background_psql('fresh');
$writer->query_safe('BEGIN');
$writer->query_safe(<<SQL);
SELECT format('LOCK TABLE %s IN ROW EXCLUSIVE MODE', string_agg(c.oid::regclass::text, ', ')) FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN $SCHEMAS AND c.relkind = 'r' \\gexec
SQL
is($node->safe_psql('fresh', "SET lock_timeout = '20s'; SELECT crm.install()"), 't', 'it waits for no writer');
$writer->query_safe('ROLLBACK');
$writer->quit;

my @jobs = map { start_psql('fresh', 'SELECT crm.install()') } 1 .. 3;
$_->{run}->finish foreach @jobs;
is(join('', map { $_->{errors} } @jobs), '', 'three sessions may install at once');
same_fingerprint($filled, fingerprint($node, 'fresh'), 'and change nothing either');

# ---------------------------------------------------------------------------------------------
# What a DBA changed stays, what is missing comes back
# ---------------------------------------------------------------------------------------------

$node->safe_psql('fresh', <<'SQL');
CREATE ROLE dba_friend;
ALTER TABLE crm.customer ADD COLUMN loyalty_no text DEFAULT 'none';
ALTER TABLE crm.customer ALTER COLUMN service_class SET DEFAULT 'premium';
ALTER TABLE crm.product SET (fillfactor = 60);
ALTER TABLE crm.customer ADD CONSTRAINT customer_loyalty_no_check CHECK (loyalty_no <> '');
CREATE INDEX customer_loyalty_no_idx ON crm.customer (loyalty_no);
COMMENT ON TABLE crm.customer IS 'Our patients.';
COMMENT ON COLUMN crm.customer.phone IS 'Landline, please.';
COMMENT ON SCHEMA crm IS 'The CRM of the clinic.';
GRANT SELECT ON crm.region TO dba_friend;
GRANT USAGE ON SCHEMA crm TO dba_friend;
REVOKE USAGE ON SCHEMA crm FROM crm_auditor;
REVOKE ALL ON crm.staff FROM crm_admin;
GRANT EXECUTE ON FUNCTION crm.verify() TO dba_friend;
DELETE FROM crm.loss_reason;
DELETE FROM crm.interaction_type WHERE name = 'letter';
UPDATE crm.pipeline_stage SET win_probability = 0.55 WHERE name = 'proposal';
ALTER TABLE crm.exchange_rate DROP COLUMN source;
DROP INDEX crm.customer_postal_code_idx;
DROP VIEW crm.progress;
DROP TRIGGER event_truncate_guard ON crm.event;
INSERT INTO crm_state.install_skip (object_name, reason) VALUES ('crm.customer_postal_code_idx', 'never searched'),
	('crm.exchange_rate.source', 'we know it'), ('crm.progress', 'has a name of ours'), ('crm.event.event_truncate_guard', 'emptied by hand');
SQL
my $changed = fingerprint($node, 'fresh');
$node->safe_psql('fresh', <<'SQL');
DROP INDEX crm.contact_name_key_idx;
DROP TRIGGER order_item_ai ON crm.order_item;
DROP FUNCTION crm.verify();
ALTER VIEW crm.v_timeline RESET (security_invoker);
SQL
$node->safe_psql('fresh', 'SELECT crm.install()');
$changed->{function}{'crm.verify()'} =~ s/,dba_friend=X\/crm_owner//;    # went with the function
same_fingerprint($changed, fingerprint($node, 'fresh'), 'changes of a DBA stay, the rest comes back');
is($node->safe_psql('fresh', "SELECT to_regclass('crm.customer_postal_code_idx'), to_regclass('crm.contact_name_key_idx')"),
	'|crm.contact_name_key_idx', 'a dropped index that install_skip lists stays away, another one comes back');
is($node->safe_psql('fresh', <<'SQL'), '|0', 'likewise a view and a trigger');
SELECT to_regclass('crm.progress'), (SELECT count(*) FROM pg_trigger WHERE tgname = 'event_truncate_guard')
SQL
$node->safe_psql('fresh', <<'SQL');
DELETE FROM crm_state.install_skip WHERE object_name LIKE 'crm.progress' OR object_name LIKE '%event%';
SELECT crm.install();
SQL

# Triggers of other definitions are made anew; disabled ones and those that install_skip lists stay.
my $TRIGGERS = "SELECT status, detail, hint FROM crm.health() WHERE check_name = 'triggers'";
is($node->safe_psql('fresh', $TRIGGERS), 'ok|all present, enabled and as crm makes them|', 'crm.health() finds the triggers as they should be');
$node->safe_psql('fresh', <<'SQL');
ALTER TABLE crm.sales_order ENABLE ALWAYS TRIGGER sales_order_au;
SQL
my $triggers = fingerprint($node, 'fresh', parts => ['trigger']);
my $DIFFERENT = join ', ', map { "$_ is different" }
  qw(campaign_fill customer_ai event_truncate_guard lead_stamp region_tree_ai sales_order_au);
$node->safe_psql('fresh', <<'SQL');
CREATE OR REPLACE TRIGGER campaign_fill BEFORE INSERT ON crm.campaign FOR EACH ROW EXECUTE FUNCTION crm._currency_fill('end_date');
CREATE OR REPLACE TRIGGER event_truncate_guard BEFORE DELETE ON crm.event FOR EACH STATEMENT EXECUTE FUNCTION crm._no_truncate();
CREATE OR REPLACE TRIGGER lead_stamp BEFORE INSERT OR UPDATE ON crm.lead FOR EACH ROW WHEN (NEW.lead_id > 0)
	EXECUTE FUNCTION crm._stamp('lead_id', 'score', 'scored_at');
CREATE OR REPLACE TRIGGER region_tree_ai AFTER INSERT ON crm.region REFERENCING NEW TABLE AS others FOR EACH STATEMENT
	EXECUTE FUNCTION crm._tree_check('region_id', 'parent_region_id');
CREATE OR REPLACE TRIGGER sales_order_au AFTER UPDATE ON crm.sales_order REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION crm._customer_au();
ALTER TABLE crm.sales_order ENABLE ALWAYS TRIGGER sales_order_au;
DROP TRIGGER customer_ai ON crm.customer;
CREATE CONSTRAINT TRIGGER customer_ai AFTER INSERT ON crm.customer FOR EACH ROW EXECUTE FUNCTION crm._customer_ai();
SQL
like($node->safe_psql('fresh', $TRIGGERS), qr/^error\|$DIFFERENT\|Run SELECT crm\.install\(\)/,
	'crm.health() names those of another definition, with a hint');
is($node->safe_psql('fresh', <<SQL), "t\ncampaign, customer, event, lead, region, sales_order", 'crm.install() locks no other table');
BEGIN;
SELECT crm.install();
SELECT string_agg(DISTINCT c.relname, ', ' ORDER BY c.relname)
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relnamespace::regnamespace::text IN $SCHEMAS AND c.relkind = 'r'
	AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock');
COMMIT;
SQL
is($node->safe_psql('fresh', $TRIGGERS), 'ok|all present, enabled and as crm makes them|', 'and makes them anew');
same_fingerprint($triggers, fingerprint($node, 'fresh', parts => ['trigger']), 'as they were, one that fires always too', only => ['trigger']);

$node->safe_psql('fresh', <<'SQL');
ALTER TABLE crm.sales_order ENABLE TRIGGER sales_order_au;
ALTER TABLE crm.contact DISABLE TRIGGER contact_au;
CREATE OR REPLACE TRIGGER campaign_fill BEFORE INSERT ON crm.campaign FOR EACH ROW EXECUTE FUNCTION crm._currency_fill('end_date');
INSERT INTO crm_state.install_skip (object_name, reason) VALUES ('crm.campaign.campaign_fill', 'the rate of the last day');
SQL
$triggers = fingerprint($node, 'fresh', parts => ['trigger']);
$node->safe_psql('fresh', 'SELECT crm.install()');
same_fingerprint($triggers, fingerprint($node, 'fresh', parts => ['trigger']),
	'a disabled trigger and one that install_skip lists stay', only => ['trigger']);
is($node->safe_psql('fresh', $TRIGGERS),
	'error|contact_au is disabled|Enable the disabled ones with ALTER TABLE ... ENABLE TRIGGER. Then run SELECT * FROM crm.verify().',
	'crm.health() reports the disabled one');
$node->safe_psql('fresh', <<'SQL');
ALTER TABLE crm.contact ENABLE TRIGGER contact_au;
DELETE FROM crm_state.install_skip WHERE object_name = 'crm.campaign.campaign_fill';
SELECT crm.install();
SQL

# Views that a DBA gave other columns stay, with all that is built on them; those with another query are renewed.
my $views = fingerprint($node, 'fresh', parts => ['column']);
$node->safe_psql('fresh', <<'SQL');
DO $$
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW crm.low_stock WITH (security_invoker = true) AS SELECT v.*, 42 AS shelf FROM (%s) AS v',
		rtrim(pg_get_viewdef('crm.low_stock'), ';'));
	EXECUTE format('CREATE OR REPLACE VIEW crm.v_timeline WITH (security_invoker = true) AS SELECT v.* FROM (%s) AS v WHERE false',
		rtrim(pg_get_viewdef('crm.v_timeline'), ';'));
END
$$;
ALTER VIEW crm.progress RENAME COLUMN done TO so_far;
CREATE VIEW public.shelves AS SELECT shelf FROM crm.low_stock;
SQL
(undef, my $installed, $errors) = run_psql($node, 'fresh', 'SELECT crm.install()');
is($installed, 't', 'crm.install() goes on where a DBA gave a view other columns');
is(join(' ', sort $errors =~ /NOTICE:  view (\S+) stays as it is: columns/g), 'crm.low_stock crm.progress', 'names each such view');
like($errors, qr/HINT:  .*crm_state\.install_skip\./, 'with a hint');
is($node->safe_psql('fresh', <<'SQL'), 'shelf so_far', 'and leaves them as they are');
SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
WHERE attrelid IN ('crm.low_stock'::regclass, 'crm.progress'::regclass) AND attname IN ('shelf', 'so_far', 'done')
SQL
unlike($node->safe_psql('fresh', "SELECT pg_get_viewdef('crm.v_timeline')"), qr/WHERE false/, 'a view of another query is renewed');
$node->safe_psql('fresh', 'DROP VIEW public.shelves, crm.low_stock; ALTER VIEW crm.progress RENAME COLUMN so_far TO done; SELECT crm.install()');
same_fingerprint($views, fingerprint($node, 'fresh', parts => ['column']), 'once dropped it comes back', only => ['column']);

# ---------------------------------------------------------------------------------------------
# DROP EXTENSION and CREATE EXTENSION
# ---------------------------------------------------------------------------------------------

# Leaves out of a fingerprint what belongs to views, which may call members of the extension.
sub without_views
{
	my ($print, @views) = @_;
	my %copy = map { $_ => { %{ $print->{$_} } } } keys %$print;

	foreach my $view (@views)
	{
		delete $copy{column}{$_} foreach grep { /^\Q$view\E\./ } keys %{ $copy{column} };
	}
	return \%copy;
}

my $before = fingerprint($node, 'fresh');
my @views = keys %{ $before->{view} // {} };
(undef, undef, $errors) = run_psql($node, 'fresh', 'DROP EXTENSION crm');
like($errors, qr/cannot drop extension crm because other objects depend on it.*HINT: /s, 'DROP EXTENSION is refused');
same_fingerprint($before, fingerprint($node, 'fresh'), 'and changes nothing');
$node->safe_psql('fresh', 'DROP EXTENSION crm CASCADE');
same_fingerprint(without_views($before, @views),
	without_views(fingerprint($node, 'fresh', parts => [qw(rows column constraint index relation)]), @views),
	'DROP EXTENSION CASCADE keeps every table, row, column, index and right',
	only => [qw(rows sequence column constraint index)]);
is($node->safe_psql('fresh', <<SQL), '0', 'and takes all functions in C and their triggers along');
SELECT count(*) FROM pg_proc p
WHERE p.pronamespace::regnamespace::text IN $SCHEMAS AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
SQL
$node->safe_psql('fresh', 'CREATE EXTENSION crm');
same_fingerprint($before, fingerprint($node, 'fresh'), 'CREATE EXTENSION adopts them and brings the rest back');
my $stock = $node->safe_psql('fresh', "SELECT stock_quantity FROM crm.product WHERE sku = 'LAMP-1'");
$node->safe_psql('fresh', <<'SQL');
SELECT crm.place_order((SELECT min(customer_id) FROM crm.customer),
	jsonb_build_array(jsonb_build_object('product_id', (SELECT product_id FROM crm.product WHERE sku = 'LAMP-1'), 'quantity', 3)))
SQL
is($node->safe_psql('fresh', "SELECT stock_quantity FROM crm.product WHERE sku = 'LAMP-1'"), $stock - 3, 'an order takes stock again');
no_verify_difference($node, 'fresh', 'and crm.verify() finds nothing');

# ---------------------------------------------------------------------------------------------
# The setting crm.install
# ---------------------------------------------------------------------------------------------

# Creates a database, then the extension under some setting; returns what was said and the number of tables.
sub create_under
{
	my ($database, $settings) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	my (undef, undef, $said) = run_psql($node, $database, "$settings; CREATE EXTENSION crm");
	return ($said, $node->safe_psql($database, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN $SCHEMAS"));
}

my ($said, $tables) = create_under('off', 'SET crm.install = off');
is($tables, '0', 'crm.install = off makes no table');
like($said, qr/NOTICE:  the tables of crm are not created: crm\.install is off\n.*HINT:  To create them, run SELECT crm\.install\(\)\./s,
	'and says so with a hint');
is($node->safe_psql('off', 'SELECT crm.install()'), 't', 'crm.install() by hand makes them');
same_fingerprint($fresh, fingerprint($node, 'off'), 'as CREATE EXTENSION does', @STRUCTURE);

($said, $tables) = create_under('restoring', 'SET xmloption = content');
is($tables, '0', 'where a dump is restored, no table is made');
like($said, qr/NOTICE: .*a dump seems to be restored.*\n.*HINT:  To create them/s, 'and the notice says why');

($said, $tables) = create_under('forced', 'SET crm.install = on; SET xmloption = content');
is($said, '', 'crm.install = on installs whatever the session looks like');
same_fingerprint($fresh, fingerprint($node, 'forced'), 'all of it', @STRUCTURE);

$node->safe_psql('forced', 'SET xmloption = content; DROP EXTENSION crm CASCADE; CREATE EXTENSION crm');
same_fingerprint($fresh, fingerprint($node, 'forced'), 'tables that are there are adopted even then', @STRUCTURE);

# ---------------------------------------------------------------------------------------------
# Files outside of the server's own folder
# ---------------------------------------------------------------------------------------------

# Copies the extension's files, with a table more, and creates the extension along a path; returns whether it has the table.
sub table_along
{
	my ($database, $path) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql('postgres', "ALTER DATABASE $database SET extension_control_path = '$path'");
	return $node->safe_psql($database, "CREATE EXTENSION crm; SELECT to_regclass('crm_state.from_elsewhere')");
}

SKIP:
{
	skip 'extension_control_path came with PostgreSQL 18', 3 if $node->pg_version < 18;
	my $elsewhere = PostgreSQL::Test::Utils::tempdir();
	chomp(my $share = `pg_config --sharedir`);
	system("mkdir '$elsewhere/extension' && cp '$share'/extension/crm* '$elsewhere/extension/'") == 0 or die 'cannot copy the files';
	append_to_file((glob "$elsewhere/extension/crm-schema--*.sql")[0], "CREATE TABLE IF NOT EXISTS crm_state.from_elsewhere (n bigint);\n");
	is(table_along('elsewhere', "/nowhere:$elsewhere:\$system"), 'crm_state.from_elsewhere', 'the schema script lies beside the control file');
	is(table_along('system_first', "\$system:$elsewhere"), '', 'of the first folder that has one');
	is(table_along('no_path', ''), '', 'or of the server');
}

# ---------------------------------------------------------------------------------------------
# Who may
# ---------------------------------------------------------------------------------------------

$node->safe_psql('off', 'CREATE ROLE sally LOGIN; GRANT crm_admin TO sally');
(undef, undef, $errors) = run_psql($node, 'off', 'SET ROLE sally; SELECT crm.install()');
like($errors, qr/permission denied for function install/, 'an administrator of the CRM cannot call crm.install()');
$node->safe_psql('off', 'GRANT EXECUTE ON FUNCTION crm.install(), crm.migrate() TO sally');
(undef, undef, $errors) = run_psql($node, 'off', 'SET ROLE sally; SELECT crm.install()');
like($errors, qr/permission denied for function crm\.install\n.*HINT:  Call it as a superuser\./s, 'nor with the right to execute it');
(undef, undef, $errors) = run_psql($node, 'off', 'SET ROLE sally; SELECT crm.migrate()');
like($errors, qr/permission denied for function crm\.migrate\n.*HINT: /s, 'nor crm.migrate()');

# ---------------------------------------------------------------------------------------------
# Tables of another version
# ---------------------------------------------------------------------------------------------

$node->safe_psql('off', "UPDATE crm.schema_version SET version = '0.0.1'");
(undef, undef, $errors) = run_psql($node, 'off', 'SELECT crm.install()');
like($errors, qr/ERROR:  the tables are of crm 0\.0\.1, the library is of .*\n.*HINT:  Run SELECT crm\.migrate\(\)/s,
	'crm.install() leaves tables of another version to crm.migrate()');
(undef, undef, $errors) = run_psql($node, 'off', 'SELECT crm.migrate()');
like($errors, qr/there is no migration from version 0\.0\.1/, 'which says so if there is no way');
$node->safe_psql('off', 'DROP EXTENSION crm CASCADE');
(undef, undef, $errors) = run_psql($node, 'off', 'CREATE EXTENSION crm');
like($errors, qr/NOTICE:  .*the tables are of crm 0\.0\.1.*\n.*HINT:  .*crm\.migrate\(\)/s, 'so does CREATE EXTENSION, with a notice');
is($node->safe_psql('off', 'SELECT version FROM crm.schema_version'), '0.0.1', 'and keeps the version of the tables');

# Other encodings than UTF-8
foreach my $encoding (qw(LATIN1 SQL_ASCII EUC_JP))
{
	$node->safe_psql('postgres', "CREATE DATABASE other_encoding ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	($code, undef, $errors) = run_psql($node, 'other_encoding', 'CREATE EXTENSION crm');
	is("$code $errors", '0 ', "the extension can be created in a database in $encoding");
	$node->safe_psql('postgres', 'DROP DATABASE other_encoding');
}

# A schema without rows, as from pg_dump --schema-only, gets its first rows.
$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->command_ok([ 'bash', '-c', "pg_dump --schema-only -d '" . $node->connstr('forced') . "' | psql -X -q -v ON_ERROR_STOP=1 -d '"
	  . $node->connstr('bare') . "'" ], 'a schema without rows can be restored');
$node->safe_psql('bare', 'SELECT crm.install()');
is($node->safe_psql('bare', 'SELECT count(*) FROM crm.organization'), '1', 'and crm.install() fills it');
is($node->safe_psql('bare', 'SELECT count(*) FROM crm.pipeline_stage'), $node->safe_psql('forced', 'SELECT count(*) FROM crm.pipeline_stage'),
	'as a fresh one');

$node->stop;
done_testing();
