# What the TAP tests share: nodes with crm, a small set of data, fingerprints of databases, dumps.
package CrmTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(crm_node crm_database crm_seed crm_seed_sql fingerprint same_fingerprint fingerprint_diff
  dump_text run_psql same_dump run_program server_without_crm works is_slow no_difference no_verify_difference);

# Settings under which rows turn into the same text everywhere.
my $SETTINGS = <<'SQL';
SET search_path = pg_catalog;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 1;
SET row_security = off;
SET jit = off;
SQL

# Tells whether the long parameters are asked for.
sub is_slow
{
	return $ENV{CRM_SLOW} ? 1 : 0;
}

# Makes and starts a cluster; options: conf (text for postgresql.conf), init (more arguments of init),
# install_path (the server's own folder where it is not the usual one).
sub crm_node
{
	my ($name, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name, $option{install_path} ? (install_path => $option{install_path}) : ());

	$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ], %{ $option{init} // {} });
	$node->append_conf('postgresql.conf',
		"max_connections = 40\nlog_statement = none\nlog_lock_waits = on\n" . ($option{conf} // ''));
	$node->start;
	return $node;
}

# Creates a database with the extension in it.
sub crm_database
{
	my ($node, $database) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION crm');
	return $database;
}

# Makes a copy of the server that has no crm; returns the path for crm_node() and a command that installs crm there.
sub server_without_crm
{
	my ($copy) = @_;
	my %dir = map { chomp(my $d = `pg_config --$_`); ($_ => $d) } qw(bindir sharedir pkglibdir);

	# PostgreSQL finds its folders from its executable: that is copied, the others become trees of links.
	foreach my $name (qw(bindir sharedir pkglibdir))
	{
		system_or_bail('mkdir', '-p', "$copy$dir{$name}");
		system_or_bail('cp', $name eq 'bindir' ? '-RL' : '-Rs', "$dir{$name}/.", "$copy$dir{$name}/");
	}
	system_or_bail('bash', '-c', "rm -f $copy$dir{sharedir}/extension/crm* $copy$dir{pkglibdir}/crm.so");
	(my $path = "$copy$dir{bindir}") =~ s{/bin$}{};
	return ($path, [ 'bash', '-c', "ln -s $dir{sharedir}/extension/crm* $copy$dir{sharedir}/extension/"
		  . " && ln -s $dir{pkglibdir}/crm.so $copy$dir{pkglibdir}/" ]);
}

# Runs SQL and returns (exit code, stdout, stderr), whatever happens. Options as for psql().
sub run_psql
{
	my ($node, $database, $sql, %option) = @_;
	my ($stdout, $stderr) = ('', '');
	my $code = $node->psql($database, $sql, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0, %option);

	return ($code, $stdout, $stderr);
}

# Fills a database with a few rows in every table.
sub crm_seed
{
	my ($node, $database) = @_;

	$node->safe_psql($database, crm_seed_sql());
	return;
}

# Passes if crm.verify() finds nothing.
sub no_verify_difference
{
	my ($node, $database, $name) = @_;

	is($node->safe_psql($database, 'SELECT * FROM crm.verify()'), '', $name);
	return;
}

# ---------------------------------------------------------------------------------------------
# Fingerprints
# ---------------------------------------------------------------------------------------------

# A query per part: what is compared, its name, its whole definition. %s stands for the list of schemas.
my @PARTS = (
	[ schema => <<'SQL' ],
SELECT n.nspname::text, concat_ws(' ', n.nspowner::regrole, acl.text)
FROM pg_namespace n, LATERAL (
	SELECT string_agg(a::text, ',' ORDER BY a::text COLLATE "C") AS text
	FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) a) acl
WHERE n.nspname = ANY (%s)
SQL
	[ relation => <<'SQL' ],
SELECT c.oid::regclass::text, concat_ws(' ', c.relkind, c.relpersistence, c.relowner::regrole, am.amname,
	c.reloptions::text, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reltablespace, c.relispartition,
	pg_get_partkeydef(c.oid), acl.text)
FROM pg_class c LEFT JOIN pg_am am ON am.oid = c.relam, LATERAL (
	SELECT string_agg(a::text, ',' ORDER BY a::text COLLATE "C") AS text
	FROM unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a) acl
WHERE c.relnamespace::regnamespace::text = ANY (%s)
SQL
	[ column_right => <<'SQL' ],
SELECT format('%%s.%%s', a.attrelid::regclass, a.attname),
	(SELECT string_agg(r::text, ',' ORDER BY r::text COLLATE "C") FROM unnest(a.attacl) r)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace::regnamespace::text = ANY (%s) AND a.attacl IS NOT NULL AND NOT a.attisdropped
SQL
	[ column => <<'SQL' ],
SELECT format('%%s.%%s', a.attrelid::regclass, a.attname), concat_ws(' ',
	row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod),
	a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstorage, a.attcompression,
	a.attstattarget, options.text, pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum, LATERAL (
	-- Some minor releases stamp columns with an option of their own.
	SELECT string_agg(o, ',' ORDER BY o) AS text FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_%%') options
WHERE c.relnamespace::regnamespace::text = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped
	AND c.relkind IN ('r', 'p', 'v', 'm', 'c', 'f')
SQL
	[ constraint => <<'SQL' ],
SELECT format('%%s on %%s', o.conname, o.conrelid::regclass), concat_ws(' ', o.contype, o.convalidated,
	pg_get_constraintdef(o.oid))
FROM pg_constraint o
WHERE o.connamespace::regnamespace::text = ANY (%s) AND o.contype <> 'n'
SQL
	[ index => <<'SQL' ],
SELECT i.indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready,
	i.indisclustered, i.indisreplident, c.reloptions::text)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace::regnamespace::text = ANY (%s)
SQL
	[ trigger => <<'SQL' ],
SELECT format('%%s on %%s', t.tgname, t.tgrelid::regclass), concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace::regnamespace::text = ANY (%s) AND NOT t.tgisinternal
SQL
	[ policy => <<'SQL' ],
SELECT format('%%s on %%s', p.polname, p.polrelid::regclass), concat_ws(' ', p.polcmd, p.polpermissive,
	(SELECT string_agg(r::regrole::text, ',' ORDER BY r::regrole::text) FROM unnest(p.polroles) r),
	pg_get_expr(p.polqual, p.polrelid), '/', pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace::regnamespace::text = ANY (%s)
SQL
	[ view => <<'SQL' ],
SELECT c.oid::regclass::text, pg_get_viewdef(c.oid)
FROM pg_class c
WHERE c.relnamespace::regnamespace::text = ANY (%s) AND c.relkind IN ('v', 'm')
SQL
	[ rule => <<'SQL' ],
SELECT format('%%s on %%s', r.rulename, r.ev_class::regclass), concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid))
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace::regnamespace::text = ANY (%s) AND r.rulename <> '_RETURN'
SQL
	[ function => <<'SQL' ],
SELECT p.oid::regprocedure::text, concat_ws(' ', p.prokind, p.proowner::regrole, acl.text,
	CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, g::text)
FROM pg_proc p LEFT JOIN (
	SELECT aggfnoid::oid AS oid, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, agginitval
	FROM pg_aggregate) g ON g.oid = p.oid AND p.prokind = 'a', LATERAL (
	SELECT string_agg(a::text, ',' ORDER BY a::text COLLATE "C") AS text
	FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a) acl
WHERE p.pronamespace::regnamespace::text = ANY (%s)
SQL
	[ type => <<'SQL' ],
SELECT t.oid::regtype::text, concat_ws(' ', t.typtype, t.typowner::regrole, t.typacl::text)
FROM pg_type t
WHERE t.typnamespace::regnamespace::text = ANY (%s)
SQL
	[ operator => <<'SQL' ],
SELECT o.oid::regoperator::text, concat_ws(' ', o.oprowner::regrole, o.oprcode)
FROM pg_operator o
WHERE o.oprnamespace::regnamespace::text = ANY (%s)
SQL
	[ statistics => <<'SQL' ],
SELECT format('%%s.%%s', s.stxnamespace::regnamespace, s.stxname), concat_ws(' ', s.stxowner::regrole,
	s.stxstattarget, pg_get_statisticsobjdef(s.oid))
FROM pg_statistic_ext s
WHERE s.stxnamespace::regnamespace::text = ANY (%s)
SQL
	[ publication => <<'SQL' ],
SELECT format('%%s of %%s.%%s', t.pubname, t.schemaname, t.tablename), concat_ws(' ', t.attnames, t.rowfilter)
FROM pg_publication_tables t
WHERE t.schemaname = ANY (%s)
SQL
	[ comment => <<'SQL' ],
SELECT format('%%s %%s', i.type, i.identity), d.description
FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE d.objoid >= 16384 AND '%s' <> ''
SQL
	[ default_privilege => <<'SQL' ],
SELECT concat_ws(' ', d.defaclrole::regrole, nullif(d.defaclnamespace, 0)::regnamespace, d.defaclobjtype),
	(SELECT string_agg(a::text, ',' ORDER BY a::text COLLATE "C") FROM unnest(d.defaclacl) a)
FROM pg_default_acl d
WHERE '%s' <> ''
SQL
	[ extension => <<'SQL' ],
SELECT e.extname::text, concat_ws(' ', e.extversion, e.extnamespace::regnamespace, e.extowner::regrole, e.extrelocatable,
	e.extconfig::text)
FROM pg_extension e
WHERE '%s' <> ''
SQL
	[ member => <<'SQL' ],
SELECT format('%%s: %%s', e.extname, pg_describe_object(d.classid, d.objid, d.objsubid)), d.deptype::text
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype IN ('e', 'x') AND '%s' <> ''
SQL
	[ initial_privilege => <<'SQL' ],
SELECT pg_describe_object(i.classoid, i.objoid, i.objsubid), concat_ws(' ', i.privtype,
	(SELECT string_agg(a::text, ',' ORDER BY a::text COLLATE "C") FROM unnest(i.initprivs) a))
FROM pg_init_privs i
WHERE i.objoid >= 16384 AND '%s' <> ''
SQL
	[ event_trigger => <<'SQL' ],
SELECT t.evtname::text, concat_ws(' ', t.evtevent, t.evtowner::regrole, t.evtenabled, t.evttags::text, t.evtfoid::regprocedure)
FROM pg_event_trigger t
WHERE '%s' <> ''
SQL
	[ role => <<'SQL' ],
SELECT r.rolname::text, concat_ws(' ', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
	r.rolreplication, r.rolbypassrls, shobj_description(r.oid, 'pg_authid'))
FROM pg_roles r
WHERE r.rolname LIKE 'crm\_%%' AND '%s' <> ''
SQL
);

# Returns the queries of a fingerprint for a list of schemas.
sub catalogue_queries
{
	my ($schemas, $wanted) = @_;
	my @queries;

	foreach my $part (@PARTS)
	{
		my ($name, $sql) = @$part;
		next if $wanted && !grep { $_ eq $name } @$wanted;
		my $list = 'ARRAY[' . join(', ', map { "'$_'" } @$schemas) . ']';
		$list = 'all' if $sql =~ /'%s'/;
		push @queries, "SELECT '$name', q.* FROM (" . sprintf($sql, $list) . ') q (key, value)';
	}
	return @queries;
}

# Returns a query for the rows of each table and the state of each sequence.
sub data_queries
{
	my ($node, $database, $schemas) = @_;
	my $list = join(', ', map { "'$_'" } @$schemas);
	my @relations = split /\n/, $node->safe_psql($database, <<SQL);
SET search_path = pg_catalog;
SELECT concat_ws(' ', c.relkind, c.oid::regclass)
FROM pg_class c
WHERE c.relnamespace::regnamespace::text IN ($list) AND c.relkind IN ('r', 'm', 'S') AND c.relispopulated
ORDER BY c.oid::regclass::text COLLATE "C"
SQL
	my @queries;

	foreach my $line (@relations)
	{
		my ($kind, $name) = split / /, $line, 2;
		(my $quoted = $name) =~ s/'/''/g;
		if ($kind eq 'S')
		{
			push @queries, "SELECT 'sequence', '$quoted', concat_ws(' ', s.last_value, s.is_called, "
			  . "(SELECT q::text FROM (SELECT seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle "
			  . "FROM pg_sequence WHERE seqrelid = '$quoted'::regclass) q)) FROM $name s";
		}
		else
		{
			push @queries, "SELECT 'rows', '$quoted', concat_ws(' ', count(*), "
			  . "md5(string_agg(h, '' ORDER BY h COLLATE \"C\"))) FROM (SELECT md5(t::text) AS h FROM $name t) q";
		}
	}
	return @queries;
}

# Returns the fingerprint of a database: part -> name -> definition or checksum.
# Options: schemas (crm, crm_bi and crm_state by default), parts (all by default; rows and sequence are the data).
sub fingerprint
{
	my ($node, $database, %option) = @_;
	my $schemas = $option{schemas} // [qw(crm crm_bi crm_state)];
	my $parts = $option{parts};
	my @queries = catalogue_queries($schemas, $parts);
	my %print;

	push @queries, data_queries($node, $database, $schemas) if !$parts || grep { $_ eq 'rows' } @$parts;
	my $sql = $SETTINGS . 'SELECT part, key, replace(value, E\'\n\', \'\n\') FROM ('
	  . join("\nUNION ALL\n", @queries) . ') f (part, key, value)';
	foreach my $line (split /\n/, $node->safe_psql($database, $sql, extra_params => [ '-F', "\x1f" ]))
	{
		my ($part, $key, $value) = split /\x1f/, $line, 3;
		$print{$part}{$key} = $value;
	}
	foreach my $part ($parts ? () : qw(rows sequence relation function trigger))
	{
		die "the fingerprint of $database holds no $part" unless $print{$part};
	}
	return \%print;
}

# Cuts two texts to where they begin to differ.
sub from_difference
{
	my ($was, $is) = @_;

	my $same = length(($was ^ $is) =~ /^(\0*)/ ? $1 : '');
	my $start = $same > 60 ? $same - 60 : 0;
	return map { ($start ? '...' : '') . substr($_, $start, 240) } ($was, $is);
}

# Returns the differences of two fingerprints as lines; options: except (parts), only (parts).
sub fingerprint_diff
{
	my ($old, $new, %option) = @_;
	my %parts = map { $_ => 1 } keys %$old, keys %$new;
	my @lines;

	delete $parts{$_} foreach @{ $option{except} // [] };
	if ($option{only})
	{
		my %only = map { $_ => 1 } @{ $option{only} };
		delete $parts{$_} foreach grep { !$only{$_} } keys %parts;
	}
	foreach my $part (sort keys %parts)
	{
		my %keys = map { $_ => 1 } keys %{ $old->{$part} // {} }, keys %{ $new->{$part} // {} };
		foreach my $key (sort keys %keys)
		{
			my $was = $old->{$part}{$key} // '(none)';
			my $is = $new->{$part}{$key} // '(none)';
			push @lines, "$part $key\n    was " . join("\n    is  ", from_difference($was, $is)) if $was ne $is;
		}
	}
	return @lines;
}

# Passes if a list of differences is empty; else shows its beginning.
sub no_difference
{
	my ($name, @lines) = @_;

	ok(@lines == 0, $name);
	diag(scalar(@lines) . " differences\n" . join("\n", @lines > 15 ? @lines[ 0 .. 14 ] : @lines)) if @lines;
	return @lines == 0;
}

# Passes if two fingerprints are equal. Options as for fingerprint_diff().
sub same_fingerprint
{
	my ($old, $new, $name, %option) = @_;

	return no_difference($name, fingerprint_diff($old, $new, %option));
}

# Runs a program of the server's; returns its exit code and what it said.
sub run_program
{
	my ($node, $program, @arguments) = @_;
	my ($output, $errors) = ('', '');

	IPC::Run::run([ $node->installed_command($program), @arguments ], '>', \$output, '2>', \$errors);
	return ($? >> 8, $errors);
}

# Checks that a restored database works: an order takes stock, ids go on, crm.verify() finds nothing.
sub works
{
	my ($node, $database, $name) = @_;

	my $result = $node->safe_psql($database, <<'SQL');
CREATE TEMP TABLE was AS
SELECT p.product_id, p.stock_quantity, s.last_value
FROM crm.product p, pg_sequences s
WHERE p.sku = 'LAMP-1' AND s.schemaname = 'crm' AND s.sequencename = 'sales_order_sales_order_id_seq';
SELECT o.sales_order_id - w.last_value
FROM was w, crm.place_order((SELECT min(customer_id) FROM crm.customer),
	jsonb_build_array(jsonb_build_object('product_id', w.product_id, 'quantity', 2))) o;
SELECT w.stock_quantity - p.stock_quantity,
	(SELECT m.quantity FROM crm.stock_movement m ORDER BY m.stock_movement_id DESC LIMIT 1)
FROM was w JOIN crm.product p USING (product_id);
SELECT count(*) FROM crm.verify();
SQL
	is($result, "1\n2|-2\n0", "$name: ids go on, an order takes stock, crm.verify() finds nothing");
	return;
}

# Returns the plain dump of a database without the lines that differ from dump to dump.
sub dump_text
{
	my ($node, $database, @arguments) = @_;
	my ($text, $errors) = ('', '');
	local $ENV{PGTZ} = 'UTC';

	IPC::Run::run([ $node->installed_command('pg_dump'), '-d', $node->connstr($database), @arguments ],
		'>', \$text, '2>', \$errors)
	  or die "pg_dump failed: $errors";
	die "pg_dump warns: $errors" if $errors ne '';
	$text =~ s/^\\(un)?restrict .*\n//mg;
	return $text;
}

# Passes if the dump of a database is this text; else shows where they part.
sub same_dump
{
	my ($text, $node, $database, $name, @arguments) = @_;
	my $is = dump_text($node, $database, @arguments);

	ok($text eq $is, $name);
	return if $text eq $is;
	my (@was) = split /\n/, $text;
	my (@is) = split /\n/, $is;
	my $line = 0;
	$line++ while $line < @was && $line < @is && $was[$line] eq $is[$line];
	diag(join "\n", "line $line, was", grep { defined } @was[ $line .. $line + 8 ], 'is', grep { defined } @is[ $line .. $line + 8 ]);
	return;
}

# ---------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------

# Rows for every table: first what applications write, by plain statements and functions, then what the
# database keeps itself (histories, analyses), written with triggers off so that no guard minds.
sub crm_seed_sql
{
	return <<'SQL';
SET TimeZone = 'UTC';
BEGIN;
UPDATE crm.organization SET name = 'Northwind Trading', base_currency_code = 'EUR';
INSERT INTO crm.exchange_rate (currency_code, rate_date, rate_to_base, source) VALUES
	('USD', '2024-01-01', 0.9, 'test'), ('USD', '2024-06-01', 0.92, 'test'), ('GBP', '2024-01-01', 1.15, 'test');
INSERT INTO crm.region (name, parent_region_id) VALUES ('World', NULL);
INSERT INTO crm.region (name, parent_region_id)
SELECT v.name, p.region_id FROM (VALUES ('Europe', 'World'), ('America', 'World')) v (name, parent)
JOIN crm.region p ON p.name = v.parent;
INSERT INTO crm.region (name, parent_region_id)
SELECT v.name, p.region_id FROM (VALUES ('Germany', 'Europe'), ('France', 'Europe'), ('West', 'America')) v (name, parent)
JOIN crm.region p ON p.name = v.parent;
INSERT INTO crm.region_coverage (country_code, state, region_id)
SELECT v.country_code, v.state, r.region_id
FROM (VALUES ('DE', '', 'Germany'), ('FR', '', 'France'), ('US', '', 'America'), ('US', 'CA', 'West'))
	v (country_code, state, region)
JOIN crm.region r ON r.name = v.region;
INSERT INTO crm.business_calendar (name, time_zone, is_default) VALUES ('Office', 'Europe/Berlin', true);
INSERT INTO crm.business_hours (business_calendar_id, iso_weekday, opens_at, closes_at)
SELECT c.business_calendar_id, d, '09:00', '17:00' FROM crm.business_calendar c, generate_series(1, 5) d;
INSERT INTO crm.business_holiday (business_calendar_id, holiday, name)
SELECT c.business_calendar_id, '2024-12-25', 'Christmas' FROM crm.business_calendar c;

INSERT INTO crm.staff (first_name, last_name, email, manager_id) VALUES ('Mona', 'Lead', 'mona@example.org', NULL);
INSERT INTO crm.staff (first_name, last_name, email, manager_id)
SELECT v.first_name, v.last_name, lower(v.first_name) || '@example.org', m.staff_id
FROM (VALUES ('Rolf', 'Seller'), ('Rita', 'Seller'), ('Max', 'Market'), ('Ana', 'Lyst'), ('Sam', 'Helper'))
	v (first_name, last_name), crm.staff m;
INSERT INTO crm.sales_manager (sales_manager_id, region_id)
SELECT s.staff_id, r.region_id FROM crm.staff s, crm.region r WHERE s.first_name = 'Mona' AND r.name = 'World';
INSERT INTO crm.sales_rep (sales_rep_id, region_id, lead_capacity_month)
SELECT s.staff_id, r.region_id, 20 FROM crm.staff s JOIN crm.region r
	ON r.name = CASE s.first_name WHEN 'Rolf' THEN 'Germany' ELSE 'America' END
WHERE s.last_name = 'Seller';
INSERT INTO crm.marketing_manager SELECT s.staff_id FROM crm.staff s WHERE s.first_name = 'Max';
INSERT INTO crm.marketing_analyst SELECT s.staff_id FROM crm.staff s WHERE s.first_name = 'Ana';
INSERT INTO crm.support_agent (support_agent_id, capacity) SELECT s.staff_id, 5 FROM crm.staff s WHERE s.first_name = 'Sam';

INSERT INTO crm.campaign (name, campaign_type, channel, start_date, end_date, currency_code, fx_rate_to_base, budget,
	status, marketing_manager_id)
SELECT v.name, 'promotion', 'email', '2024-01-01', '2024-12-31', 'EUR', 1, v.budget, 'active', m.marketing_manager_id
FROM (VALUES ('Spring', 1000), ('Autumn', 2500.5)) v (name, budget), crm.marketing_manager m;
UPDATE crm.campaign c SET parent_campaign_id = p.campaign_id FROM crm.campaign p WHERE c.name = 'Autumn' AND p.name = 'Spring';
INSERT INTO crm.campaign_cost (campaign_id, incurred_on, currency_code, fx_rate_to_base, amount, note)
SELECT c.campaign_id, '2024-02-01', 'EUR', 1, 250, 'print' FROM crm.campaign c;
INSERT INTO crm.landing_page (campaign_id, url, visits, conversions)
SELECT c.campaign_id, 'https://example.org/' || c.campaign_id, 100, 7 FROM crm.campaign c;

INSERT INTO crm.customer (customer_type, first_name, last_name, business_name, email, phone, street, city, state,
	country_code, date_of_birth, sales_rep_id, acquisition_campaign_id, signed_up_at, external_source, external_id)
SELECT v.kind, v.first_name, v.last_name, v.business_name, v.email, v.phone, 'Street 1', v.city, v.state,
	v.country_code, v.born::date, r.sales_rep_id, c.campaign_id, '2024-01-15', 'old_shop', v.email
FROM (VALUES
	('individual', 'Erika', 'Mustermann', NULL, 'erika@example.net', '+49 30 1', 'Berlin', NULL, 'DE', '1980-02-29'),
	('individual', 'Jean', 'Dupont', NULL, 'jean@example.net', '+33 1 2', 'Paris', NULL, 'FR', '1975-07-14'),
	('business', NULL, NULL, 'Smith & Sons', 'office@smith.example', '555-0100', 'Fresno', 'CA', 'US', NULL),
	('business', NULL, NULL, E'Müller \\ "Söhne"\tGmbH', 'info@mueller.example', NULL, 'Köln', NULL, 'DE', NULL))
	v (kind, first_name, last_name, business_name, email, phone, city, state, country_code, born)
JOIN crm.campaign c ON c.name = 'Spring'
JOIN crm.staff s ON s.first_name = CASE v.country_code WHEN 'US' THEN 'Rita' ELSE 'Rolf' END
JOIN crm.sales_rep r ON r.sales_rep_id = s.staff_id;
INSERT INTO crm.customer (customer_type, last_name, is_anonymous) VALUES ('individual', 'Walk-in', true);
INSERT INTO crm.customer (customer_type, business_name, custom)
SELECT 'business', 'Firm ' || n, jsonb_build_object('no', n) FROM generate_series(1, 20) n;
INSERT INTO crm.contact (customer_id, first_name, last_name, email, is_primary, title)
SELECT c.customer_id, 'Pat', 'Smith', 'pat@smith.example', true, 'Buyer' FROM crm.customer c WHERE c.name = 'Smith & Sons'
UNION ALL
SELECT c.customer_id, 'Kim', 'Smith', 'kim@smith.example', false, NULL FROM crm.customer c WHERE c.name = 'Smith & Sons'
UNION ALL
SELECT c.customer_id, 'Erika', 'Mustermann', 'erika@example.net', true, NULL FROM crm.customer c WHERE c.last_name = 'Mustermann';

INSERT INTO crm.product_category (name) VALUES ('Goods'), ('Services');
INSERT INTO crm.product_category (name, parent_category_id)
SELECT 'Lamps', g.product_category_id FROM crm.product_category g WHERE g.name = 'Goods';
INSERT INTO crm.product (sku, name, product_category_id, currency_code, price, cost, stock_quantity, reorder_level, is_stocked)
SELECT v.sku, v.name, c.product_category_id, 'EUR', v.price, v.price / 2, v.stock, v.level, v.stocked
FROM (VALUES
	('LAMP-1', 'Desk lamp', 'Lamps', 19.9, 100, 10, true), ('LAMP-2', 'Floor lamp', 'Lamps', 79.0, 12, 10, true),
	('CHAIR', 'Chair', 'Goods', 120.5, 40, 5, true), ('FITTING', 'Fitting at home', 'Services', 60, 0, 0, false))
	v (sku, name, category, price, stock, level, stocked)
JOIN crm.product_category c ON c.name = v.category;

SELECT crm.place_order(c.customer_id, jsonb_build_array(
	jsonb_build_object('product_id', (SELECT product_id FROM crm.product WHERE sku = 'LAMP-1'), 'quantity', n),
	jsonb_build_object('product_id', (SELECT product_id FROM crm.product WHERE sku = 'CHAIR'), 'quantity', 1, 'discount_rate', 0.1)),
	idempotency_key => 'seed-' || c.customer_id, order_date => '2024-03-01')
FROM crm.customer c, generate_series(1, 1) n WHERE c.external_id IS NOT NULL ORDER BY c.customer_id;
-- Another currency, prices converted
INSERT INTO crm.product (sku, name, product_category_id, currency_code, price, stock_quantity)
SELECT 'MUG', 'Mug', g.product_category_id, 'USD', 7.77, 500 FROM crm.product_category g WHERE g.name = 'Goods';
INSERT INTO crm.sales_order (customer_id, currency_code, order_date)
SELECT c.customer_id, 'GBP', '2024-07-01' FROM crm.customer c WHERE c.name = 'Smith & Sons';
INSERT INTO crm.order_item (sales_order_id, product_id, quantity)
SELECT o.sales_order_id, p.product_id, 3 FROM crm.sales_order o, crm.product p WHERE o.currency_code = 'GBP' AND p.sku IN ('MUG', 'LAMP-1');
-- One alert that stays open, one that was cleared
SELECT crm.place_order(c.customer_id, jsonb_build_array(jsonb_build_object(
	'product_id', (SELECT product_id FROM crm.product WHERE sku = 'LAMP-2'), 'quantity', 5))) FROM crm.customer c WHERE c.is_anonymous;
SELECT crm.adjust_stock((SELECT product_id FROM crm.product WHERE sku = 'CHAIR'), -33, 'broken');
SELECT crm.receive_stock((SELECT product_id FROM crm.product WHERE sku = 'CHAIR'), 30, 'delivery');
UPDATE crm.sales_order o SET status = 'confirmed' WHERE o.sales_order_id IN
	(SELECT min(sales_order_id) FROM crm.sales_order UNION SELECT min(sales_order_id) + 1 FROM crm.sales_order);
UPDATE crm.sales_order o SET status = 'shipped' WHERE o.sales_order_id = (SELECT min(sales_order_id) FROM crm.sales_order);
SELECT crm.return_order(min(o.sales_order_id)) FROM crm.sales_order o;
SELECT crm.cancel_order(min(o.sales_order_id) + 1, 'customer changed his mind') FROM crm.sales_order o;

INSERT INTO crm.opportunity (customer_id, name, pipeline_id, pipeline_stage_id, win_probability, currency_code,
	fx_rate_to_base, amount, expected_close, sales_rep_id)
SELECT c.customer_id, 'Refit', s.pipeline_id, s.pipeline_stage_id, s.win_probability, 'EUR', 1, 5000, '2025-03-31', c.sales_rep_id
FROM crm.customer c, crm.pipeline_stage s WHERE c.name = 'Smith & Sons' AND s.name = 'proposal';
INSERT INTO crm.opportunity_contact (customer_id, opportunity_id, contact_id, is_primary)
SELECT o.customer_id, o.opportunity_id, k.contact_id, true FROM crm.opportunity o
JOIN crm.contact k ON k.customer_id = o.customer_id AND k.is_primary;
INSERT INTO crm.opportunity_item (customer_id, opportunity_id, line_no, product_id, quantity, unit_price)
SELECT o.customer_id, o.opportunity_id, 1, p.product_id, 40, 100 FROM crm.opportunity o, crm.product p WHERE p.sku = 'CHAIR';
INSERT INTO crm.lead (company_name, last_name, email, region_id, status, campaign_id, landing_page_id)
SELECT v.name, 'Prospect', v.email, r.region_id, v.status, l.campaign_id, l.landing_page_id
FROM (VALUES ('Acme', 'acme@example.com', 'new'), ('Globex', 'globex@example.com', 'working')) v (name, email, status),
	crm.region r, (SELECT * FROM crm.landing_page ORDER BY landing_page_id LIMIT 1) l WHERE r.name = 'West';
INSERT INTO crm.quote (customer_id, opportunity_id, sales_rep_id, currency_code, fx_rate_to_base, valid_until)
SELECT o.customer_id, o.opportunity_id, o.sales_rep_id, 'EUR', 1, '2025-01-31' FROM crm.opportunity o;
INSERT INTO crm.quote_item (customer_id, quote_id, line_no, product_id, product_name, quantity, price)
SELECT q.customer_id, q.quote_id, 1, p.product_id, p.name, 40, 99 FROM crm.quote q, crm.product p WHERE p.sku = 'CHAIR';
INSERT INTO crm.account (customer_id, contact_id, account_number, name, currency_code)
SELECT k.customer_id, k.contact_id, 'A-' || k.contact_id, 'Main account', 'EUR' FROM crm.contact k WHERE k.is_primary;
INSERT INTO crm.shipment_tracking (customer_id, sales_order_id, tracking_number, courier)
SELECT o.customer_id, o.sales_order_id, 'T' || o.sales_order_id, 'Post' FROM crm.sales_order o WHERE o.status = 'shipped';
INSERT INTO crm.tracking_event (customer_id, shipment_tracking_id, event_at, status)
SELECT s.customer_id, s.shipment_tracking_id, '2024-03-02 08:00', 'in_transit' FROM crm.shipment_tracking s;

INSERT INTO crm.segment (name, kind) VALUES ('West coast', 'static'), ('Germans', 'criteria');
INSERT INTO crm.segment_criterion (segment_id, criteria_details)
SELECT s.segment_id, 'country_code = ''DE''' FROM crm.segment s WHERE s.kind = 'criteria';
INSERT INTO crm.segment_member (segment_id, customer_id, is_manual)
SELECT s.segment_id, c.customer_id, true FROM crm.segment s, crm.customer c WHERE s.kind = 'static' AND c.state = 'CA';
INSERT INTO crm.campaign_segment (campaign_id, segment_id) SELECT c.campaign_id, s.segment_id FROM crm.campaign c, crm.segment s;
INSERT INTO crm.campaign_product (campaign_id, product_id) SELECT c.campaign_id, p.product_id FROM crm.campaign c, crm.product p WHERE p.sku = 'LAMP-1';
INSERT INTO crm.campaign_member (campaign_id, customer_id) SELECT c.campaign_id, k.customer_id FROM crm.campaign c, crm.customer k WHERE k.country_code IS NOT NULL;
INSERT INTO crm.campaign_touch (campaign_id, customer_id, touch_type, touched_at)
SELECT m.campaign_id, m.customer_id, 'sent', '2024-02-01' FROM crm.campaign_member m;
INSERT INTO crm.product_recommendation (customer_id, product_id, score) SELECT c.customer_id, p.product_id, 0.25 FROM crm.customer c, crm.product p WHERE c.state = 'CA' AND p.sku = 'LAMP-2';
INSERT INTO crm.quota (sales_rep_id, valid_from, valid_to, currency_code, fx_rate_to_base, amount)
SELECT r.sales_rep_id, '2024-01-01', '2025-01-01', 'EUR', 1, 100000 FROM crm.sales_rep r;

INSERT INTO crm.knowledge_base (name, description) VALUES ('Help', 'Answers for customers');
INSERT INTO crm.common_issue (knowledge_base_id, issue_title, solution_details, published)
SELECT k.knowledge_base_id, 'Lamp stays dark', 'Put the plug in.', true FROM crm.knowledge_base k;
INSERT INTO crm.sla_policy (name, priority, first_response_minutes, resolution_minutes, business_calendar_id, is_default)
SELECT 'Normal', 'medium', 240, 2880, c.business_calendar_id, true FROM crm.business_calendar c;
INSERT INTO crm.support_ticket (customer_id, issue, category, priority, status, support_agent_id, product_id, reported_date)
SELECT c.customer_id, 'The lamp stays dark', 'defect', 'medium', 'open', a.support_agent_id, p.product_id, '2024-03-10'
FROM crm.customer c, crm.support_agent a, crm.product p WHERE c.external_id IS NOT NULL AND p.sku = 'LAMP-1';
INSERT INTO crm.ticket_response (customer_id, support_ticket_id, message, staff_id)
SELECT t.customer_id, t.support_ticket_id, 'Is the plug in?', t.support_agent_id FROM crm.support_ticket t;
INSERT INTO crm.ticket_common_issue (customer_id, support_ticket_id, common_issue_id, helpful)
SELECT t.customer_id, t.support_ticket_id, i.common_issue_id, true FROM crm.support_ticket t, crm.common_issue i;
INSERT INTO crm.interaction (customer_id, interaction_date, interaction_type_id, interaction_outcome_id, staff_id, details)
SELECT c.customer_id, '2024-02-10', t.interaction_type_id, o.interaction_outcome_id, c.sales_rep_id, E'Called;\nwill order'
FROM crm.customer c, crm.interaction_type t, crm.interaction_outcome o
WHERE c.external_id IS NOT NULL AND t.name = 'phone call' AND o.name = 'sale made';
INSERT INTO crm.interaction_rep (customer_id, interaction_id, sales_rep_id)
SELECT i.customer_id, i.interaction_id, i.staff_id FROM crm.interaction i;
INSERT INTO crm.follow_up (customer_id, interaction_id, sales_rep_id, scheduled_date, activity_details)
SELECT i.customer_id, i.interaction_id, i.staff_id, '2024-02-20', 'Send the catalogue' FROM crm.interaction i;
INSERT INTO crm.feedback (customer_id, product_id, kind, rating, content)
SELECT c.customer_id, p.product_id, 'nps', 9, 'Good light' FROM crm.customer c, crm.product p WHERE c.external_id IS NOT NULL AND p.sku = 'LAMP-1';
INSERT INTO crm.consent (customer_id, purpose, channel, given_at, source)
SELECT c.customer_id, 'newsletter', 'email', '2024-01-15', 'sign-up form' FROM crm.customer c WHERE c.external_id IS NOT NULL;
INSERT INTO crm.legal_hold (customer_id, reason) SELECT c.customer_id, 'file 7' FROM crm.customer c WHERE c.external_id IS NOT NULL;
INSERT INTO crm.erasure_log (customer_id, erased_by, reason) VALUES (99, 'ann', 'request 3');
INSERT INTO crm.import_batch (source, file_name) VALUES ('old_shop', 'lines.csv');
INSERT INTO crm.import_order_line (import_batch_id, order_ref, product_ref, quantity, unit_price)
SELECT b.import_batch_id, 'I-1', 'LAMP-1', 3, 18 FROM crm.import_batch b;
UPDATE crm.customer SET deleted_at = '2024-06-01' WHERE business_name = 'Firm 20';
COMMIT;

BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO crm.opportunity_stage_history (customer_id, opportunity_id, pipeline_stage_id, valid_from, valid_to, amount_base,
	win_probability, forecast_category, expected_close)
SELECT o.customer_id, o.opportunity_id, o.pipeline_stage_id, '2024-02-01', '2024-02-02', 1, 0.1, 'pipeline', o.expected_close FROM crm.opportunity o;
INSERT INTO crm.lead_status_history (lead_id, to_status) SELECT l.lead_id, 'new' FROM crm.lead l;
INSERT INTO crm.segment_member_history (segment_id, customer_id, valid_from, valid_to)
SELECT m.segment_id, m.customer_id, '2024-01-01', '2024-01-02' FROM crm.segment_member m;
INSERT INTO crm.segment_analytics (segment_id, member_count) SELECT s.segment_id, 1 FROM crm.segment s;
INSERT INTO crm.customer_behavior (marketing_analyst_id, report_type, insights) SELECT a.marketing_analyst_id, 'RFM', 'Quiet' FROM crm.marketing_analyst a;
INSERT INTO crm.campaign_attribution (model, customer_id, sales_order_id, campaign_id, share_rate, revenue_base)
SELECT 'linear', o.customer_id, o.sales_order_id, c.campaign_id, 0.5, 10 FROM crm.sales_order o, crm.campaign c WHERE o.status = 'shipped';
INSERT INTO crm.campaign_analytics (campaign_id, revenue_base, cost_base) SELECT c.campaign_id, 100, 250 FROM crm.campaign c;
INSERT INTO crm.sales_data (sales_manager_id, performance_metric) SELECT m.sales_manager_id, 1234.5 FROM crm.sales_manager m;
INSERT INTO crm.forecast_snapshot (taken_on, period_start, period_end, forecast_category, amount_base, weighted_base)
VALUES ('2024-03-01', '2024-04-01', '2024-07-01', 'all', 5000, 2500);
INSERT INTO crm.ticket_status_history (customer_id, support_ticket_id, from_status, to_status)
SELECT t.customer_id, t.support_ticket_id, 'new', 'open' FROM crm.support_ticket t;
INSERT INTO crm.customer_score (customer_id, r_score, f_score, m_score, p_alive)
SELECT c.customer_id, 5, 3, 1, 0.1::float8 FROM crm.customer c WHERE c.external_id IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO crm.audit_log (table_name, operation, row_id, old_values, new_values)
VALUES ('customer', 'update', 1, '{"city": "Bonn"}', '{"city": "Berlin"}');
INSERT INTO crm.error_catalog (sqlstate, constraint_name, message) VALUES ('22000', 'seed', 'Bad data') ON CONFLICT DO NOTHING;
INSERT INTO crm.pii_registry (table_name, column_name, class, action) VALUES ('seed', 'seed', 'none', 'keep') ON CONFLICT DO NOTHING;
INSERT INTO crm.maintenance_job (name, every_minutes) VALUES ('seed', 60);
INSERT INTO crm.job_history (maintenance_job_id, rows_affected) SELECT j.maintenance_job_id, 3 FROM crm.maintenance_job j WHERE j.name = 'seed';
INSERT INTO crm.model (kind, parameters, data_hash, log_likelihood) VALUES ('bgnbd', '{"r": 0.25}', 'abc', -1234.5);
INSERT INTO crm_state.install_skip (object_name, reason) VALUES ('crm.no_such_index', 'never there');
COMMIT;
SELECT crm.set_token_key(decode(repeat('5e', 32), 'hex'));
SELECT crm.add_event_consumer('mailer');
SELECT crm.ack_events('mailer', min(e.event_id)) FROM crm.read_events('mailer', 2) e;
SQL
}

1;
