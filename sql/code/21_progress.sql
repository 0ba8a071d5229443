-- 21_progress: progress of long jobs; the view crm.progress shows it.

CREATE FUNCTION crm._progress(job text, phase text, done bigint, total bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'crm_progress';
COMMENT ON FUNCTION crm._progress(text, text, bigint, bigint) IS
    'Shows other sessions how far a job of this session is. Job and phase are words of fixed lists; an unknown '
    'one raises 22023 with the list as hint.';

CREATE FUNCTION crm._progress_end() RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'crm_progress_end';
COMMENT ON FUNCTION crm._progress_end() IS 'Ends the display that crm._progress() started.';

CREATE FUNCTION crm._progress_list(
    OUT pid integer, OUT database_id oid, OUT user_id oid, OUT job text, OUT phase text,
    OUT done bigint, OUT total bigint, OUT started_at timestamptz)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED ROWS 5
    AS 'MODULE_PATHNAME', 'crm_progress_list';
COMMENT ON FUNCTION crm._progress_list() IS
    'Jobs of the CRM that are running in this cluster, one row each; read it through the view crm.progress.';
