-- 71_classification: classifying columns, and what follows from the class: the views that marketing reads.

-- What marketing sees of persons ----------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm._masked_own_columns(table_name text)
    RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT CASE _masked_own_columns.table_name
        WHEN 'customer' THEN ARRAY['customer_id', 'customer_type', 'first_name', 'last_name', 'business_name', 'name',
            'name_key', 'last_name_key', 'email', 'email_key', 'phone', 'phone_key', 'street', 'city', 'state',
            'postal_code', 'country_code', 'date_of_birth', 'region_id', 'region_is_manual', 'sales_rep_id',
            'acquisition_campaign_id', 'signed_up_at', 'is_anonymous', 'service_class', 'custom', 'external_source',
            'external_id', 'deleted_at', 'created_at', 'updated_at', 'created_by', 'updated_by', 'row_version']
        WHEN 'contact' THEN ARRAY['contact_id', 'customer_id', 'first_name', 'last_name', 'name', 'name_key', 'title',
            'email', 'email_key', 'phone', 'is_primary', 'custom', 'external_source', 'external_id', 'deleted_at',
            'created_at', 'updated_at', 'created_by', 'updated_by', 'row_version']
        WHEN 'lead' THEN ARRAY['lead_id', 'company_name', 'name_key', 'first_name', 'last_name', 'email', 'email_key',
            'phone', 'contact_info', 'region_id', 'start_date', 'status', 'source', 'score', 'scored_at',
            'sales_rep_id', 'allocated_by', 'allocated_at', 'campaign_id', 'landing_page_id', 'converted_at',
            'converted_customer_id', 'converted_contact_id', 'converted_opportunity_id', 'external_source',
            'external_id', 'custom', 'deleted_at', 'created_at', 'updated_at', 'created_by', 'updated_by', 'row_version']
    END
$function$;
COMMENT ON FUNCTION crm._masked_own_columns(text) IS
    'Columns of the CRM itself, in the order of the table, for tables with a masked view (customer, contact and lead); '
    'NULL for others.';

CREATE OR REPLACE FUNCTION crm._masked_columns(table_name text)
    RETURNS TABLE (name text, place integer, type text, collation_name text, is_visible boolean, comment text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 40
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    -- Columns of other types than text need no row in the registry.
    own constant text[] := coalesce(crm._masked_own_columns(_masked_columns.table_name), '{}');
    source constant regclass := to_regclass(format('crm.%I', nullif(_masked_columns.table_name, '')));
BEGIN
    RETURN QUERY
    -- A view keeps its columns and their order; one that the table lost stays as NULL.
    SELECT coalesce(v.attname, a.attname)::text,
        coalesce(v.attnum, 2000 + array_position(own, a.attname::text), 4000 + a.attnum)::integer,
        coalesce(format_type(a.atttypid, a.atttypmod), format_type(v.atttypid, v.atttypmod)),
        (SELECT l.collname::text FROM pg_collation AS l JOIN pg_type AS y ON y.oid = a.atttypid
            WHERE l.oid = a.attcollation AND l.oid <> y.typcollation),
        a.attnum IS NOT NULL AND coalesce(r.class IN ('none', 'name', 'area', 'staff'), a.attname::text = ANY (own)),
        col_description(a.attrelid, a.attnum)
    FROM (
        SELECT t.* FROM pg_attribute AS t
        WHERE t.attrelid = source AND t.attnum > 0 AND NOT t.attisdropped
    ) AS a
    FULL JOIN (
        SELECT t.* FROM pg_attribute AS t
        WHERE t.attrelid = to_regclass(format('crm.%I', format('v_%s_masked', _masked_columns.table_name))) AND t.attnum > 0
    ) AS v ON v.attname = a.attname
    LEFT JOIN crm.pii_registry AS r
        ON r.schema_name = 'crm' AND r.table_name = _masked_columns.table_name AND r.column_name = a.attname
    WHERE v.attname IS NOT NULL OR r.class IS NOT NULL OR a.attname::text = ANY (own);
END
$function$;
COMMENT ON FUNCTION crm._masked_columns(text) IS
    'The columns that the masked view of a table (customer, contact or lead) should have, by the classes in the registry '
    'of personal data.';

CREATE OR REPLACE FUNCTION crm._make_masked_view(table_name text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    hidden constant text := 'Hidden here, always NULL.';
    -- What the server adds to or takes from a definition, or prints by its search path.
    noise constant text := '[\s();]|\m(crm|c)\.|AS has_role';
    view_name constant text := format('crm.v_%s_masked', _make_masked_view.table_name);
    query text;
    described record;
BEGIN
    IF crm._masked_own_columns(_make_masked_view.table_name) IS NULL THEN
        RETURN;
    END IF;
    SELECT format('SELECT %s FROM crm.%I c WHERE c.deleted_at IS NULL AND ('
        '(SELECT crm.has_role(''crm_marketing_manager''::text)) OR (SELECT crm.has_role(''crm_marketing_analyst''::text)) '
        'OR (SELECT crm.has_role(''crm_admin''::text)))',
        string_agg(CASE WHEN m.is_visible THEN format('c.%I', m.name)
            ELSE format('NULL::%s%s AS %I', m.type, ' COLLATE ' || quote_ident(m.collation_name), m.name) END,
            ', ' ORDER BY m.place), _make_masked_view.table_name)
    INTO query
    FROM crm._masked_columns(_make_masked_view.table_name) AS m;
    -- Replacing a view locks its readers out, so one that is as it should be stays.
    IF regexp_replace(query, noise, '', 'g') IS DISTINCT FROM
        regexp_replace(pg_get_viewdef(to_regclass(view_name)), noise, '', 'g') THEN
        EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_barrier = true) AS %s', view_name, query);
    END IF;
    FOR described IN
        SELECT m.name, CASE WHEN m.is_visible THEN m.comment ELSE hidden END AS comment
        FROM crm._masked_columns(_make_masked_view.table_name) AS m
        JOIN pg_attribute AS v ON v.attrelid = to_regclass(view_name) AND v.attname = m.name
        WHERE coalesce(col_description(v.attrelid, v.attnum), '') IN ('', CASE WHEN m.is_visible THEN hidden ELSE m.comment END)
            AND (m.comment IS NOT NULL OR NOT m.is_visible)
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_name, described.name, described.comment);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION crm._make_masked_view(text) IS
    'Makes the masked view of a table (customer, contact or lead), or makes it anew where it is not as the registry of '
    'personal data wants it; for other tables does nothing.';

SELECT crm._make_masked_view(v.table_name) FROM (VALUES ('customer'), ('contact'), ('lead')) AS v (table_name);
COMMENT ON VIEW crm.v_customer_masked IS
    'Customers in use as marketing may see them: the columns of customer in its order, with NULL for contact data, '
    'street, postal code, date of birth and fields of your own. Shows rows to crm_marketing_manager, '
    'crm_marketing_analyst and crm_admin, whoever else may read the view; customer_id is the pseudonym.';
COMMENT ON VIEW crm.v_contact_masked IS
    'Contacts in use as marketing may see them: the columns of contact in its order, with NULL for contact data and fields '
    'of your own. Shows rows to those to whom v_customer_masked does; contact_id is the pseudonym.';
COMMENT ON VIEW crm.v_lead_masked IS
    'Leads in use as marketing may see them: the columns of lead in its order, with NULL for contact data and fields of '
    'your own. Shows rows to those to whom v_customer_masked does; lead_id is the pseudonym.';

CREATE OR REPLACE FUNCTION crm._check_action(table_id oid, column_name text, action text)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    target record;
    refusal text;
BEGIN
    SELECT a.attnotnull, t.typcategory = 'S' AS is_text, t.typname IN ('json', 'jsonb') AS is_json,
        EXISTS (SELECT FROM pg_constraint AS k
            WHERE k.conrelid = a.attrelid AND k.contype IN ('p', 'f') AND a.attnum = ANY (k.conkey)) AS is_key
    INTO target
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = table_id AND a.attname = _check_action.column_name;
    refusal := CASE
        WHEN _check_action.action = 'delete' AND EXISTS (SELECT FROM pg_constraint AS k
            WHERE k.contype = 'f' AND k.confrelid = _check_action.table_id AND k.conrelid <> k.confrelid
                AND k.confdeltype IN ('a', 'r')) THEN
            'Rows of other tables need its rows, which cannot be deleted: use clear or replace.'
        WHEN _check_action.action IN ('keep', 'delete') THEN NULL
        WHEN target.is_key THEN 'It is part of a primary or foreign key: use keep.'
        WHEN target.is_text OR target.is_json THEN NULL
        WHEN _check_action.action <> 'clear' THEN 'It holds neither text nor JSON: use clear, keep or delete.'
        WHEN target.attnotnull THEN 'It is NOT NULL and holds neither text nor JSON: use keep or delete.'
    END;
    IF refusal IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('action %s does not fit column %s', left(_check_action.action, 60),
                left(_check_action.column_name, 63)),
            HINT = refusal;
    END IF;
END
$function$;
COMMENT ON FUNCTION crm._check_action(oid, text, text) IS
    'Refuses an action that an erasure could not do to the column (22023).';

CREATE OR REPLACE FUNCTION crm._check_classification(table_name text, column_name text, class text, action text)
    RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    table_id oid := (
        SELECT c.oid FROM pg_class AS c
        WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = _check_classification.table_name);
    refusal text;
    advice text;
BEGIN
    IF table_id IS NULL THEN
        refusal := format('there is no table crm.%s', coalesce(left(_check_classification.table_name, 63), 'NULL'));
        advice := 'Give the name of a table of schema crm, without the schema.';
    ELSIF NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = table_id AND a.attname = _check_classification.column_name AND a.attnum > 0
            AND NOT a.attisdropped) THEN
        refusal := format('table crm.%s has no column %s', left(_check_classification.table_name, 63),
            coalesce(left(_check_classification.column_name, 63), 'NULL'));
        advice := 'Check the name of the column.';
    ELSIF coalesce(_check_classification.class NOT IN
        ('none', 'name', 'area', 'contact', 'address', 'birth', 'free_text', 'custom', 'staff'), true) THEN
        refusal := format('there is no class %L', left(_check_classification.class, 60));
        advice := 'Give one of none, name, area, contact, address, birth, free_text, custom and staff.';
    ELSIF coalesce(_check_classification.action NOT IN ('keep', 'clear', 'replace', 'redact', 'delete'), true) THEN
        refusal := format('there is no action %L', left(_check_classification.action, 60));
        advice := 'Give one of keep, clear, replace, redact and delete.';
    END IF;
    IF refusal IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = refusal, HINT = advice;
    END IF;
    RETURN table_id;
END
$function$;
COMMENT ON FUNCTION crm._check_classification(text, text, text, text) IS
    'Key of the table, if there are such a table, column, class and action; otherwise raises 22023.';

CREATE OR REPLACE FUNCTION crm.classify_column(table_name text, column_name text, class text, action text)
    RETURNS SETOF crm.pii_registry
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    table_id constant oid := crm._check_classification(classify_column.table_name, classify_column.column_name,
        classify_column.class, classify_column.action);
    entry crm.pii_registry;
BEGIN
    PERFORM crm._check_action(table_id, classify_column.column_name, classify_column.action);
    INSERT INTO crm.pii_registry AS r (schema_name, table_name, column_name, class, action)
    VALUES ('crm', classify_column.table_name, classify_column.column_name, classify_column.class,
        classify_column.action)
    ON CONFLICT ON CONSTRAINT pii_registry_pkey DO UPDATE
    SET class = excluded.class, action = excluded.action
    RETURNING * INTO entry;
    PERFORM crm._grant_column(classify_column.table_name, classify_column.column_name);
    PERFORM crm._make_masked_view(classify_column.table_name);
    RETURN NEXT entry;
END
$function$;
COMMENT ON FUNCTION crm.classify_column(text, text, text, text) IS
    'Says what a column of schema crm holds (class) and what an erasure does to it (action), in crm.pii_registry, and '
    'lets those roles read it that may read the class. Needed for columns of your own, which crm_admin, sales and '
    'pooled applications see at once and nobody else until then. Returns the entry. Raises 22023 for an unknown '
    'table, column, class or action and for an action that does not fit the column.';
