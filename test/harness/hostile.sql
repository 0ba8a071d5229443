-- A schema of traps: operators and functions of the server's own names and argument types, tables of ours and the
-- server's names. Each does what the original does, so that a client's statements work with the schema first in
-- search_path; but one that is called from within a function or trigger of the CRM says so, by a WARNING that begins
-- with "hostile:". Run as a superuser; afterwards: SET search_path = hostile, pg_catalog.
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;

-- Tells of a call that did not come from the client's own statement or function. The context names the functions on the
-- way, innermost first; C functions show by the statements that they run.
CREATE FUNCTION hostile.sprung(name pg_catalog.text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    context text;
    caller text;
BEGIN
    GET DIAGNOSTICS context = PG_CONTEXT;
    -- Away with the trap's own lines: this function, and the statement and function that called it.
    context := regexp_replace(context, CASE WHEN name ~ '^relation ' THEN '^[^\n]*\n?' ELSE '^[^\n]*\n[^\n]*\n[^\n]*\n?' END, '');
    caller := substring(context, '(?n)^(?:PL/pgSQL|SQL) function "?([^("\n]+)');
    IF context ~ '\S' AND (caller IS NULL OR EXISTS (
        SELECT FROM pg_proc AS p
        WHERE p.pronamespace = to_regnamespace('crm') AND p.proname = regexp_replace(caller, '^crm\.', ''))) THEN
        RAISE WARNING 'hostile: % is called from %', name, context;
    END IF;
    RETURN true;
END $$;

-- Types of arguments that ours and the server's functions take.
CREATE VIEW hostile.wanted_type AS
SELECT t.oid FROM pg_type AS t
WHERE t.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float8'::regtype, 'text'::regtype,
    'name'::regtype, 'bool'::regtype, 'date'::regtype, 'time'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype,
    'interval'::regtype, 'json'::regtype, 'jsonb'::regtype, 'bytea'::regtype, 'oid'::regtype, 'regclass'::regtype, '"char"'::regtype,
    'text[]'::regtype, 'int8[]'::regtype, 'int4[]'::regtype, 'int2[]'::regtype, 'oid[]'::regtype, 'name[]'::regtype,
    'anyelement'::regtype, 'anyarray'::regtype, 'anynonarray'::regtype, 'anycompatible'::regtype, 'anycompatiblearray'::regtype,
    'anycompatiblenonarray'::regtype, 'uuid'::regtype, 'oidvector'::regtype, 'aclitem[]'::regtype, 'pg_node_tree'::regtype);

DO $traps$
DECLARE
    original record;
    made integer := 0;
BEGIN
    FOR original IN
        SELECT o.oprname, o.oid, o.oprleft, o.oprright, o.oprcanmerge, format_type(o.oprleft, NULL) AS left_type,
            format_type(o.oprright, NULL) AS right_type, format_type(o.oprresult, NULL) AS result_type, p.provolatile, p.proisstrict
        FROM pg_operator AS o
        JOIN pg_proc AS p ON p.oid = o.oprcode
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace
            AND (o.oprleft = 0 OR o.oprleft IN (SELECT t.oid FROM hostile.wanted_type AS t))
            AND o.oprright IN (SELECT t.oid FROM hostile.wanted_type AS t)
    LOOP
        EXECUTE format('CREATE FUNCTION hostile.operator_%s(%s %s) RETURNS %s LANGUAGE plpgsql %s %s AS %L',
            original.oid, CASE WHEN original.oprleft <> 0 THEN original.left_type || ',' END, original.right_type, original.result_type,
            CASE original.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
            CASE WHEN original.proisstrict THEN 'STRICT' END,
            format('BEGIN PERFORM hostile.sprung(%L); RETURN %s; END', 'operator ' || original.oid::regoperator,
                CASE WHEN original.oprleft <> 0 THEN format('$1 OPERATOR(pg_catalog.%s) $2', original.oprname)
                    ELSE format('OPERATOR(pg_catalog.%s) $1', original.oprname) END));
        EXECUTE format('CREATE OPERATOR hostile.%s (%s RIGHTARG = %s, FUNCTION = hostile.operator_%s%s)', original.oprname,
            CASE WHEN original.oprleft <> 0 THEN format('LEFTARG = %s,', original.left_type) END, original.right_type, original.oid,
            CASE WHEN original.oprname = '<>' THEN ', NEGATOR = OPERATOR(hostile.=)'
                WHEN original.oprcanmerge THEN ', COMMUTATOR = OPERATOR(hostile.=), MERGES' END);
        made := made + 1;
    END LOOP;
    ASSERT made > 300, format('only %s operators are trapped', made);
END
$traps$;

DO $traps$
DECLARE
    original record;
    made integer := 0;
BEGIN
    FOR original IN
        SELECT p.oid, p.proname, p.proretset, p.proisstrict, p.provolatile, p.pronargs,
            pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
            (SELECT string_agg('$' || g, ', ' ORDER BY g) FROM generate_series(1, p.pronargs) AS g) AS passed
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0
            AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS a (id) WHERE a.id NOT IN (SELECT t.oid FROM hostile.wanted_type AS t))
            AND p.prorettype NOT IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'record'::regtype, 'anyarray'::regtype)
            AND p.proname !~ '^(pg_|binary_upgrade|ts_|lo_|loread|lowrite|xml|query_to|table_to|cursor_to|schema_to|database_to|has_|gin|brin|hash|bt|int|num|float|text|date|time|oid|bool|bytea|name|regex|array_(eq|ne|lt|le|gt|ge|cat|larger|smaller)|jsonb_(eq|ne|lt|le|gt|ge))'
            AND p.proname NOT IN ('setval', 'txid_current')
            -- What the server itself calls by casts and operators needs no trap of its own.
            AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.typname = p.proname)
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql %s %s AS %L', original.proname,
                original.arguments, original.result,
                CASE original.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
                CASE WHEN original.proisstrict THEN 'STRICT' END,
                format('BEGIN PERFORM hostile.sprung(%L); %s; END', 'function ' || original.oid::regprocedure,
                    CASE WHEN original.result = 'void' THEN format('PERFORM pg_catalog.%I(%s)', original.proname, original.passed)
                        WHEN original.proretset THEN format('RETURN QUERY SELECT * FROM pg_catalog.%I(%s)', original.proname, original.passed)
                        ELSE format('RETURN pg_catalog.%I(%s)', original.proname, original.passed) END));
            made := made + 1;
        EXCEPTION WHEN invalid_function_definition OR feature_not_supported OR syntax_error OR duplicate_function THEN
            NULL; -- a form that plpgsql does not have
        END;
    END LOOP;
    ASSERT made > 250, format('only %s functions are trapped', made);
END
$traps$;

-- Operators that compare belong to families, as the originals do: rows can be compared by them.
DO $traps$
DECLARE
    original record;
BEGIN
    FOR original IN
        SELECT f.opfname, m.amname, f.oid AS family
        FROM pg_opfamily AS f
        JOIN pg_am AS m ON m.oid = f.opfmethod
        WHERE m.amname = 'btree' AND f.opfname IN ('integer_ops', 'text_ops', 'numeric_ops', 'datetime_ops', 'bool_ops', 'float_ops')
            AND f.opfnamespace = 'pg_catalog'::regnamespace
    LOOP
        EXECUTE format('CREATE OPERATOR FAMILY hostile.%I USING btree', original.opfname);
        EXECUTE (
            SELECT format('ALTER OPERATOR FAMILY hostile.%I USING btree ADD ', original.opfname) || string_agg(
                format('OPERATOR %s hostile.%s (%s, %s)', a.amopstrategy, o.oprname, format_type(a.amoplefttype, NULL), format_type(a.amoprighttype, NULL)), ', ')
            FROM pg_amop AS a
            JOIN pg_operator AS o ON o.oid = a.amopopr
            WHERE a.amopfamily = original.family
                AND a.amoplefttype IN (SELECT t.oid FROM hostile.wanted_type AS t) AND a.amoprighttype IN (SELECT t.oid FROM hostile.wanted_type AS t))
            || (SELECT string_agg(format(', FUNCTION 1 (%s, %s) %s', format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL), p.amproc::oid::regprocedure), '')
            FROM pg_amproc AS p
            WHERE p.amprocfamily = original.family AND p.amprocnum = 1
                AND p.amproclefttype IN (SELECT t.oid FROM hostile.wanted_type AS t) AND p.amprocrighttype IN (SELECT t.oid FROM hostile.wanted_type AS t));
    END LOOP;
END
$traps$;

-- The ones that take anything, in the form that beats the original where all is text.
CREATE FUNCTION hostile.format(pattern pg_catalog.text, VARIADIC arguments pg_catalog.text[]) RETURNS pg_catalog.text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM hostile.sprung('format');
    RETURN pg_catalog.format(pattern, VARIADIC arguments);
END $$;
CREATE FUNCTION hostile.concat_ws(separator pg_catalog.text, VARIADIC arguments pg_catalog.text[]) RETURNS pg_catalog.text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM hostile.sprung('concat_ws');
    RETURN pg_catalog.concat_ws(separator, VARIADIC arguments);
END $$;
CREATE FUNCTION hostile.concat(VARIADIC arguments pg_catalog.text[]) RETURNS pg_catalog.text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM hostile.sprung('concat');
    RETURN pg_catalog.concat(VARIADIC arguments);
END $$;

-- Aggregates: count, sum, min, max and the like, made of the server's own steps with a trap at the end.
DO $traps$
DECLARE
    original record;
BEGIN
    FOR original IN
        SELECT v.name, v.argument, v.state, v.step, v.start
        FROM (VALUES ('count', '*', 'int8', 'int8inc', '0'), ('count', '"any"', 'int8', 'int8inc_any', '0'), ('max', 'int8', 'int8', 'int8larger', NULL),
            ('min', 'int8', 'int8', 'int8smaller', NULL), ('bool_or', 'bool', 'bool', 'boolor_statefunc', NULL),
            ('bool_and', 'bool', 'bool', 'booland_statefunc', NULL)) AS v (name, argument, state, step, start)
    LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION hostile.end_%1$s(state %2$s) RETURNS %2$s LANGUAGE plpgsql AS %3$L', original.name || '_of', original.state,
            format('BEGIN PERFORM hostile.sprung(%L); RETURN state; END', 'aggregate ' || original.name));
        EXECUTE format('CREATE AGGREGATE hostile.%I(%s) (SFUNC = pg_catalog.%s, STYPE = %s, FINALFUNC = hostile.end_%s%s)', original.name,
            original.argument, original.step, original.state, original.name || '_of', CASE WHEN original.start IS NOT NULL THEN format(', INITCOND = %L', original.start) END);
    END LOOP;
END
$traps$;

-- Relations: a view of each of ours and of the catalogue's most used tables.
DO $traps$
DECLARE
    original record;
BEGIN
    FOR original IN
        SELECT c.oid::regclass AS name, c.relname, (
            SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid <> 'anyarray'::regtype) AS columns
        FROM pg_class AS c
        WHERE c.relnamespace = to_regnamespace('crm') AND c.relkind = 'r'
            OR c.relnamespace = 'pg_catalog'::regnamespace AND c.relname IN ('pg_class', 'pg_proc', 'pg_attribute', 'pg_constraint',
                'pg_trigger', 'pg_roles', 'pg_namespace', 'pg_policy', 'pg_settings', 'pg_index', 'pg_type', 'pg_depend', 'pg_auth_members')
        ORDER BY c.oid
    LOOP
        EXECUTE format('CREATE VIEW hostile.%I WITH (security_invoker = true) AS SELECT %s FROM %s WHERE hostile.sprung(%L)',
            original.relname, original.columns, original.name, 'relation ' || original.relname);
    END LOOP;
END
$traps$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hostile TO PUBLIC;
