-- Session tokens against an HMAC of plain SQL, which is compared with RFC 4231 and with the vectors of
-- docs/pooled-apps.md (made by Python's hmac, confirmed by openssl). Each attempt to begin a session is undone.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(100);

INSERT INTO crm.staff (staff_id, first_name, last_name, email, active, db_role) VALUES
    (24001, 'Tok', 'One', 'tok1@example.com', true, NULL),
    (24002, 'Tok', 'Two', 'tok2@example.com', true, 'tok_two'),
    (24003, 'Tok', 'Gone', 'tok3@example.com', false, NULL);

-- An HMAC-SHA256 of plain SQL (RFC 2104) ----------------------------------------------------------------------

CREATE FUNCTION pg_temp.xor(bytes bytea, pad integer) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0..octet_length(bytes) - 1 LOOP
        bytes := set_byte(bytes, i, get_byte(bytes, i) # pad);
    END LOOP;
    RETURN bytes;
END
$$;
CREATE FUNCTION pg_temp.hmac(secret bytea, message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
    IF octet_length(secret) > 64 THEN
        secret := sha256(secret);
    END IF;
    secret := secret || decode(repeat('00', 64 - octet_length(secret)), 'hex');
    RETURN sha256(pg_temp.xor(secret, 92) || sha256(pg_temp.xor(secret, 54) || message));
END
$$;
CREATE FUNCTION pg_temp.token(secret bytea, key_id bigint, staff_id bigint, expires bigint) RETURNS text LANGUAGE sql AS $$
    SELECT t.text || '.' || rtrim(translate(encode(pg_temp.hmac(secret, t.text::bytea), 'base64'), E'+/\n', '-_'), '=')
    FROM format('crm1.%s.%s.%s', key_id, staff_id, expires) AS t (text)
$$;
CREATE FUNCTION pg_temp.seconds() RETURNS bigint LANGUAGE sql AS $$
    SELECT floor(extract(epoch FROM clock_timestamp()))::bigint
$$;
SELECT is(pg_temp.hmac(decode(repeat('0b', 20), 'hex'), 'Hi There'),
    '\xb0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'the HMAC of the test: RFC 4231, case 1');
SELECT is(pg_temp.hmac(decode(repeat('aa', 131), 'hex'), 'Test Using Larger Than Block-Size Key - Hash Key First'),
    '\x60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54', 'case 6');
\set page `cat docs/pooled-apps.md`
CREATE TEMP TABLE vector AS
SELECT decode(m.words[1], 'hex') AS secret, m.words[2]::bigint AS key_id, m.words[3]::bigint AS staff_id,
    m.words[4]::bigint AS expires, m.words[5] AS token
FROM regexp_matches(:'page'::text, '^\| `([0-9a-f]+)` \| `(\d+)` \| `(\d+)` \| `(\d+)` \| `(\S+)` \|$', 'gn') AS m (words);
SELECT results_eq('SELECT v.token FROM vector AS v ORDER BY v.expires', ARRAY[
    'crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4A',
    'crm1.2.9007199254740993.1893456001.QYqYQtI3VXMU2Z1mDBI1lo3fYzC5rtsMynfYF0gzoS4',
    'crm1.2147483647.9223372036854775807.9223372036854775807.JFt0-fcuPDFWNxf7FmTyIQQPGxR04_a4mgmFS9UXnMI'],
    'the page shows the three vectors');
SELECT is_empty($$
    SELECT v.token FROM vector AS v WHERE pg_temp.token(v.secret, v.key_id, v.staff_id, v.expires) <> v.token
$$, 'which the HMAC of the test gives as well');

-- What a token leads to ---------------------------------------------------------------------------------------

-- What a statement raises, or the text that it returns; nothing of it stays.
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    message text;
    detail text;
    hint text;
BEGIN
    IF statement ~* '^SELECT' THEN
        EXECUTE statement INTO result;
    ELSE
        EXECUTE statement;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'UT000';
EXCEPTION
    WHEN SQLSTATE 'UT000' THEN RETURN 'returned ' || coalesce(result, 'NULL');
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, ''), nullif(hint, ''));
END
$$;
CREATE FUNCTION pg_temp.attempt(token text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.outcome(format('SELECT crm.begin_session(%L) || '', acts '' || crm.my_staff_id()', token))
$$;
CREATE FUNCTION pg_temp.refused(detail text) RETURNS text LANGUAGE sql AS $$
    SELECT 'RM020 | session token refused | ' || detail || ' | Make another token; the server''s log says more.'
$$;
\set invalid 'Its signature, its key or its member of staff is not valid.'
\set malformed 'It has not the form crm1.KEY.STAFF.EXPIRES.MAC of at most 200 characters.'
\set secret1 '\\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
SELECT decode(repeat('a5', 65), 'hex') AS secret2 \gset

-- Setting keys --------------------------------------------------------------------------------------------------

SELECT is(pg_temp.attempt(pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 60)), pg_temp.refused(:'invalid'),
    'without a key no token is taken');
SELECT is(pg_temp.attempt(pg_temp.token('', 1, 24001, pg_temp.seconds() + 60)), pg_temp.refused(:'invalid'),
    'not even one that is signed with nothing');
SELECT is(pg_temp.outcome('SELECT crm.issue_token(24001)'),
    '23000 | there is no key to sign tokens with | Set one with crm.set_token_key().', 'and none is made');
SELECT is(pg_temp.outcome('SELECT ' || v.statement), v.wanted, v.statement)
FROM (VALUES
    ('crm.set_token_key(NULL)', '22004 | secret must not be NULL'),
    ('crm.set_token_key(''\x00'', 1, NULL)', '22004 | old_keys_until must not be NULL'),
    ('crm.set_token_key('''')', '22023 | secret must have 32 to 1,024 bytes, not 0 | '
        'Take 32 random bytes, such as openssl rand -hex 32 prints.'),
    ('crm.set_token_key(decode(repeat(''00'', 31), ''hex''))', '22023 | secret must have 32 to 1,024 bytes, '
        'not 31 | Take 32 random bytes, such as openssl rand -hex 32 prints.'),
    ('crm.set_token_key(decode(repeat(''00'', 1025), ''hex''))', '22023 | secret must have 32 to 1,024 bytes, '
        'not 1025 | Take 32 random bytes, such as openssl rand -hex 32 prints.'),
    ('crm.set_token_key(decode(repeat(''00'', 1024), ''hex''))', 'returned 1'),
    ('crm.set_token_key(decode(repeat(''00'', 32), ''hex''), 2147483647)', 'returned 2147483647'),
    ('crm.set_token_key(decode(repeat(''00'', 32), ''hex''), 0)',
        '22023 | key_id must be above 0, not 0 | Leave it out to take the next number.'),
    ('crm.set_token_key(decode(repeat(''00'', 32), ''hex''), 1, ''infinity'')',
        '22023 | old_keys_until must be finite | Give the time from which tokens of older keys are refused.'),
    ('crm.retire_token_key(1)', '22023 | there is no key 1 | SELECT * FROM crm.token_keys() lists them.'),
    ('crm.retire_token_key(NULL)', '22023 | there is no key NULL | SELECT * FROM crm.token_keys() lists them.')
) AS v (statement, wanted);
SELECT throws_ok($$INSERT INTO crm_state.token_key (token_key_id, secret) VALUES (1, repeat('0', 62))$$, '23514', NULL,
    'the table itself refuses a secret that is too short');
SELECT is(crm.set_token_key(:'secret1'), 1, 'the first key is number 1');
SELECT results_eq('SELECT k.key_id, k.is_valid, k.created_by = SESSION_USER, k.valid_until FROM crm.token_keys() AS k',
    'VALUES (1, true, true, NULL::timestamptz)', 'crm.token_keys() shows it');

-- Tokens that are taken and tokens that are not -----------------------------------------------------------------

SELECT is(pg_temp.attempt(pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + v.ahead)), 'returned 24001, acts 24001',
    format('an end %s seconds ahead is taken', v.ahead))
FROM (VALUES (60), (3600), (86400)) AS v (ahead);
SELECT is(pg_temp.attempt(pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + v.ahead)), pg_temp.refused(v.detail),
    format('one %s seconds ahead is not', v.ahead))
FROM (VALUES
    (0, 'The token has expired.'),
    (-1, 'The token has expired.'),
    (-1000000000, 'The token has expired.'),
    (86430, 'The end of the token lies more than 24 hours ahead.'),
    (9223372030000000000, 'The end of the token lies more than 24 hours ahead.')
) AS v (ahead, detail);
SELECT is(pg_temp.attempt(pg_temp.token(v.secret, v.key_id, v.staff_id, pg_temp.seconds() + 60)), pg_temp.refused(:'invalid'),
    v.what || ' looks like any other refusal')
FROM (VALUES
    (:'secret2'::bytea, 1, 24001, 'another secret'),
    (substr(:'secret1'::bytea, 1, 31), 1, 24001, 'a shorter secret'),
    (:'secret1'::bytea, 2, 24001, 'an unknown key'),
    (''::bytea, 2, 24001, 'an unknown key, signed with nothing'),
    (:'secret1'::bytea, 1, 24003, 'a person who is not active'),
    (:'secret1'::bytea, 1, 24099, 'an unknown person')
) AS v (secret, key_id, staff_id, what);
SELECT is(pg_temp.attempt(v.token), pg_temp.refused(:'malformed'), v.what || ' is no token')
FROM (VALUES
    ('', 'an empty text'),
    (repeat('x', 1000000), 'a text of 1 MB'),
    ('crm1.1.42.' || repeat('9', 1000000), 'a number of 1 MB'),
    ('crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5Sä', 'a letter beyond ASCII'),
    ('ｃrm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4A', 'a wide letter'),
    (pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 60) || E'\n', 'a line end after it'),
    (pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 60) || '=', 'padding'),
    (upper(pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 60)), 'another case'),
    (replace(pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 60), '.24001.', '.024001.'), 'a leading zero'),
    (replace(pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 60), '.24001.', '.+24001.'), 'a sign')
) AS v (token, what);
SELECT is(pg_temp.attempt(NULL), '22004 | token must not be NULL | Make one as docs/pooled-apps.md shows.', 'nor is NULL');
CREATE TEMP TABLE good AS SELECT pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 3600) AS token;
-- A byte over 127 stands here as the character of that number; 0 cannot stand in a text.
SELECT results_eq($$
    SELECT left(pg_temp.attempt(overlay(g.token PLACING chr(ascii(substr(g.token, p.place, 1)) # (1 << b.bit)) FROM p.place FOR 1)), 31),
        count(*)
    FROM good AS g
    CROSS JOIN LATERAL generate_series(1, char_length(g.token)) AS p (place)
    CROSS JOIN generate_series(0, 7) AS b (bit)
    GROUP BY 1
$$, $$SELECT 'RM020 | session token refused |', 8 * char_length(g.token)::bigint FROM good AS g$$,
    'each bit that is flipped spoils a token');
SELECT results_eq($$
    SELECT left(pg_temp.attempt(left(g.token, n.length)), 31), count(*)
    FROM good AS g
    CROSS JOIN LATERAL generate_series(0, char_length(g.token) - 1) AS n (length)
    GROUP BY 1
$$, $$SELECT 'RM020 | session token refused |', char_length(g.token)::bigint FROM good AS g$$,
    'each part that is missing as well');
SELECT is(pg_temp.attempt(g.token), 'returned 24001, acts 24001', 'the token itself is good, as often as it is used')
FROM good AS g;

-- Tokens that crm makes -----------------------------------------------------------------------------------------

CREATE TEMP TABLE issued AS
SELECT i.token, split_part(i.token, '.', 4)::bigint AS expires, v.ttl, pg_temp.seconds() AS made
FROM (VALUES (interval '1 second'), ('5 minutes'), ('24 hours')) AS v (ttl)
CROSS JOIN LATERAL (SELECT crm.issue_token(24001, v.ttl) AS token) AS i
UNION ALL
SELECT i.token, split_part(i.token, '.', 4)::bigint, '5 minutes', pg_temp.seconds()
FROM crm.issue_token(24001) AS i (token);
SELECT is_empty($$
    SELECT i.token FROM issued AS i
    WHERE i.token <> pg_temp.token('\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 1, 24001, i.expires)
$$, 'crm.issue_token() signs as the HMAC of the test does');
SELECT is_empty($$
    SELECT i.ttl, i.expires - i.made FROM issued AS i
    WHERE i.expires - i.made NOT BETWEEN extract(epoch FROM i.ttl) - 5 AND extract(epoch FROM i.ttl)
$$, 'for as long as is asked for');
SELECT is(pg_temp.attempt(crm.issue_token(24002, '24 hours')), 'returned 24002, acts 24002', 'and its token is taken');
SELECT is(pg_temp.outcome('SELECT ' || v.statement), v.wanted, v.statement)
FROM (VALUES
    ('crm.issue_token(NULL)', '22004 | staff_id must not be NULL'),
    ('crm.issue_token(24001, NULL)', '22004 | ttl must not be NULL'),
    ('crm.issue_token(24003)', '22023 | staff 24003 does not exist or is not active | Look it up in crm.staff.'),
    ('crm.issue_token(-1)', '22023 | staff -1 does not exist or is not active | Look it up in crm.staff.')
) AS v (statement, wanted);
SELECT is(pg_temp.outcome(format('SELECT crm.issue_token(24001, %L)', v.ttl)),
    '22023 | ttl must lie from 1 second to 24 hours | A few minutes are enough for a request: the application makes '
    'a token for each.', format('a ttl of %s is out of range', v.ttl))
FROM (VALUES ('0'), ('-1 day'), ('0.9 seconds'), ('24 hours 1 second'), ('1 month'), ('-200 years')) AS v (ttl);

-- Rotation ------------------------------------------------------------------------------------------------------

CREATE TEMP TABLE both_keys AS
SELECT pg_temp.token(:'secret1', 1, 24001, pg_temp.seconds() + 3600) AS old,
    pg_temp.token(:'secret2', 2, 24001, pg_temp.seconds() + 3600) AS new,
    pg_temp.token(:'secret1', 2, 24001, pg_temp.seconds() + 3600) AS mixed;
SELECT is(crm.set_token_key(:'secret2'), 2, 'the next key is number 2');
SELECT is(pg_temp.attempt(b.old) || '; ' || pg_temp.attempt(b.new), 'returned 24001, acts 24001; returned 24001, acts 24001',
    'both keys are taken meanwhile') FROM both_keys AS b;
SELECT is(pg_temp.attempt(b.mixed), pg_temp.refused(:'invalid'), 'but not one for the other') FROM both_keys AS b;
SELECT results_eq('SELECT k.key_id, k.is_valid, k.valid_until FROM crm.token_keys() AS k',
    $$VALUES (1, true, now() + interval '1 day'), (2, true, NULL)$$, 'the old one for a day');
SELECT is(split_part(crm.issue_token(24001), '.', 2), '2', 'crm.issue_token() takes the new one');
SELECT is(pg_temp.outcome($$SELECT crm.set_token_key(decode(repeat('00', 32), 'hex'), 1)$$),
    '22023 | there is a key 1 already | Leave key_id out to take the next number.', 'a number is given once');
SELECT is(crm.set_token_key(decode(repeat('00', 32), 'hex'), 7, clock_timestamp() - interval '1 second'), 7,
    'a key with a number of its own that ends the older ones');
SELECT is(pg_temp.attempt(b.old) || '; ' || pg_temp.attempt(b.new),
    pg_temp.refused(:'invalid') || '; ' || pg_temp.refused(:'invalid'), 'which are refused from then on')
FROM both_keys AS b;
SELECT is(crm.set_token_key(decode(repeat('01', 32), 'hex')), 8, 'numbers go on from the highest');
SELECT is(pg_temp.attempt(pg_temp.token(decode(repeat('00', 32), 'hex'), 7, 24001, pg_temp.seconds() + 60)),
    'returned 24001, acts 24001', 'key 7 has its day');
SELECT lives_ok('SELECT crm.retire_token_key(7)', 'unless it is retired');
SELECT is(pg_temp.attempt(pg_temp.token(decode(repeat('00', 32), 'hex'), 7, 24001, pg_temp.seconds() + 60)),
    pg_temp.refused(:'invalid'), 'at once');
SELECT is(pg_temp.attempt(pg_temp.token('', 7, 24001, pg_temp.seconds() + 60)), pg_temp.refused(:'invalid'),
    'and for one that is signed with nothing');
SELECT results_eq('SELECT k.token_key_id FROM crm_state.token_key AS k WHERE k.secret IS NULL', ARRAY[7],
    'its secret is forgotten');
SELECT is(split_part(crm.issue_token(24001), '.', 2), '8', 'the youngest key signs');

-- The life of a session -----------------------------------------------------------------------------------------

CREATE TEMP TABLE person AS SELECT crm.issue_token(24001) AS one, crm.issue_token(24002) AS two;
SAVEPOINT clean;
SELECT is(crm.my_staff_id(), NULL, 'nobody acts at first');
SELECT is(crm.begin_session(p.one), 24001::bigint, 'a session begins in a savepoint') FROM person AS p;
SELECT is((crm.my_staff_id(), crm.has_session())::text, '(24001,t)', 'its person acts');
SELECT is(pg_temp.attempt(p.two), 'RM021 | this transaction has had its session already | A session lasts for one '
    'transaction and cannot be changed in it. | Begin another transaction, then call crm.begin_session().',
    'nobody else can in this transaction') FROM person AS p;
SELECT is(crm.my_staff_id(), 24001::bigint, 'the failed attempt changes nothing');
INSERT INTO crm.customer (customer_id, last_name) VALUES (24001, 'Session');
SELECT is(c.created_by, 'staff:24001', 'created_by keeps the person by key') FROM crm.customer AS c WHERE c.customer_id = 24001;
SET LOCAL ROLE crm_app;
SELECT is((crm.my_staff_id(), crm.has_session())::text, '(,f)', 'after SET ROLE the session is another user''s');
RESET ROLE;
SELECT is(crm.my_staff_id(), 24001::bigint, 'after RESET ROLE it is back');
SELECT lives_ok('SELECT crm.end_session()', 'a session can be ended');
SELECT is((crm.my_staff_id(), crm.has_session())::text, '(,f)', 'then nobody acts');
SELECT matches(pg_temp.attempt(p.two), '^RM021', 'and nobody can begin another one') FROM person AS p;
ROLLBACK TO SAVEPOINT clean;
SELECT is((crm.my_staff_id(), crm.has_session())::text, '(,f)', 'the rollback of its savepoint ends a session');
SELECT lives_ok('SELECT crm.end_session()', 'ending none does nothing');
SAVEPOINT inner_one;
SELECT is(crm.begin_session(p.two), 24002::bigint, 'another one may begin now') FROM person AS p;
RELEASE SAVEPOINT inner_one;
SELECT is(crm.my_staff_id(), 24002::bigint, 'it outlives the savepoint that is released');
SAVEPOINT inner_two;
SELECT is(crm.my_staff_id(), 24002::bigint, 'goes into the next one');
ROLLBACK TO SAVEPOINT inner_two;
SELECT is(crm.my_staff_id(), 24002::bigint, 'and outlives its rollback');
INSERT INTO crm.customer (customer_id, last_name) VALUES (24002, 'Session');
SELECT is(c.created_by, 'tok_two', 'created_by keeps the login of a person who has one')
FROM crm.customer AS c WHERE c.customer_id = 24002;
-- In a parallel plan
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF) ' || statement;
END
$$;
CREATE TEMP TABLE parallel_plan AS
SELECT string_agg(l.line, E'\n') AS lines
FROM pg_temp.plan('SELECT count(*) FROM crm.error_catalog AS c WHERE c.http_status + 0 < (SELECT crm.my_staff_id())') AS l (line);
SELECT matches(p.lines, 'Workers Launched: [1-9]', 'a parallel plan asks who acts') FROM parallel_plan AS p;
SELECT is((SELECT count(*) FROM crm.error_catalog AS c WHERE c.http_status + 0 < (SELECT crm.my_staff_id())),
    (SELECT count(*) FROM crm.error_catalog), 'and its workers get the answer');

-- Rights --------------------------------------------------------------------------------------------------------

SELECT results_eq($$
    SELECT concat(p.proname, ' ', r.rolname) COLLATE "default"
    FROM pg_proc AS p
    CROSS JOIN pg_roles AS r
    WHERE p.pronamespace = 'crm'::regnamespace
        AND p.proname IN ('begin_session', 'end_session', 'issue_token', 'set_token_key', 'retire_token_key', 'token_keys')
        AND r.rolname LIKE 'crm\_%' AND r.rolname <> 'crm_owner' AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
    ORDER BY 1
$$, ARRAY['begin_session crm_app', 'end_session crm_app', 'issue_token crm_admin', 'retire_token_key crm_admin',
    'set_token_key crm_admin', 'token_keys crm_admin'],
    'the pooled login begins and ends sessions, the administrator deals with keys');
SELECT is_empty($$
    SELECT r.rolname FROM pg_roles AS r
    WHERE r.rolname LIKE 'crm\_%' AND r.rolname <> 'crm_owner' AND (
        has_schema_privilege(r.oid, 'crm_state', 'USAGE')
        OR has_any_column_privilege(r.oid, 'crm_state.token_key', 'SELECT, INSERT, UPDATE, REFERENCES')
        OR has_table_privilege(r.oid, 'crm_state.token_key', 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER'))
$$, 'no role gets at the keys');
SELECT is(pg_temp.outcome('SET LOCAL crm.staff_id = ''24001'''), '42602 | invalid configuration parameter name "crm.staff_id" | '
    '"crm" is a reserved prefix.', 'no setting names a person');

SELECT * FROM finish();
ROLLBACK;
