-- 64_organisation_api: the settings of the organisation that all reports and documents stand on.

CREATE OR REPLACE FUNCTION crm.configure(
    name text DEFAULT NULL,
    base_currency text DEFAULT NULL,
    time_zone text DEFAULT NULL,
    fiscal_year_start_month integer DEFAULT NULL)
    RETURNS SETOF crm.organization
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    currency constant text := upper(btrim(configure.base_currency));
BEGIN
    IF btrim(configure.name) = '' OR char_length(configure.name) > 200 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'the name of the organisation has 1 to 200 characters',
            SCHEMA = 'crm', TABLE = 'organization', COLUMN = 'name';
    END IF;
    IF currency IS NOT NULL
        AND NOT EXISTS (SELECT FROM crm.currency AS c WHERE c.currency_code = currency) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('currency %L is not known', left(configure.base_currency, 60)),
            HINT = 'Give a currency_code of crm.currency, such as EUR, or add the currency there first.',
            SCHEMA = 'crm', TABLE = 'organization', COLUMN = 'base_currency_code';
    END IF;
    IF configure.fiscal_year_start_month NOT BETWEEN 1 AND 12 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('fiscal_year_start_month must lie from 1 to 12, not %s',
                configure.fiscal_year_start_month),
            HINT = '1 is January: the fiscal year is then the calendar year.',
            SCHEMA = 'crm', TABLE = 'organization', COLUMN = 'fiscal_year_start_month';
    END IF;
    UPDATE crm.organization AS g
    SET name = v.name, base_currency_code = v.base_currency_code, time_zone = v.time_zone,
        fiscal_year_start_month = v.fiscal_year_start_month
    FROM (
        SELECT o.organization_id, coalesce(btrim(configure.name), o.name) AS name,
            coalesce(currency, o.base_currency_code) AS base_currency_code,
            coalesce(configure.time_zone, o.time_zone) AS time_zone,
            coalesce(configure.fiscal_year_start_month::smallint, o.fiscal_year_start_month)
                AS fiscal_year_start_month
        FROM crm.organization AS o
    ) AS v
    WHERE g.organization_id = v.organization_id
        AND (g.name, g.base_currency_code, g.time_zone, g.fiscal_year_start_month)
            <> (v.name, v.base_currency_code, v.time_zone, v.fiscal_year_start_month);
    RETURN QUERY SELECT g.* FROM crm.organization AS g;
END
$function$;
COMMENT ON FUNCTION crm.configure(text, text, text, integer) IS
    'Sets what is given and returns the organisation: its name; base_currency, a code of crm.currency, only '
    'while nothing is booked in it; time_zone, a name of pg_timezone_names; fiscal_year_start_month, 1 to '
    '12. Without arguments it changes nothing. Days of reports are those of the time zone. Errors: 22023 '
    'unknown currency or time zone, month or name out of range, RM012 amounts are booked or exchange rates '
    'entered in the base currency.';
