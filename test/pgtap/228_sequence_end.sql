-- A key at the end of its sequence: crm.sync_sequences() goes there, nothing wraps, and crm.health() says so.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT plan(8);

INSERT INTO crm.product_category (product_category_id, name) VALUES (9223372036854775807, 'Last');
INSERT INTO crm.loss_reason (loss_reason_id, name) VALUES (-5, 'Below zero');
SELECT is((SELECT h.status || ': ' || h.detail FROM crm.health() AS h WHERE h.check_name = 'sequences'),
    'error: product_category', 'the sequence lags behind');
SELECT results_eq('SELECT * FROM crm.sync_sequences()', $$VALUES ('product_category', 9223372036854775807)$$,
    'it is moved to the largest key, no other one is moved');
SELECT is_empty('SELECT * FROM crm.sync_sequences()', 'once');
SELECT throws_ok($$INSERT INTO crm.product_category (name) VALUES ('Next')$$, '2200H',
    'nextval: reached maximum value of sequence "product_category_product_category_id_seq" (9223372036854775807)',
    'then there is no key left, and none is given out twice');
SELECT lives_ok($$INSERT INTO crm.product_category (product_category_id, name) VALUES (22801, 'Own key')$$,
    'a row with a key of its own goes in');
SELECT matches((SELECT h.status || ': ' || h.detail || ' ' || h.hint FROM crm.health() AS h WHERE h.check_name = 'keys left'),
    '^error: product_category is at 9223372036854775807 .*2200H.*setval', 'crm.health() says what to do');
DELETE FROM crm.product_category WHERE product_category_id = 9223372036854775807;
SELECT setval('crm.product_category_product_category_id_seq', 22801);
SELECT lives_ok($$INSERT INTO crm.product_category (name) VALUES ('Next')$$, 'which helps');
SELECT is((SELECT count(*) FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = s.seqrelid
    WHERE c.relnamespace IN ('crm'::regnamespace, 'crm_state'::regnamespace) AND s.seqcycle), 0::bigint, 'no sequence wraps');

SELECT * FROM finish();
ROLLBACK;
