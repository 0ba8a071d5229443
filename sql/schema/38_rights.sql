-- 38_rights: what install() has granted once, so that it never grants again what a DBA took away.

CREATE TABLE IF NOT EXISTS crm_state.install_grant (
    object_name text NOT NULL,
    grantee text NOT NULL,
    privilege text NOT NULL,
    column_name text NOT NULL DEFAULT '',
    CONSTRAINT install_grant_pkey PRIMARY KEY (object_name, grantee, privilege, column_name),
    CONSTRAINT install_grant_length_check CHECK (
        char_length(object_name) <= 1000
        AND char_length(grantee) <= 200
        AND char_length(privilege) <= 200
        AND char_length(column_name) <= 200
    )
);
COMMENT ON TABLE crm_state.install_grant IS
    'Privileges that crm.install() has granted to the group roles, each once: what a DBA revoked later stays revoked.';
COMMENT ON COLUMN crm_state.install_grant.object_name IS 'Table, view or function with its schema, as regclass or regprocedure write it.';
COMMENT ON COLUMN crm_state.install_grant.grantee IS 'The group role.';
COMMENT ON COLUMN crm_state.install_grant.privilege IS 'SELECT, INSERT, UPDATE, DELETE, REFERENCES or EXECUTE.';
COMMENT ON COLUMN crm_state.install_grant.column_name IS 'The column that the privilege is for; empty for the whole object.';
