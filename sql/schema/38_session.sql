-- 38_session: the keys that session tokens of pooled applications are signed with.

CREATE TABLE IF NOT EXISTS crm_state.token_key (
    token_key_id integer NOT NULL,
    secret text,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT SESSION_USER,
    valid_until timestamptz,
    CONSTRAINT token_key_pkey PRIMARY KEY (token_key_id),
    CONSTRAINT token_key_token_key_id_check CHECK (token_key_id > 0),
    -- 32 to 1,024 bytes
    CONSTRAINT token_key_secret_check CHECK (
        secret ~ '^([0-9a-f][0-9a-f])+$' AND char_length(secret) >= 64 AND char_length(secret) <= 2048
    ),
    CONSTRAINT token_key_retired_check CHECK (secret IS NOT NULL OR valid_until IS NOT NULL),
    CONSTRAINT token_key_finite_check CHECK (isfinite(valid_until))
);
COMMENT ON TABLE crm_state.token_key IS
    'Keys that session tokens are signed with. No role but crm_owner reads them; crm.token_keys() shows all but the '
    'secrets.';
COMMENT ON COLUMN crm_state.token_key.token_key_id IS 'Number of the key, from 1; each token names it.';
COMMENT ON COLUMN crm_state.token_key.secret IS
    'The key, 32 to 1,024 bytes in hexadecimal digits; NULL once the key was retired.';
COMMENT ON COLUMN crm_state.token_key.created_at IS 'When the key was set; crm.issue_token() takes the latest.';
COMMENT ON COLUMN crm_state.token_key.created_by IS 'Login that set the key.';
COMMENT ON COLUMN crm_state.token_key.valid_until IS
    'From when on tokens of the key are refused; NULL while no end is set.';
