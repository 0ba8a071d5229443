-- The committed diagrams in docs/er are those of the catalogue. Made anew by `make docs`.
-- Runs in the folder of the sources.
BEGIN;
SELECT plan(16);

CREATE TEMP TABLE committed (domain text, diagram text);
\set organisation `cat docs/er/organisation.mmd`
\set customers `cat docs/er/customers.mmd`
\set catalogue `cat docs/er/catalogue.mmd`
\set orders `cat docs/er/orders.mmd`
\set pipeline `cat docs/er/pipeline.mmd`
\set segments `cat docs/er/segments.mmd`
\set marketing `cat docs/er/marketing.mmd`
\set support `cat docs/er/support.mmd`
\set knowledge `cat docs/er/knowledge.mmd`
\set metrics `cat docs/er/metrics.mmd`
\set system `cat docs/er/system.mmd`
INSERT INTO committed VALUES
    ('organisation', :'organisation'), ('customers', :'customers'), ('catalogue', :'catalogue'),
    ('orders', :'orders'), ('pipeline', :'pipeline'), ('segments', :'segments'), ('marketing', :'marketing'),
    ('support', :'support'), ('knowledge', :'knowledge'), ('metrics', :'metrics'), ('system', :'system');

SELECT set_eq('SELECT DISTINCT d.domain FROM crm._table_domains() AS d', 'SELECT c.domain FROM committed AS c',
    'each domain has its diagram');
SELECT is(c.diagram, crm.erd(c.domain), format('docs/er/%s.mmd is current', c.domain))
FROM committed AS c
ORDER BY c.domain;

-- What is drawn is what the information schema tells, read from the committed text.
CREATE TEMP TABLE drawn AS
SELECT c.domain, b.entity[1] AS table_name, (regexp_match(l.line, '^ +\S+ (\S+)'))[1] AS column_name
FROM committed AS c
CROSS JOIN LATERAL regexp_matches(c.diagram, '\n    (\w+) \{\n([^}]*)\n    \}', 'g') AS b (entity)
CROSS JOIN LATERAL regexp_split_to_table(b.entity[2], '\n') AS l (line);
SELECT set_eq($$
    SELECT d.table_name, d.column_name FROM drawn AS d
$$, $$
    SELECT c.table_name::text, c.column_name::text
    FROM information_schema.columns AS c
    JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    WHERE c.table_schema = 'crm' AND t.table_type = 'BASE TABLE'
$$, 'the diagrams show every column of every table, and no other');
SELECT bag_eq($$
    SELECT m.words[1] AS parent, m.words[2] AS child FROM committed AS c
    CROSS JOIN LATERAL regexp_matches(c.diagram, '\n    (\w+) [|}o]+--[|{o]+ (\w+) : ', 'g') AS m (words)
$$, $$
    SELECT p.table_name::text AS parent, k.table_name::text AS child
    FROM information_schema.referential_constraints AS r
    JOIN information_schema.table_constraints AS k
        ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name
    JOIN information_schema.table_constraints AS p
        ON p.constraint_schema = r.unique_constraint_schema AND p.constraint_name = r.unique_constraint_name
    WHERE r.constraint_schema = 'crm'
$$, 'and a line for every foreign key, from parent to child');

SELECT throws_ok('SELECT crm.erd(''nowhere'')', '22023', 'there is no domain "nowhere"', 'an unknown domain is refused');
SELECT is((SELECT count(*) FROM regexp_matches(crm.erd(), '\n    \w+ \{\n', 'g')),
    (SELECT count(*) FROM pg_tables AS t WHERE t.schemaname = 'crm'), 'without a domain, all tables are drawn');

SELECT * FROM finish();
ROLLBACK;
