-- has_consent() against a twin that walks through random histories one declaration after the other.
BEGIN;
SELECT plan(3);
SELECT setseed(0.271828);

CREATE TEMP TABLE party AS
SELECT v.customer_type, NULL::bigint AS customer_id, NULL::bigint AS contact_id
FROM (VALUES ('individual'), ('business')) AS v (customer_type);
WITH added AS (
    INSERT INTO crm.customer (customer_type, last_name, business_name)
    SELECT p.customer_type, 'Hill', CASE p.customer_type WHEN 'business' THEN 'Hill Ltd' END FROM party AS p
    RETURNING customer_id, customer_type
)
UPDATE party AS p SET customer_id = a.customer_id FROM added AS a WHERE a.customer_type = p.customer_type;
WITH added AS (
    INSERT INTO crm.contact (customer_id, last_name) SELECT p.customer_id, 'Hill' FROM party AS p
    RETURNING contact_id, customer_id
)
UPDATE party AS p SET contact_id = a.contact_id FROM added AS a WHERE a.customer_id = p.customer_id;

-- 10,000 histories, each a purpose of its own: up to 6 declarations on 5 days, so that ties are frequent. Channels
-- and persons are mixed.
CREATE TEMP TABLE history AS
SELECT h.n, p.customer_id, p.customer_type, p.contact_id
FROM generate_series(1, 10000) AS h (n)
JOIN party AS p ON (p.customer_type = 'individual') = (h.n % 2 = 0);
INSERT INTO crm.consent (customer_id, contact_id, purpose, channel, lawful_basis, given_at, withdrawn_at, source)
SELECT d.customer_id, d.contact_id, 'p' || d.n, d.channel, 'consent',
    CASE WHEN d.kind <= 5 OR d.kind = 9 THEN d.given_at END,
    CASE WHEN d.kind > 5 THEN d.given_at + CASE WHEN d.kind = 9 THEN d.span ELSE interval '0' END END, 'form'
FROM (
    SELECT h.customer_id, h.n, CASE WHEN random() < 0.4 THEN h.contact_id END AS contact_id,
        CASE WHEN random() < 0.75 THEN 'email' ELSE 'phone' END AS channel,
        '2024-01-01 12:00+00'::timestamptz + floor(random() * 5)::integer * interval '1 day' AS given_at,
        floor(random() * 3)::integer * interval '1 day' AS span, floor(random() * 10)::integer AS kind
    FROM history AS h CROSS JOIN generate_series(1, 1 + (h.n / 7) % 6) AS g
) AS d;

CREATE FUNCTION pg_temp.walk(customer bigint, is_person boolean, contact bigint, purpose text, channel text, at timestamptz)
    RETURNS boolean LANGUAGE plpgsql AS $function$
DECLARE
    entry crm.consent;
    latest timestamptz := '-infinity';
    latest_id bigint := 0;
    allowed boolean := false;
BEGIN
    FOR entry IN SELECT * FROM crm.consent AS c WHERE c.customer_id = customer AND c.purpose = walk.purpose ORDER BY c.consent_id
    LOOP
        CONTINUE WHEN entry.channel <> walk.channel;
        CONTINUE WHEN NOT is_person AND coalesce(entry.contact_id, 0) <> coalesce(contact, 0);
        IF entry.given_at <= at AND entry.given_at >= latest THEN
            latest := entry.given_at;
            allowed := true;
        END IF;
        IF entry.withdrawn_at <= at AND entry.withdrawn_at >= latest THEN
            latest := entry.withdrawn_at;
            allowed := false;
        END IF;
    END LOOP;
    RETURN allowed;
END
$function$;

ANALYZE crm.consent;
CREATE TEMP TABLE compared AS
SELECT q.*, crm.has_consent(q.customer_id, q.purpose, 'email', q.asked, q.at) AS answer,
    pg_temp.walk(q.customer_id, q.customer_type = 'individual', q.asked, q.purpose, 'email', q.at) AS twin
FROM (
    SELECT h.customer_id, h.customer_type, 'p' || h.n AS purpose, CASE WHEN random() < 0.5 THEN h.contact_id END AS asked,
        '2023-12-31 12:00+00'::timestamptz + floor(random() * 8)::integer * interval '1 day' AS at
    FROM history AS h
) AS q;
SELECT is_empty($$SELECT c.* FROM compared AS c WHERE c.answer IS DISTINCT FROM c.twin LIMIT 5$$,
    'has_consent() answers as the walk through the history does');
SELECT ok(count(*) FILTER (WHERE c.answer) > 2000 AND count(*) FILTER (WHERE NOT c.answer) > 2000,
    'and both answers are frequent') FROM compared AS c;
SELECT is(crm.has_consent(NULL, 'p1', 'email'), false, 'nobody has given no consent');

SELECT * FROM finish();
ROLLBACK;
