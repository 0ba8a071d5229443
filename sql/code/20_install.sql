-- 20_install: functions that install, migrate and describe the schema.

CREATE FUNCTION crm.install() RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'crm_install';
COMMENT ON FUNCTION crm.install() IS
    'Creates what is missing of the CRM''s tables, views, functions and triggers and renews what is its own; never '
    'drops a table, column or row. Superusers only. Runs at the end of CREATE EXTENSION unless crm.install says '
    'otherwise; returns whether it did anything.';
REVOKE EXECUTE ON FUNCTION crm.install() FROM PUBLIC;

CREATE FUNCTION crm.migrate() RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'crm_migrate';
COMMENT ON FUNCTION crm.migrate() IS
    'Brings tables of an older version up to the library''s version and installs the rest anew; returns the '
    'version reached. Superusers only. Raises RM019 where no migration leads there.';
REVOKE EXECUTE ON FUNCTION crm.migrate() FROM PUBLIC;

CREATE FUNCTION crm.version() RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'crm_version';
COMMENT ON FUNCTION crm.version() IS 'Version of the loaded library, such as 0.1.0.';

CREATE FUNCTION crm._script_structure(
    OUT schema_name text, OUT table_name text, OUT kind text, OUT object_name text, OUT definition text)
    RETURNS SETOF record
    LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 2000
    AS 'MODULE_PATHNAME', 'crm_script_structure';
COMMENT ON FUNCTION crm._script_structure() IS
    'The parts of the tables as the schema script makes them: kind table, column (with its definition), not null, '
    'constraint (with its definition) and index. Reads the script beside the control file.';
REVOKE EXECUTE ON FUNCTION crm._script_structure() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm._script_structure() TO crm_owner;
