-- The variants of the benchmark of the audit, on the tables and sessions of orders.sql:
--   bare        triggers of the CRM switched off
--   unaudited   all triggers but those of the audit
--   audited     all triggers
CREATE PROCEDURE bench.switch(variant text) LANGUAGE plpgsql AS $$
DECLARE
    audit record;
BEGIN
    CALL bench.triggers(CASE WHEN variant = 'bare' THEN 'DISABLE' ELSE 'ENABLE' END);
    IF variant = 'unaudited' THEN
        FOR audit IN
            SELECT t.tgrelid::regclass AS name, t.tgname FROM pg_trigger AS t
            WHERE t.tgfoid = 'crm._audit()'::regprocedure
                AND t.tgrelid IN ('crm.sales_order'::regclass, 'crm.order_item'::regclass)
        LOOP
            EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', audit.name, audit.tgname);
        END LOOP;
    END IF;
END $$;
