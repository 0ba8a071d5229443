-- The page rights.md: who may do what with which table, from crm._rights() and the registry of personal data.
\ir common.sql

CREATE TEMP VIEW rights_scope (scope, meaning, place) AS
VALUES
    ('sales', 'the row names the person as its sales rep, or lies in one of the person''s regions', 1),
    ('rep', 'the row names the person as its sales rep', 2),
    ('manager', 'the row names the person as its sales manager', 3),
    ('customer', 'its customer is in the person''s scope', 4),
    ('hangs', 'the row names the person as its sales rep, or its customer is in scope', 5),
    ('member', 'its customer or its lead is in scope', 6),
    ('none', 'there is no scope: all rows or none', 8),
    ('staging', 'no row-level security, so that COPY works; whoever may use the table sees all rows', 9);

CREATE TEMP VIEW rights_table AS
SELECT r.*, d.domain, d.place,
    CASE
        WHEN r.scope IN ('none', 'staging') THEN ''
        WHEN EXISTS (SELECT FROM rights_scope AS s WHERE s.scope = r.scope) THEN r.scope
        ELSE 'as ' || r.scope
    END AS scope_name
FROM crm._rights() AS r
JOIN crm._table_domains() AS d ON d.table_name = r.table_name;

-- Small letters and capitals look alike in a hurry, so that a scope has its own sign.
CREATE FUNCTION pg_temp.cell(letters text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN letters = '' THEN '–' WHEN letters = 'n' THEN '∅' ELSE (
        SELECT string_agg(upper(l.letter) || CASE WHEN l.letter = lower(l.letter) THEN '°' ELSE '' END, ' ' ORDER BY l.place)
        FROM unnest(string_to_array(letters, NULL)) WITH ORDINALITY AS l (letter, place)) END
$$;

SELECT E'# Rights\n\n'
    'Written by `make docs` from `crm._rights()` and `crm.pii_registry`; change those, not this page. What the roles are '
    'for, and what row-level security does not hide, stands in [Security](../security.md). Each cell is proved by a '
    'test, with rows inside and outside the scope.' || E'\n\n'
    '| In a cell | it means |' || E'\n|---|---|\n'
    '| R I U D | SELECT, INSERT, UPDATE, DELETE on all rows |' || E'\n'
    '| R° I° U° D° | the same on the rows in the own scope: other rows are invisible, writing such a row is refused |' || E'\n'
    '| ∅ | SELECT is permitted and returns no row, so that views which join the table work |' || E'\n'
    '| – | permission denied |' || E'\n\n'
    'Nobody has TRUNCATE, TRIGGER, or a right on a sequence or on a table of schema crm_state. Deleted records '
    '(deleted_at) are for crm_admin only. **crm_app** sees and writes nothing without a session token; with one it may '
    'what the person of the token may, but for [tables with hidden columns](#hidden-columns).' || E'\n';

SELECT E'## Scopes\n\nThe scope of a **sales rep** is the person and the own region with all below; of a **sales manager** the '
    'team (the tree of staff.manager_id), its regions and all below; of a manager without a superior all of sales. '
    'A row is in scope if:' || E'\n\n| Scope | Condition |\n|---|---|\n'
    || string_agg(format('| %s | %s |', s.scope, s.meaning), E'\n' ORDER BY s.place)
    || E'\n| as *table* | the row of that table, which it hangs on, is in scope |\n'
FROM rights_scope AS s
WHERE s.scope NOT IN ('none', 'staging');

SELECT CASE WHEN row_number() OVER w = 1 THEN format(E'## Domain %s\n\n', t.domain)
        || E'| Table | Scope | admin | sales manager | sales rep | marketing manager | marketing analyst | support agent | bi | auditor |\n'
        || E'|---|---|---|---|---|---|---|---|---|---|\n' ELSE '' END
    || format('| [%1$s](schema.md#%1$s) | %2$s | %3$s |', t.table_name, t.scope_name,
        concat_ws(' | ', pg_temp.cell(t.crm_admin), pg_temp.cell(t.crm_sales_manager), pg_temp.cell(t.crm_sales_rep),
            pg_temp.cell(t.crm_marketing_manager), pg_temp.cell(t.crm_marketing_analyst),
            pg_temp.cell(t.crm_support_agent), pg_temp.cell(t.crm_bi), pg_temp.cell(t.crm_auditor)))
    || CASE WHEN lead(t.domain) OVER w IS NULL THEN E'\n' ELSE '' END
FROM rights_table AS t
WINDOW w AS (PARTITION BY t.domain ORDER BY t.table_name COLLATE "C")
ORDER BY t.place, t.domain COLLATE "C", t.table_name COLLATE "C";

SELECT E'## Hidden columns\n\nWhat these roles cannot read of tables that they read: columns of a class of personal data that is '
    'not for them. A column that you add is hidden from them until `crm.classify_column()` names it. Marketing reads '
    'customers through `crm.v_customer_masked`, BI tools through the views of schema crm_bi. Behind a pool persons in '
    'marketing see no row of a table that has hidden columns for them.' || E'\n\n'
    '| Table | hidden from marketing manager | marketing analyst | bi |' || E'\n|---|---|---|---|\n'
    || string_agg(format('| %s | %s | %s | %s |', h.table_name, h.marketing_manager, h.marketing_analyst, h.bi), E'\n'
        ORDER BY h.table_name COLLATE "C") || E'\n'
FROM (
    SELECT t.table_name,
        string_agg(a.attname, ', ' ORDER BY a.attnum) FILTER (WHERE t.role_name = 'crm_marketing_manager') AS marketing_manager,
        string_agg(a.attname, ', ' ORDER BY a.attnum) FILTER (WHERE t.role_name = 'crm_marketing_analyst') AS marketing_analyst,
        string_agg(a.attname, ', ' ORDER BY a.attnum) FILTER (WHERE t.role_name = 'crm_bi') AS bi
    FROM crm._table_rights() AS t
    JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('crm.%I', t.table_name)) AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.command = 'select' AND t.sees <> 'none' AND t.role_name = ANY (crm._class_readers('none'))
        AND NOT EXISTS (SELECT FROM crm._visible_columns() AS v
            WHERE v.table_name = t.table_name AND v.column_name = a.attname AND v.role_name = t.role_name)
    GROUP BY t.table_name
) AS h;

SELECT E'## Without a table\n\n'
    || coalesce('Not in the matrix: ' || string_agg(c.relname, ', ' ORDER BY c.relname) || '.',
        'Every table of schema crm stands above.')
FROM pg_class AS c
WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM rights_table AS t WHERE t.table_name = c.relname);
