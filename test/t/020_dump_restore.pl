# Dump and restore: what comes back is what was there, in every mode of pg_dump and pg_restore, with all that a DBA
# added; nothing fires while it comes back, everything works afterwards.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $node = crm_node('source', conf => "wal_level = logical\n");
my $dir = PostgreSQL::Test::Utils::tempdir();
my @SCHEMAS = qw(crm crm_bi crm_state shop);

# Makes a dump; dies if pg_dump says anything.
sub dump_to
{
	my (@arguments) = @_;
	my ($code, $errors) = run_program($node, 'pg_dump', '-d', $node->connstr('source'), @arguments);

	die "pg_dump @arguments: $errors" if $code || $errors ne '';
	return;
}

# Runs a restore and checks that nothing went wrong.
sub restores_without_error
{
	my ($name, @commands) = @_;
	my $trouble = '';

	foreach my $command (@commands)
	{
		my ($program, @arguments) = @$command;
		my ($code, $errors) = run_program($node, $program, @arguments);
		$trouble .= $errors;
		$trouble .= "exit code $code\n" if $code;
	}
	$trouble =~ s/^psql:.*NOTICE:  the tables of crm are not created.*\n(.*HINT: .*\n)?//mg;
	is($trouble, '', "$name: restored without error");
	return;
}

# ---------------------------------------------------------------------------------------------
# Only the schemas, into a database whose extension was created without tables
# ---------------------------------------------------------------------------------------------

crm_database($node, 'source');
crm_seed($node, 'source');
is($node->safe_psql('source', <<'SQL'), '', 'there is a row in every table');
SELECT c.oid::regclass FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN ('crm', 'crm_bi', 'crm_state') AND c.relkind = 'r'
	AND (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass, false, true, '')))[1]::text = '0'
SQL

my $plain = fingerprint($node, 'source');
my @ours = map { ('-n', $_) } qw(crm crm_bi crm_state);
dump_to(@ours, '-f', "$dir/schemas.sql");
$node->safe_psql('postgres', 'CREATE DATABASE schemas');
$node->safe_psql('schemas', 'SET crm.install = off; CREATE EXTENSION crm');
my (undef, undef, $errors) = run_psql($node, 'schemas', '', extra_params => [ '-f', "$dir/schemas.sql" ]);
my @lines = grep { /ERROR/ } split /\n/, $errors;
is(scalar(@lines), 1, 'a dump of the schemas: one error');
like($lines[0] // '', qr/schema "crm" already exists/, 'which is that schema crm is there');
same_fingerprint($plain, fingerprint($node, 'schemas'),
	'and everything is back but default privileges and rights on members, which stand outside the schemas',
	except => [qw(default_privilege function)]);
$node->safe_psql('schemas', 'SELECT crm.install()');
same_fingerprint($plain, fingerprint($node, 'schemas'), 'crm.install() gives those');
works($node, 'schemas', 'a dump of the schemas');

# ---------------------------------------------------------------------------------------------
# Only the data, into a fresh database whose first rows were taken out as docs/install.md says
# ---------------------------------------------------------------------------------------------

my ($empty) = slurp_file('docs/install.md') =~ /(SET session_replication_role = replica;.*?\\gexec\n)/s;
ok($empty, 'docs/install.md says how to empty the tables');
append_to_file("$dir/empty.sql", $empty);
PostgreSQL::Test::Utils::system_or_bail($node->installed_command('pg_dump'), '-a', '--disable-triggers', '-f', "$dir/data.sql",
	'-d', $node->connstr('source'));
$node->safe_psql('postgres', 'CREATE DATABASE data_only');
$node->safe_psql('data_only', 'CREATE EXTENSION crm');
restores_without_error('a dump of the data', map { [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$_.sql", '-d', $node->connstr('data_only') ] }
	  qw(empty data));
same_fingerprint($plain, fingerprint($node, 'data_only'), 'a dump of the data brings every row back', only => [qw(rows sequence)]);
works($node, 'data_only', 'a dump of the data');

# ---------------------------------------------------------------------------------------------
# What a DBA adds and changes
# ---------------------------------------------------------------------------------------------

$node->safe_psql('source', <<'SQL');
CREATE ROLE shop_admin; CREATE ROLE shop_reader;
CREATE SCHEMA shop AUTHORIZATION shop_admin;
CREATE TYPE shop.grade AS ENUM ('gold', 'silver');
CREATE TABLE shop.log (log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
-- Definer's rights: what the CRM writes itself, it writes as crm_owner.
CREATE FUNCTION shop.note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
	AS $$BEGIN INSERT INTO shop.log (what) VALUES (TG_OP || ' ' || TG_RELNAME || ' ' || crm.version()); RETURN NULL; END$$;
CREATE TRIGGER aa_note AFTER INSERT OR UPDATE OR DELETE ON crm.customer FOR EACH ROW EXECUTE FUNCTION shop.note_change();
CREATE TRIGGER zz_note AFTER INSERT ON crm.stock_movement FOR EACH ROW EXECUTE FUNCTION shop.note_change();
CREATE TRIGGER zz_alert AFTER INSERT ON crm.stock_alert FOR EACH ROW EXECUTE FUNCTION shop.note_change();
ALTER TABLE crm.stock_alert DISABLE TRIGGER zz_alert;

ALTER TABLE crm.customer ADD COLUMN loyalty_no text COLLATE "C" DEFAULT 'none';
ALTER TABLE crm.customer ADD COLUMN grade shop.grade;
ALTER TABLE crm.customer ADD COLUMN dropped_again int;
ALTER TABLE crm.customer DROP COLUMN dropped_again;
ALTER TABLE crm.customer ADD CONSTRAINT customer_loyalty_no_check CHECK (loyalty_no <> '') NOT VALID;
ALTER TABLE crm.customer ALTER COLUMN service_class SET DEFAULT 'premium';
ALTER TABLE crm.customer ALTER COLUMN city SET STATISTICS 500;
ALTER TABLE crm.customer ALTER COLUMN street SET STORAGE EXTERNAL;
CREATE INDEX customer_loyalty_no_idx ON crm.customer (loyalty_no) WHERE loyalty_no <> 'none';
CREATE UNIQUE INDEX staff_phone_key ON crm.staff (phone);
ALTER TABLE crm.customer CLUSTER ON customer_pkey;
CREATE STATISTICS shop.customer_place (dependencies, ndistinct) ON country_code, state, city FROM crm.customer;
ALTER STATISTICS shop.customer_place SET STATISTICS 300;
COMMENT ON TABLE crm.customer IS 'Our patients.';
COMMENT ON COLUMN crm.customer.loyalty_no IS E'Number on the card;\nnone: has no card';
COMMENT ON COLUMN crm.customer.phone IS NULL;
COMMENT ON SCHEMA crm IS 'The CRM of the clinic.';
COMMENT ON INDEX crm.customer_pkey IS 'By number.';
COMMENT ON EXTENSION crm IS 'Bought in 2024.';
ALTER TABLE crm.product SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE crm.campaign REPLICA IDENTITY FULL;
ALTER TABLE crm.model OWNER TO shop_admin;
ALTER TABLE crm.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_shop_select ON crm.customer FOR SELECT TO shop_reader USING (country_code = 'DE');
CREATE POLICY customer_admin_all ON crm.customer TO crm_admin USING (true) WITH CHECK (crm.version() <> '');

GRANT USAGE ON SCHEMA crm, shop TO shop_reader;
REVOKE USAGE ON SCHEMA crm FROM crm_auditor;
GRANT SELECT ON crm.customer TO shop_reader WITH GRANT OPTION;
GRANT SELECT (name, price), UPDATE (price) ON crm.product TO shop_reader;
REVOKE DELETE ON crm.customer FROM crm_admin;
REVOKE ALL ON crm.staff FROM crm_admin;
GRANT EXECUTE ON FUNCTION crm.version() TO shop_reader;
REVOKE EXECUTE ON FUNCTION crm.cancel_order(bigint, text) FROM crm_admin;
GRANT USAGE ON SEQUENCE crm.customer_customer_id_seq TO shop_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner IN SCHEMA crm GRANT SELECT ON TABLES TO shop_reader;

UPDATE crm.pipeline_stage SET win_probability = 0.55, name = 'offer' WHERE name = 'proposal';
DELETE FROM crm.loss_reason WHERE name = 'timing';
DELETE FROM crm.interaction_type WHERE name <> 'phone call';
DELETE FROM crm.exchange_rate;
UPDATE crm.currency SET name = 'Taler' WHERE currency_code = 'CHF';
DROP INDEX crm.customer_postal_code_idx;
DROP TRIGGER customer_truncate_guard ON crm.customer;
ALTER TABLE crm.product DISABLE TRIGGER product_truncate_guard;
SELECT setval('crm.customer_customer_id_seq', 5000);

CREATE VIEW shop.big_customers WITH (security_invoker = true) AS
	SELECT c.customer_id, c.name, c.loyalty_no, m.net_revenue FROM crm.customer c JOIN crm.customer_metrics m USING (customer_id);
CREATE MATERIALIZED VIEW shop.stock_by_reason AS SELECT reason, sum(quantity) AS quantity FROM crm.stock_movement GROUP BY reason;
CREATE UNIQUE INDEX stock_by_reason_key ON shop.stock_by_reason (reason);
CREATE TABLE shop.visit (visit_id int PRIMARY KEY, customer_id bigint REFERENCES crm.customer, alert_id bigint REFERENCES crm.stock_alert);
INSERT INTO shop.visit SELECT row_number() OVER (), c.customer_id, NULL FROM crm.customer c;
CREATE UNLOGGED TABLE shop.cache (k text, v jsonb);
INSERT INTO shop.cache VALUES ('a', '[1, null]');
CREATE VIEW crm.my_open_orders AS SELECT sales_order_id, customer_id FROM crm.sales_order WHERE status = 'pending';
CREATE TABLE crm.my_notes (id int PRIMARY KEY, sales_order_id bigint REFERENCES crm.sales_order, note text);
INSERT INTO crm.my_notes VALUES (1, NULL, 'mine');
CREATE PUBLICATION shop_pub FOR TABLE crm.customer, crm.product (product_id, price);
UPDATE crm.customer SET loyalty_no = 'L' || customer_id, grade = 'gold' WHERE country_code = 'DE';
SQL

my $source = fingerprint($node, 'source', schemas => \@SCHEMAS);
my $text = dump_text($node, 'source');
ok($source->{rows}{'shop.log'} !~ /^0 /, 'the user\'s trigger has written');

# ---------------------------------------------------------------------------------------------
# Dumps, and each way to restore them into the same cluster
# ---------------------------------------------------------------------------------------------

dump_to('-f', "$dir/plain.sql");
dump_to('-Fc', '-f', "$dir/custom");
dump_to('-Fd', '-j', '2', '-f', "$dir/directory");
dump_to('-Fc', '--enable-row-security', '-f', "$dir/rls");

my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null');
my @restore = ('pg_restore', '-e');
my @MODES = (
	[ plain => [ @psql, '-f', "$dir/plain.sql" ] ],
	[ custom => [ @restore, "$dir/custom" ] ],
	[ parallel => [ @restore, '-j', '4', "$dir/custom" ] ],
	[ one => [ @restore, '-1', "$dir/custom" ] ],
	[ sections => map { [ @restore, "--section=$_", "$dir/custom" ] } qw(pre-data data post-data) ],
	[ rls => [ @restore, '--enable-row-security', "$dir/rls" ] ],
	[ directory => [ @restore, '-j', '4', "$dir/directory" ] ],
);
push @MODES,
  [ plain_one => [ @psql, '-1', '-f', "$dir/plain.sql" ] ],
  [ sections_parallel => map { [ @restore, '-j', '4', "--section=$_", "$dir/custom" ] } qw(pre-data data post-data) ]
  if is_slow();

foreach my $mode (@MODES)
{
	my ($name, @commands) = @$mode;
	$node->safe_psql('postgres', "CREATE DATABASE r_$name");
	restores_without_error($name, map { [ @$_, '-d', $node->connstr("r_$name") ] } @commands);
	same_fingerprint($source, fingerprint($node, "r_$name", schemas => \@SCHEMAS), "$name: the fingerprint is the same");
	same_dump($text, $node, "r_$name", "$name: its dump is the same text");
}
works($node, 'r_parallel', 'parallel');
is($node->safe_psql('r_parallel', "SELECT count(*) > 0 FROM shop.log l WHERE l.log_id > $1"), 't', 'the user\'s triggers fire again')
  if $source->{rows}{'shop.log'} =~ /^(\d+) /;
$node->safe_psql('r_plain', 'DELETE FROM crm.customer WHERE customer_id = (SELECT max(customer_id) FROM crm.customer WHERE external_id IS NULL AND NOT is_anonymous AND customer_id NOT IN (SELECT customer_id FROM shop.visit))');
is($node->safe_psql('r_plain', "SELECT nextval('crm.customer_customer_id_seq')"), '5001', 'sequences go on where they were');

# Over a database that is full already
restores_without_error('clean', [ @restore, '--clean', '--if-exists', '-d', $node->connstr('r_parallel'), "$dir/custom" ]);
same_fingerprint($source, fingerprint($node, 'r_parallel', schemas => \@SCHEMAS), 'clean: the fingerprint is the same');
same_dump($text, $node, 'r_parallel', 'clean: its dump is the same text');

$node->stop;
done_testing();
