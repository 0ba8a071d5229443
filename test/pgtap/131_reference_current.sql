-- The committed pages in docs/reference and docs/er are what `make docs` would write.
-- Runs in the folder of the sources.
BEGIN;
SELECT plan(1);
\set differences `PGDATABASE=:'DBNAME' docs/reference/pages check 2>&1 | head -n 20`
SELECT is(:'differences'::text, ''::text, 'docs/reference and docs/er are current; if not, run make docs');
SELECT * FROM finish();
ROLLBACK;
