-- 71_access_request: all that the CRM knows about a customer, for him to read (GDPR, articles 15 and 20).

CREATE OR REPLACE FUNCTION crm._export_table(
    table_id oid, customer_id bigint, lead_ids bigint[], external_source text, external_id text)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    statement text;
    exported jsonb;
BEGIN
    statement := (
        -- Columns about staff are other people's data.
        SELECT format('SELECT jsonb_agg((SELECT to_jsonb(r) FROM (SELECT %s) AS r) ORDER BY %s) FROM crm.%I AS t WHERE %s',
            string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum),
            coalesce((
                SELECT string_agg(format('t.%I', b.attname), ', ' ORDER BY n.place)
                FROM pg_index AS i
                CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS n (attnum, place)
                JOIN pg_attribute AS b ON b.attrelid = i.indrelid AND b.attnum = n.attnum
                WHERE i.indrelid = c.oid AND i.indisprimary), 't.ctid'),
            s.table_name, s.condition)
        FROM crm._subject_tables() AS s
        JOIN pg_class AS c ON c.oid = s.table_id
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN crm.pii_registry AS r
            ON r.schema_name = 'crm' AND r.table_name = c.relname AND r.column_name = a.attname
        WHERE s.table_id = _export_table.table_id AND r.class IS DISTINCT FROM 'staff'
        GROUP BY c.oid, s.table_name, s.condition);
    IF statement IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE statement INTO exported USING _export_table.customer_id, lead_ids, external_source, external_id;
    RETURN exported;
END
$function$;
COMMENT ON FUNCTION crm._export_table(oid, bigint, bigint[], text, text) IS
    'The rows of one table that hang on the customer as an array, in the order of the primary key; NULL for none.';

CREATE OR REPLACE FUNCTION crm.export_customer(customer_id bigint)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    subject crm.customer;
    leads bigint[];
BEGIN
    IF NOT crm.has_role('crm_admin') THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = 'only crm_admin may export all data of a customer',
            HINT = 'Others see a part of the data, which would be a wrong answer to the customer.';
    END IF;
    PERFORM crm._check_exists('customer', export_customer.customer_id);
    SELECT * INTO subject FROM crm.customer AS c WHERE c.customer_id = export_customer.customer_id;
    leads := crm._subject_leads(subject.customer_id);
    RETURN (
        SELECT jsonb_object_agg(e.table_name, e.rows)
        FROM (
            SELECT s.table_name, crm._export_table(s.table_id, subject.customer_id, leads,
                coalesce(subject.external_source, ''), coalesce(subject.external_id, '')) AS rows
            FROM crm._subject_tables() AS s
        ) AS e
        WHERE e.rows IS NOT NULL);
END
$function$;
COMMENT ON FUNCTION crm.export_customer(bigint) IS
    'All rows about a customer, his contacts and leads in every table of schema crm, consents and audit included, as one '
    'JSON object of table names and arrays of rows in the order of their keys; empty tables and names of staff are left '
    'out. Reads as the caller, who must be crm_admin (42501). Raises 22023 for an unknown customer.';
