-- The audit written in plain SQL: a row trigger in plpgsql that any table with crm._audit() can have beside it. It
-- fills twin.log, which has to hold what crm.audit_log holds; see docs/audit.md for the rules.
CREATE SCHEMA twin;
CREATE TABLE twin.log (
    log_id bigint GENERATED ALWAYS AS IDENTITY, table_name text, operation text, row_id bigint, row_key jsonb,
    customer_id bigint, old_values jsonb, new_values jsonb
);

-- A value as to_jsonb() writes it, but cut where it is long.
CREATE FUNCTION twin.value(field anyelement) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    bytes bytea;
    shown text;
BEGIN
    IF pg_typeof(field) = 'bytea'::regtype THEN
        bytes := field;
        shown := '\x' || encode(bytes, 'hex');
    ELSIF jsonb_typeof(to_jsonb(field)) = 'string' THEN
        shown := to_jsonb(field) #>> '{}';
        bytes := convert_to(shown, getdatabaseencoding());
    ELSIF pg_column_size(to_jsonb(field)) > 8192 THEN
        shown := to_jsonb(field)::text;
        bytes := convert_to(shown, getdatabaseencoding());
    ELSE
        RETURN to_jsonb(field);
    END IF;
    IF octet_length(shown) > 8192 THEN
        shown := left(shown, 1000) || '... (' || octet_length(bytes) || ' bytes, sha256 ' || encode(sha256(bytes), 'hex')
            || ')';
    END IF;
    RETURN to_jsonb(shown);
END
$$;

-- The columns of a table that the log holds, or those of its key.
CREATE FUNCTION twin.fields(table_id oid, is_key boolean) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = table_id AND a.attnum > 0 AND NOT a.attisdropped
        AND CASE WHEN is_key THEN EXISTS (
                SELECT FROM pg_index AS i WHERE i.indrelid = table_id AND i.indisprimary AND a.attnum = ANY (i.indkey))
            ELSE a.attgenerated = ''
                AND a.attname NOT IN ('created_at', 'created_by', 'updated_at', 'updated_by', 'row_version') END
$$;

CREATE FUNCTION twin.log_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := '{}';
    new_row jsonb := '{}';
    fields text[] := twin.fields(TG_RELID, false);
    keys text[] := twin.fields(TG_RELID, true);
    field text;
    one jsonb;
BEGIN
    -- A NULL has no key here; the null of a jsonb has.
    FOREACH field IN ARRAY fields LOOP
        IF TG_OP <> 'INSERT' THEN
            EXECUTE format('SELECT twin.value(($1).%I)', field) INTO one USING OLD;
            old_row := old_row || CASE WHEN one IS NULL THEN '{}' ELSE jsonb_build_object(field, one) END;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            EXECUTE format('SELECT twin.value(($1).%I)', field) INTO one USING NEW;
            new_row := new_row || CASE WHEN one IS NULL THEN '{}' ELSE jsonb_build_object(field, one) END;
        END IF;
    END LOOP;
    IF TG_OP = 'INSERT' THEN
        PERFORM twin.write(TG_RELID, 'insert', keys, to_jsonb(NEW), NULL, new_row);
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM twin.write(TG_RELID, 'delete', keys, to_jsonb(OLD), old_row, NULL);
    ELSIF (SELECT bool_and(new_row -> k = old_row -> k) FROM unnest(keys) AS k) THEN
        SELECT jsonb_object_agg(k, coalesce(old_row -> k, 'null')), jsonb_object_agg(k, coalesce(new_row -> k, 'null'))
        INTO old_row, new_row
        FROM unnest(fields) AS k WHERE old_row -> k IS DISTINCT FROM new_row -> k;
        IF old_row IS NOT NULL THEN
            PERFORM twin.write(TG_RELID, 'update', keys, to_jsonb(NEW), old_row, new_row);
        END IF;
    ELSE
        -- Another key: the row went, and came anew.
        PERFORM twin.write(TG_RELID, 'delete', keys, to_jsonb(OLD), old_row, NULL);
        PERFORM twin.write(TG_RELID, 'insert', keys, to_jsonb(NEW), NULL, new_row);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION twin.write(table_id oid, operation text, keys text[], this jsonb, old_values jsonb, new_values jsonb)
    RETURNS void LANGUAGE sql AS $$
    INSERT INTO twin.log (table_name, operation, row_id, row_key, customer_id, old_values, new_values)
    SELECT table_id::regclass::text, operation,
        CASE WHEN a.atttypid = 'bigint'::regtype THEN (this ->> a.attname)::bigint END,
        CASE WHEN cardinality(keys) > 1 OR a.atttypid <> 'bigint'::regtype THEN
            (SELECT jsonb_object_agg(k, this -> k) FROM unnest(keys) AS k) END,
        (this ->> 'customer_id')::bigint, old_values, new_values
    FROM pg_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = table_id AND i.indisprimary
$$;
