-- 90_install: creates the schema, unless it comes with a dump.

SELECT crm.install();
