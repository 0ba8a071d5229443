-- 41_trigger_functions: trigger functions whose work is a sentence of SQL; the others are in C. Those that
-- read or write more than their own row do so as crm_owner, whatever the caller may see.

CREATE OR REPLACE FUNCTION crm._time_zone_check()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.time_zone = OLD.time_zone THEN
        RETURN NEW;
    END IF;
    -- AT TIME ZONE also takes offsets, with the sign the other way round, and abbreviations, without summer
    -- time.
    IF NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE z.name = left(NEW.time_zone, 201)) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('time zone %L is not known to the server', left(NEW.time_zone, 60)),
            HINT = coalesce(
                (SELECT format('Did you mean %L?', min(z.name)) FROM pg_timezone_names AS z
                    WHERE lower(z.name) = lower(btrim(left(NEW.time_zone, 201))) HAVING count(*) > 0),
                'SELECT name FROM pg_timezone_names lists those that are.'),
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'time_zone';
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._time_zone_check() IS
    'Refuses a time_zone that the server does not know (22023).';

CREATE OR REPLACE FUNCTION crm._base_currency_guard()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    booked text;
BEGIN
    IF NEW.base_currency_code = OLD.base_currency_code THEN
        RETURN NEW;
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING
            ERRCODE = '0A000',
            MESSAGE = 'base currency cannot be changed in a transaction that keeps its snapshot',
            DETAIL = 'Documents that were booked since it began would not be seen.',
            HINT = 'Change it in a transaction of isolation level READ COMMITTED.',
            SCHEMA = 'crm', TABLE = 'organization', COLUMN = 'base_currency_code';
    END IF;
    -- Whoever is writing a document ends first; whoever starts one waits for the new currency.
    LOCK TABLE crm.sales_order, crm.quote, crm.opportunity, crm.campaign, crm.quota, crm.exchange_rate
        IN SHARE MODE;
    booked := CASE
        WHEN EXISTS (SELECT FROM crm.sales_order) THEN 'orders'
        WHEN EXISTS (SELECT FROM crm.quote) THEN 'quotes'
        WHEN EXISTS (SELECT FROM crm.opportunity) THEN 'opportunities'
        WHEN EXISTS (SELECT FROM crm.campaign) THEN 'campaigns'
        WHEN EXISTS (SELECT FROM crm.quota) THEN 'quotas'
    END;
    IF booked IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM012',
            MESSAGE = 'base currency cannot be changed: amounts are booked',
            DETAIL = format('There are %s with amounts in %s.', booked, OLD.base_currency_code),
            HINT = 'Keep the base currency and give documents a currency_code of their own.',
            SCHEMA = 'crm', TABLE = 'organization', COLUMN = 'base_currency_code';
    END IF;
    IF EXISTS (SELECT FROM crm.exchange_rate) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'RM012',
            MESSAGE = 'base currency cannot be changed: exchange rates are entered',
            DETAIL = format('The rates of crm.exchange_rate convert to %s.', OLD.base_currency_code),
            HINT = 'Delete them, change the base currency and enter the rates to the new one.',
            SCHEMA = 'crm', TABLE = 'organization', COLUMN = 'base_currency_code';
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._base_currency_guard() IS
    'Refuses another base currency once amounts are booked or exchange rates entered in the old one '
    '(RM012).';

CREATE OR REPLACE FUNCTION crm._exchange_rate_check()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    IF NEW.rate_to_base <> 1
        AND EXISTS (SELECT FROM crm.organization AS o WHERE o.base_currency_code = NEW.currency_code) THEN
        RAISE EXCEPTION USING
            ERRCODE = '23514',
            MESSAGE = 'the rate of the base currency is 1',
            DETAIL = format('%s is the base currency.', NEW.currency_code),
            HINT = 'The base currency needs no row; give rates of the other currencies.',
            SCHEMA = 'crm', TABLE = 'exchange_rate', COLUMN = 'rate_to_base',
            CONSTRAINT = 'exchange_rate_rate_to_base_check';
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._exchange_rate_check() IS 'Refuses a rate of the base currency to itself other than 1 (23514).';

CREATE OR REPLACE FUNCTION crm._business_hours_check()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
DECLARE
    calendars bigint[];
    clash record;
BEGIN
    SELECT array_agg(DISTINCT n.business_calendar_id) INTO calendars FROM new_rows AS n;
    -- Whoever changes the hours of the same calendar at the same time waits here and then sees these.
    PERFORM FROM crm.business_calendar AS c
    WHERE c.business_calendar_id = ANY (calendars)
    ORDER BY c.business_calendar_id
    FOR NO KEY UPDATE;
    SELECT a.business_calendar_id, a.iso_weekday, a.opens_at, a.closes_at, b.opens_at AS other_opens_at,
        b.closes_at AS other_closes_at
    INTO clash
    FROM crm.business_hours AS a
    JOIN crm.business_hours AS b
        ON b.business_calendar_id = a.business_calendar_id AND b.iso_weekday = a.iso_weekday
        AND b.opens_at > a.opens_at AND b.opens_at < a.closes_at
    WHERE a.business_calendar_id = ANY (calendars)
    ORDER BY a.business_calendar_id, a.iso_weekday, a.opens_at, b.opens_at
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '23514',
            MESSAGE = format('business hours of calendar %s overlap on weekday %s',
                clash.business_calendar_id, clash.iso_weekday),
            DETAIL = format('%s to %s and %s to %s.', clash.opens_at, clash.closes_at, clash.other_opens_at,
                clash.other_closes_at),
            HINT = 'One stretch may begin when the other ends, not before.',
            SCHEMA = 'crm', TABLE = 'business_hours', CONSTRAINT = 'business_hours_overlap_check';
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION crm._business_hours_check() IS
    'Refuses opening hours that overlap others of the same calendar and weekday (23514).';

-- The keys come as a value, so that the plan is made for their number.
CREATE OR REPLACE FUNCTION crm._follow_shipments(shipments bigint[])
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    -- Whoever reports on the same shipments at the same time waits here and then sees these reports.
    PERFORM FROM crm.shipment_tracking AS s
    WHERE s.shipment_tracking_id = ANY (_follow_shipments.shipments)
    ORDER BY s.shipment_tracking_id
    FOR NO KEY UPDATE;
    UPDATE crm.shipment_tracking AS s
    SET current_status = l.status
    FROM (
        SELECT DISTINCT ON (e.shipment_tracking_id) e.shipment_tracking_id, e.status
        FROM crm.tracking_event AS e
        WHERE e.shipment_tracking_id = ANY (_follow_shipments.shipments)
        ORDER BY e.shipment_tracking_id, e.event_at DESC, e.tracking_event_id DESC
    ) AS l
    WHERE s.shipment_tracking_id = l.shipment_tracking_id AND s.current_status <> l.status;
END
$function$;
COMMENT ON FUNCTION crm._follow_shipments(bigint[]) IS
    'Gives shipments the status of their latest tracking_event; of two at the same moment, of the one '
    'entered later. Without any event the status stays.';

CREATE OR REPLACE FUNCTION crm._tracking_event_change()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._follow_shipments(ARRAY(SELECT DISTINCT n.shipment_tracking_id FROM new_rows AS n));
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION crm._tracking_event_change() IS
    'Lets current_status of shipments follow events that were added or changed.';

CREATE OR REPLACE FUNCTION crm._tracking_event_ad()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._follow_shipments(ARRAY(SELECT DISTINCT o.shipment_tracking_id FROM old_rows AS o));
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION crm._tracking_event_ad() IS
    'Lets current_status of shipments go back when their latest event is taken out.';

CREATE OR REPLACE FUNCTION crm._common_issue_fill()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    NEW.last_updated := CASE
        WHEN (NEW.issue_title, NEW.solution_details) IS DISTINCT FROM (OLD.issue_title, OLD.solution_details)
            THEN now()
        ELSE OLD.last_updated
    END;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._common_issue_fill() IS
    'Sets last_updated of an article when title or solution change and keeps it otherwise.';

CREATE OR REPLACE FUNCTION crm._lead_fill()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
BEGIN
    IF NEW.converted_customer_id IS NULL THEN
        NEW.converted_contact_id := NULL;
        NEW.converted_opportunity_id := NULL;
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._lead_fill() IS
    'Lets go of a converted lead''s contact and opportunity when its customer goes, whose they were.';

CREATE OR REPLACE FUNCTION crm._shipping_fill()
    RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    IF NEW.customer_id IS NULL AND TG_TABLE_NAME = 'shipment_tracking' THEN
        NEW.customer_id := (SELECT o.customer_id FROM crm.sales_order AS o
            WHERE o.sales_order_id = NEW.sales_order_id);
    ELSIF NEW.customer_id IS NULL THEN
        NEW.customer_id := (SELECT s.customer_id FROM crm.shipment_tracking AS s
            WHERE s.shipment_tracking_id = NEW.shipment_tracking_id);
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION crm._shipping_fill() IS
    'Fills customer_id of a shipment from its order and of a tracking event from its shipment.';
