-- The page er/README.md: the diagram of each domain.
SELECT E'# Entity-relationship diagrams\n\n'
    'Written by `make docs` from the catalogue. `SELECT crm.erd(''orders'')` draws the same from a living database, '
    'with columns and tables of your own. What the columns mean: [tables](../reference/schema.md).\n';

SELECT format(E'## %1$s\n\n[%1$s.mmd](%1$s.mmd)\n\n```mermaid\n%2$s\n```\n', d.domain, crm.erd(d.domain))
FROM (SELECT t.domain, t.place FROM crm._table_domains() AS t GROUP BY t.domain, t.place) AS d
ORDER BY d.place;
