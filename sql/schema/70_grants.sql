-- 70_grants: rights on tables and functions. Nothing is granted to PUBLIC. Until the rights of the other
-- roles are laid down, crm_admin works with the data and everybody else sees none of it.

DO $grants$
DECLARE
    object record;
BEGIN
    -- Only where nothing was ever granted: what a DBA granted or revoked stays.
    FOR object IN
        SELECT c.oid::regclass AS name, c.relkind
        FROM pg_class AS c
        WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'v')
            AND c.relowner = 'crm_owner'::regrole AND c.relacl IS NULL
        ORDER BY c.relname
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO crm_admin', object.name);
    END LOOP;
    FOR object IN
        SELECT p.oid::regprocedure AS name
        FROM pg_proc AS p
        WHERE p.pronamespace = 'crm'::regnamespace AND p.proowner = 'crm_owner'::regrole
            AND p.prorettype <> 'trigger'::regtype
            AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee <> p.proowner)
        ORDER BY p.oid::regprocedure::text
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO crm_admin', object.name);
    END LOOP;
END
$grants$;
