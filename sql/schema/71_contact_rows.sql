-- 71_contact_rows: finding what belongs to one person inside a business, a contact, for his erasure. By the
-- catalogue as for customers (71_erasure), but along the references to the person only.

CREATE OR REPLACE FUNCTION crm._contact_links()
    RETURNS TABLE (child oid, parent oid, column_name text, pairs text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT f.conrelid, f.confrelid, k.column_name, k.pairs
    FROM pg_constraint AS f
    JOIN pg_class AS c ON c.oid = f.conrelid AND c.relnamespace = 'crm'::regnamespace AND NOT c.relispartition
    CROSS JOIN LATERAL (
        -- The key itself stands last, behind the customer.
        SELECT (array_agg(a.attname::text ORDER BY n.place DESC))[1] AS column_name,
            string_agg(format('{parent}.%I = {row}.%I', b.attname, a.attname), ' AND ' ORDER BY n.place) AS pairs
        FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS n (child, parent, place)
        JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = n.child
        JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = n.parent
    ) AS k
    -- Papers of the business name a person whom to ask; they are not about him.
    WHERE f.contype = 'f' AND f.conrelid <> f.confrelid
        AND c.relname NOT IN ('account', 'opportunity', 'quote', 'sales_order', 'customer')
$function$;
COMMENT ON FUNCTION crm._contact_links() IS
    'Foreign keys inside schema crm that lead from a person to what belongs to him: the referring and the referenced '
    'table, the column that refers, and the comparison of {parent} and {row}.';

CREATE OR REPLACE FUNCTION crm._contact_reached()
    RETURNS TABLE (table_id oid, condition text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    WITH RECURSIVE link AS MATERIALIZED (SELECT l.* FROM crm._contact_links() AS l),
    reached AS (
        SELECT v.oid, v.condition, ARRAY[v.oid] AS path
        FROM (VALUES
            ('crm.contact'::regclass::oid, '{row}.contact_id = $1'),
            ('crm.lead'::regclass::oid, '{row}.lead_id = ANY ($2)')
        ) AS v (oid, condition)
        UNION ALL
        SELECT l.child, CASE l.parent
                WHEN 'crm.contact'::regclass THEN format('{row}.%I = $1', l.column_name)
                WHEN 'crm.lead'::regclass THEN format('{row}.%I = ANY ($2)', l.column_name)
                -- What another person wrote on it is his.
                ELSE format('EXISTS (SELECT FROM %s AS p%s WHERE %s AND (%s))%s', l.parent::regclass,
                    cardinality(p.path), replace(l.pairs, '{parent}', 'p' || cardinality(p.path)),
                    replace(p.condition, '{row}', 'p' || cardinality(p.path)),
                    (SELECT string_agg(format(' AND {row}.%I IS NULL', o.column_name), '')
                        FROM link AS o WHERE o.child = l.child AND o.parent = 'crm.contact'::regclass))
            END,
            p.path || l.child
        FROM reached AS p
        JOIN link AS l ON l.parent = p.oid AND l.child <> ALL (p.path) AND l.child <> 'crm.lead'::regclass
    )
    SELECT r.oid, string_agg(DISTINCT '(' || r.condition || ')', ' OR ')
    FROM reached AS r
    GROUP BY r.oid
$function$;
COMMENT ON FUNCTION crm._contact_reached() IS
    'Tables with rows of a contact that keys lead to, with the condition on {row}; $1 is the contact, $2 the keys of his '
    'leads.';

CREATE OR REPLACE FUNCTION crm._contact_tables()
    RETURNS TABLE (table_id oid, table_name text, condition text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    WITH reached AS MATERIALIZED (SELECT r.* FROM crm._contact_reached() AS r)
    SELECT c.oid, c.relname::text, replace(r.condition, '{row}', 't')
    FROM reached AS r
    JOIN pg_class AS c ON c.oid = r.table_id
    UNION ALL
    -- Events name table and key of the row.
    SELECT 'crm.event'::regclass, 'event', string_agg(format(
        '(t.table_name = %L AND t.row_id IN (SELECT e.%I FROM %s AS e WHERE %s))', c.relname, a.attname,
        r.table_id::regclass, replace(r.condition, '{row}', 'e')), ' OR ')
    FROM reached AS r
    JOIN pg_class AS c ON c.oid = r.table_id
    JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] AND a.atttypid = 'bigint'::regtype
$function$;
COMMENT ON FUNCTION crm._contact_tables() IS
    'The tables of schema crm with rows that belong to one contact of a business, with the condition on a row t: himself, '
    'his leads, and what refers to these but accounts and opportunities. $1 is the contact, $2 the keys of his leads.';

CREATE OR REPLACE FUNCTION crm._contact_leads(contact_id bigint)
    RETURNS bigint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
    SELECT coalesce(array_agg(l.lead_id ORDER BY l.lead_id), '{}')
    FROM crm.contact AS c
    JOIN crm.lead AS l ON l.converted_contact_id = c.contact_id
        OR l.converted_contact_id IS NULL AND l.email_key = c.email_key
            AND (l.converted_customer_id IS NULL OR l.converted_customer_id = c.customer_id)
    WHERE c.contact_id = $1
$function$;
COMMENT ON FUNCTION crm._contact_leads(bigint) IS
    'Keys of the leads that became the contact, and of those that became nobody, or his business without a person, and '
    'carry his e-mail address.';
