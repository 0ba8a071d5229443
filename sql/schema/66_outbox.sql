-- 66_outbox: reading the outbox. Delivery is at least once: a consumer reads, does its work, acknowledges.

CREATE OR REPLACE FUNCTION crm.add_event_consumer(consumer text, from_start boolean DEFAULT true)
    RETURNS SETOF crm.event_consumer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF coalesce(btrim(add_event_consumer.consumer), '') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023', MESSAGE = 'a consumer needs a name',
            HINT = 'SELECT * FROM crm.add_event_consumer(''mailer'')';
    END IF;
    INSERT INTO crm.event_consumer (name, last_era, last_transaction_id, last_event_id)
    SELECT add_event_consumer.consumer, coalesce(p.era, 1), coalesce(p.transaction_id, 0), coalesce(p.event_id, 0)
    FROM (SELECT) AS always
    LEFT JOIN LATERAL (
        SELECT e.era, e.transaction_id, e.event_id
        FROM crm.event AS e
        WHERE NOT add_event_consumer.from_start
            AND (e.era < crm._event_era() OR e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
        ORDER BY e.era DESC, e.transaction_id DESC, e.event_id DESC
        LIMIT 1
    ) AS p ON true
    ON CONFLICT ON CONSTRAINT event_consumer_name_key DO NOTHING;
    RETURN QUERY SELECT c.* FROM crm.event_consumer AS c WHERE c.name = add_event_consumer.consumer;
END
$function$;
COMMENT ON FUNCTION crm.add_event_consumer(text, boolean) IS
    'Registers a program that reads events, starting with the oldest kept event or (from_start false) with what '
    'comes from now on. A consumer that is there already stays as it is. Errors: 22023 empty name.';

CREATE OR REPLACE FUNCTION crm._consumer(consumer text)
    RETURNS crm.event_consumer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    found_consumer crm.event_consumer;
BEGIN
    SELECT * INTO found_consumer FROM crm.event_consumer AS c WHERE c.name = _consumer.consumer;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('event consumer %s is not registered', coalesce(quote_literal(left(_consumer.consumer, 60)),
                'NULL')),
            HINT = 'Register it with crm.add_event_consumer().';
    END IF;
    RETURN found_consumer;
END
$function$;
COMMENT ON FUNCTION crm._consumer(text) IS 'The row of a registered consumer; raises 22023 if there is none.';

CREATE OR REPLACE FUNCTION crm.read_events(consumer text, n integer DEFAULT 100)
    RETURNS SETOF crm.event
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    place constant crm.event_consumer := crm._consumer(read_events.consumer);
    current_era constant integer := crm._event_era();
    oldest_running constant bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
BEGIN
    IF read_events.n IS NULL OR read_events.n < 1 OR read_events.n > 100000 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('n must lie from 1 to 100000, not %s', coalesce(read_events.n::text, 'NULL'));
    END IF;
    RETURN QUERY
    SELECT e.*
    FROM crm.event AS e
    WHERE (e.era, e.transaction_id, e.event_id)
            > (place.last_era, place.last_transaction_id, place.last_event_id)
        -- A running transaction may still write below what others have committed: wait for it.
        AND (e.era < current_era OR e.transaction_id < oldest_running)
    ORDER BY e.era, e.transaction_id, e.event_id
    LIMIT read_events.n;
END
$function$;
COMMENT ON FUNCTION crm.read_events(text, integer) IS
    'The next events for a consumer, oldest first, at most n (1 to 100000); changes nothing until crm.ack_events(). '
    'Events of running transactions wait, so that none is skipped by a late commit. Errors: 22023 unknown consumer '
    'or n out of range.';

CREATE OR REPLACE FUNCTION crm.ack_events(consumer text, event_id bigint)
    RETURNS SETOF crm.event_consumer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    place constant crm.event_consumer := crm._consumer(ack_events.consumer);
    acknowledged crm.event;
BEGIN
    SELECT * INTO acknowledged FROM crm.event AS e WHERE e.event_id = ack_events.event_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('event %s does not exist', coalesce(ack_events.event_id::text, 'NULL')),
            HINT = 'Acknowledge the event_id of the last row that crm.read_events() returned.';
    END IF;
    UPDATE crm.event_consumer AS c
    SET last_era = acknowledged.era, last_transaction_id = acknowledged.transaction_id,
        last_event_id = acknowledged.event_id, updated_at = now()
    WHERE c.event_consumer_id = place.event_consumer_id
        AND (c.last_era, c.last_transaction_id, c.last_event_id)
            < (acknowledged.era, acknowledged.transaction_id, acknowledged.event_id);
    RETURN QUERY SELECT c.* FROM crm.event_consumer AS c WHERE c.event_consumer_id = place.event_consumer_id;
END
$function$;
COMMENT ON FUNCTION crm.ack_events(text, bigint) IS
    'Tells that a consumer has dealt with all events up to this one, in the order in which crm.read_events() gives '
    'them. Acknowledging an earlier one changes nothing. Errors: 22023 unknown consumer or event.';

CREATE OR REPLACE FUNCTION crm.purge_events()
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    last_place crm.event_consumer;
    purged bigint;
BEGIN
    SELECT * INTO last_place
    FROM crm.event_consumer AS c
    ORDER BY c.last_era, c.last_transaction_id, c.last_event_id
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    DELETE FROM crm.event AS e
    WHERE (e.era, e.transaction_id, e.event_id)
        <= (last_place.last_era, last_place.last_transaction_id, last_place.last_event_id);
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END
$function$;
COMMENT ON FUNCTION crm.purge_events() IS
    'Deletes the events that every registered consumer has acknowledged and returns their number; without any '
    'consumer it deletes nothing.';

CREATE OR REPLACE FUNCTION crm.purge_idempotency_keys()
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    purged bigint;
BEGIN
    DELETE FROM crm_state.idempotency AS i WHERE i.expires_at < now();
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END
$function$;
COMMENT ON FUNCTION crm.purge_idempotency_keys() IS 'Deletes expired idempotency keys and returns their number.';
