-- 05_owner_policies: tables that came back without their policies, as from a dump restored where the roles were
-- missing, are closed to their owner as well. The modules that follow must see and write them.

DO $policies$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT c.oid::regclass AS name, c.relname || '_owner' AS policy_name
        FROM pg_class AS c
        WHERE c.relnamespace IN (to_regnamespace('crm'), to_regnamespace('crm_state')) AND c.relkind = 'r'
            AND c.relowner = 'crm_owner'::regrole AND c.relforcerowsecurity
            AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = c.relname || '_owner')
        ORDER BY c.oid::regclass::text
    LOOP
        EXECUTE format('CREATE POLICY %I ON %s FOR ALL TO crm_owner USING (true) WITH CHECK (true)', target.policy_name,
            target.name);
    END LOOP;
END
$policies$;
