-- The page schema.md: every table with its columns, constraints and indexes, by domain.
\ir common.sql

CREATE TEMP VIEW reference_table AS
SELECT c.oid, c.relname::text AS name, n.nspname::text AS schema,
    CASE WHEN n.nspname = 'crm' THEN coalesce(d.domain, 'other') ELSE n.nspname END AS domain,
    CASE WHEN n.nspname = 'crm' THEN coalesce(d.place, 100) ELSE 101 END AS place
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN crm._table_domains() AS d ON d.table_name = c.relname
WHERE n.nspname IN ('crm', 'crm_state') AND c.relkind IN ('r', 'p') AND NOT c.relispartition;

CREATE TEMP VIEW reference_column AS
SELECT a.attrelid, string_agg(format(E'| %s | %s | %s | %s | %s |\n',
    a.attname,
    pg_temp.code(format_type(a.atttypid, a.atttypmod)),
    CASE WHEN a.attnotnull THEN 'no' ELSE 'yes' END,
    CASE
        WHEN a.attidentity <> '' THEN 'identity'
        WHEN a.attgenerated <> '' THEN 'generated: ' || pg_temp.code(pg_get_expr(e.adbin, e.adrelid))
        ELSE pg_temp.code(pg_get_expr(e.adbin, e.adrelid))
    END,
    pg_temp.prose(col_description(a.attrelid, a.attnum))), '' ORDER BY a.attnum) AS lines
FROM pg_attribute AS a
LEFT JOIN pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
GROUP BY a.attrelid;

-- PostgreSQL 18 lists NOT NULL (n) here as well; the column says it already.
CREATE TEMP VIEW reference_constraint AS
SELECT o.conrelid, string_agg(format(E'- %s: %s\n', pg_temp.code(o.conname),
    replace(pg_temp.code(pg_get_constraintdef(o.oid)), '\|', '|')), ''
    ORDER BY position(o.contype IN 'pufxc'), o.conname COLLATE "C") AS lines
FROM pg_constraint AS o
WHERE o.contype <> 'n'
GROUP BY o.conrelid;

CREATE TEMP VIEW reference_index AS
SELECT i.indrelid, string_agg(format(E'- %s: %s\n', pg_temp.code(c.relname),
    replace(pg_temp.code(ltrim(regexp_replace(
        pg_get_indexdef(i.indexrelid), '^CREATE( UNIQUE)? INDEX .* USING ', '\1 '))), '\|', '|')), ''
    ORDER BY c.relname COLLATE "C") AS lines
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint AS o WHERE o.conindid = i.indexrelid AND o.conrelid = i.indrelid)
GROUP BY i.indrelid;

SELECT E'# Tables\n\n'
    'Written by `make docs` from the comments in the database; change those, not this page. Diagrams of the same '
    'tables: [er](../er/README.md).\n';

SELECT string_agg(format('- %s: %s', d.domain, d.tables), E'\n' ORDER BY d.place) || E'\n'
FROM (
    SELECT t.domain, t.place,
        string_agg(format('[%s](#%s)', t.name, t.name), ', ' ORDER BY t.name COLLATE "C") AS tables
    FROM reference_table AS t
    GROUP BY t.domain, t.place
) AS d;

SELECT CASE WHEN row_number() OVER (PARTITION BY t.domain ORDER BY t.name COLLATE "C") = 1
        THEN format(E'## Domain %s\n\n', t.domain) ELSE '' END
    || format(E'### %s\n\n%s\n\n', t.name, pg_temp.prose(obj_description(t.oid, 'pg_class')))
    || E'| column | type | null | default | comment |\n|---|---|---|---|---|\n'
    || c.lines
    || coalesce(E'\nConstraints:\n\n' || k.lines, '')
    || coalesce(E'\nIndexes besides those of constraints:\n\n' || i.lines, '')
FROM reference_table AS t
JOIN reference_column AS c ON c.attrelid = t.oid
LEFT JOIN reference_constraint AS k ON k.conrelid = t.oid
LEFT JOIN reference_index AS i ON i.indrelid = t.oid
ORDER BY t.place, t.domain COLLATE "C", t.name COLLATE "C";
