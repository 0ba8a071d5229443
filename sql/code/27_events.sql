-- 27_events: the era that the events of this cluster belong to.

CREATE FUNCTION crm._event_era() RETURNS integer
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
    AS 'MODULE_PATHNAME', 'crm_event_era_sql';
ALTER FUNCTION crm._event_era() OWNER TO crm_owner;
COMMENT ON FUNCTION crm._event_era() IS
    'Number of the database''s life between restores into another cluster, from 1. Transaction numbers of events '
    'compare only within one era.';
