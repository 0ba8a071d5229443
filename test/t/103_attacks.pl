# Attacks that need connections or databases of their own: an installation among traps (test/harness/hostile.sql), schemas
# that somebody else prepared, and a login that takes the place of another one.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CrmTest;

my $node = crm_node('attacks');
my $traps = slurp_file('test/harness/hostile.sql');
my $TRAPPED = "SET search_path = hostile, pg_catalog;\n";

# Each trap is an error, whoever springs it.
my $RAISE = <<'SQL';
CREATE OR REPLACE FUNCTION hostile.sprung(name pg_catalog.text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
	RAISE EXCEPTION 'trap: %', name;
END $$;
SQL

# Runs statements; returns their exit code and errors.
sub outcome
{
	my ($database, $sql, %option) = @_;
	my ($code, undef, $errors) = run_psql($node, $database, $sql, %option);
	return $errors =~ /ERROR/ ? $errors : 'done';
}

# Installing, and installing again, among traps
$node->safe_psql('postgres', 'CREATE DATABASE trapped');
$node->safe_psql('trapped', $traps . $RAISE);
like(outcome('trapped', "${TRAPPED}SELECT 1 + 1;"), qr/trap: operator \+\(integer,integer\)/, 'the traps are live');
is(outcome('trapped', "${TRAPPED}CREATE EXTENSION crm;"), 'done', 'CREATE EXTENSION springs none');
is($node->safe_psql('trapped', 'SELECT count(*) FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid AND d.refclassid = \'pg_proc\'::regclass
	WHERE p.pronamespace = \'hostile\'::regnamespace AND d.classid IN (\'pg_policy\'::regclass, \'pg_attrdef\'::regclass, \'pg_constraint\'::regclass)'),
	'0', 'no policy, default or constraint was bound to one');
is($node->safe_psql('trapped', 'SELECT count(*) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = \'pg_rewrite\'::regclass
	JOIN pg_class c ON c.oid = r.ev_class AND c.relnamespace <> \'hostile\'::regnamespace
	JOIN pg_operator o ON o.oid = d.refobjid AND d.refclassid = \'pg_operator\'::regclass AND o.oprnamespace = \'hostile\'::regnamespace'),
	'0', 'nor a view');
is(outcome('trapped', "${TRAPPED}SELECT crm.install();"), 'done', 'crm.install() springs none');
is(outcome('trapped', "${TRAPPED}SELECT crm.migrate();"), 'done', 'nor crm.migrate()');
is(outcome('trapped', "${TRAPPED}DROP EXTENSION crm CASCADE; CREATE EXTENSION crm;"), 'done', 'nor the way back after DROP EXTENSION');
is($node->safe_psql('trapped', q{SELECT count(*) FROM crm.health() WHERE status = 'error'}), '0', 'all is well then');

# Somebody prepared a schema: nothing is installed into it.
$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN');
foreach my $case (
	[ 'schema', 'CREATE SCHEMA crm AUTHORIZATION mallory', '42P06' ],
	[ 'state schema', 'CREATE SCHEMA crm_state AUTHORIZATION mallory', '42P06' ],
	[ 'function', 'CREATE SCHEMA crm; GRANT ALL ON SCHEMA crm TO mallory; SET ROLE mallory;
		CREATE FUNCTION crm._wanted_policies() RETURNS void LANGUAGE sql AS \'\'', '42710' ],
	[ 'operator', 'CREATE SCHEMA crm; GRANT ALL ON SCHEMA crm TO mallory; SET ROLE mallory;
		CREATE OPERATOR crm.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)', '42710' ],
	[ 'type', 'CREATE SCHEMA crm; GRANT ALL ON SCHEMA crm TO mallory; SET ROLE mallory;
		CREATE DOMAIN crm.int8 AS text', '42710' ],
	[ 'table', 'CREATE SCHEMA crm; GRANT ALL ON SCHEMA crm TO mallory; SET ROLE mallory;
		CREATE TABLE crm.customer (customer_id bigint PRIMARY KEY)', '42P07' ])
{
	my ($what, $sql, $state) = @$case;
	(my $database = "planted_$what") =~ tr/ /_/;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, $sql);
	like(outcome($database, 'CREATE EXTENSION crm;', extra_params => [ '-v', 'VERBOSITY=verbose' ]), qr/ERROR:  $state:/,
		"a $what of somebody else: refused");
}

# A login stays what it is.
crm_database($node, 'shop');
$node->safe_psql('shop', 'CREATE ROLE ann LOGIN; GRANT crm_sales_rep TO ann; CREATE ROLE adm LOGIN; GRANT crm_admin TO adm;');
foreach my $sql ('SET SESSION AUTHORIZATION adm', 'SET SESSION AUTHORIZATION crm_owner', 'SET ROLE adm', 'SET ROLE crm_admin',
	'SET ROLE crm_owner', 'SET session_replication_role = replica')
{
	like(outcome('shop', "$sql;", extra_params => [ '-U', 'ann', '-v', 'VERBOSITY=verbose' ]), qr/ERROR:  42501:/, "ann: $sql");
}
foreach my $role ('crm_owner', 'crm_admin', 'crm_app')
{
	my ($code) = run_psql($node, 'shop', 'SELECT 1', extra_params => [ '-U', $role ]);
	isnt($code, 0, "$role cannot log in");
}
# Forged with the connection: a path of her own, policies switched off
{
	local $ENV{PGOPTIONS} = '-c row_security=off';
	like(outcome('shop', 'SELECT count(*) FROM crm.customer;', extra_params => [ '-U', 'ann', '-v', 'VERBOSITY=verbose' ]), qr/ERROR:  42501:/,
		'row_security=off of PGOPTIONS is an error');
}
{
	local $ENV{PGOPTIONS} = '-c session_replication_role=replica';
	my ($code) = run_psql($node, 'shop', 'SELECT 1', extra_params => [ '-U', 'ann' ]);
	isnt($code, 0, 'session_replication_role of PGOPTIONS is refused');
}
# What a client is told and what the log keeps of a refusal holds keys, not persons.
$node->safe_psql('shop', q{INSERT INTO crm.customer (customer_id, last_name, email) VALUES (77, 'Geheim', 'geheim@example.com')});
my $start = -s $node->logfile;
foreach my $sql ('SELECT crm.place_order(77, \'[{"product_id": 1, "quantity": 1}]\')', 'SELECT crm.delete_customer(77)', 'SELECT crm.customer_profile(77)',
	'INSERT INTO crm.contact (customer_id, last_name) VALUES (77, \'x\')', 'UPDATE crm.customer SET email = \'x\' WHERE customer_id = 77')
{
	outcome('shop', "$sql;", extra_params => [ '-U', 'ann' ]);
}
outcome('shop', 'SELECT crm.place_order(77, \'[{"product_id": 1, "quantity": 1}]\'); DELETE FROM crm.customer WHERE customer_id = 77;');
unlike(slurp_file($node->logfile, $start), qr/geheim/i, 'the log tells nothing of the person');

done_testing();
