-- 10_organisation: the organisation itself, its currencies, regions, calendars and people.

CREATE TABLE IF NOT EXISTS crm.currency (
    currency_code text NOT NULL,
    name text NOT NULL,
    minor_units smallint NOT NULL DEFAULT 2,
    CONSTRAINT currency_pkey PRIMARY KEY (currency_code),
    CONSTRAINT currency_currency_code_check CHECK (currency_code ~ '^[A-Z]{3}$'),
    CONSTRAINT currency_minor_units_check CHECK (minor_units >= 0 AND minor_units <= 4),
    CONSTRAINT currency_name_check CHECK (
        name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
    ),
    CONSTRAINT currency_length_check CHECK (char_length(name) <= 200)
);
COMMENT ON TABLE crm.currency IS
    'Currencies in which documents may be written. Rows may be added, not removed.';
COMMENT ON COLUMN crm.currency.currency_code IS 'ISO 4217 alphabetic code, three capital letters.';
COMMENT ON COLUMN crm.currency.name IS 'English name of the currency, for lists and reports.';
COMMENT ON COLUMN crm.currency.minor_units IS
    'Decimal places in which the currency is paid (0 to 4), e.g. 2 for cents and 0 for yen.';

CREATE TABLE IF NOT EXISTS crm.organization (
    organization_id bigint NOT NULL DEFAULT 1,
    name text NOT NULL,
    base_currency_code text NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    fiscal_year_start_month smallint NOT NULL DEFAULT 1,
    attribution_look_back_days integer NOT NULL DEFAULT 30,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT SESSION_USER,
    updated_by text NOT NULL DEFAULT SESSION_USER,
    row_version bigint NOT NULL DEFAULT 1,
    CONSTRAINT organization_pkey PRIMARY KEY (organization_id),
    CONSTRAINT organization_base_currency_code_fkey FOREIGN KEY (base_currency_code) REFERENCES crm.currency,
    CONSTRAINT organization_base_currency_code_check CHECK (char_length(base_currency_code) = 3),
    CONSTRAINT organization_organization_id_check CHECK (organization_id = 1),
    CONSTRAINT organization_fiscal_year_start_month_check
        CHECK (fiscal_year_start_month >= 1 AND fiscal_year_start_month <= 12),
    CONSTRAINT organization_attribution_look_back_days_check CHECK (attribution_look_back_days > 0),
    CONSTRAINT organization_name_check CHECK (
        name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
    ),
    CONSTRAINT organization_length_check CHECK (char_length(name) <= 200 AND char_length(time_zone) <= 200)
);
COMMENT ON TABLE crm.organization IS
    'The organisation that runs this database: exactly one row, which holds the settings of all reports.';
COMMENT ON COLUMN crm.organization.organization_id IS 'Key of the only row; always 1.';
COMMENT ON COLUMN crm.organization.name IS 'Name of the organisation as it stands on documents.';
COMMENT ON COLUMN crm.organization.base_currency_code IS
    'Currency of all *_base amounts and reports. To be set before the first document is written.';
COMMENT ON COLUMN crm.organization.time_zone IS
    'Time zone in which days, months and quarters of reports begin; a name that the server knows.';
COMMENT ON COLUMN crm.organization.fiscal_year_start_month IS
    'Month in which the fiscal year begins, 1 (January) to 12 (December).';
COMMENT ON COLUMN crm.organization.attribution_look_back_days IS
    'Days before an order in which a campaign touch of its customer may still be credited with it.';
CREATE INDEX IF NOT EXISTS organization_base_currency_code_idx ON crm.organization (base_currency_code);

CREATE TABLE IF NOT EXISTS crm.exchange_rate (
    currency_code text NOT NULL,
    rate_date date NOT NULL,
    rate_to_base numeric(20,10) NOT NULL,
    source text,
    CONSTRAINT exchange_rate_pkey PRIMARY KEY (currency_code, rate_date),
    CONSTRAINT exchange_rate_currency_code_fkey FOREIGN KEY (currency_code) REFERENCES crm.currency,
    CONSTRAINT exchange_rate_currency_code_check CHECK (char_length(currency_code) = 3),
    CONSTRAINT exchange_rate_rate_to_base_check CHECK (rate_to_base > 0 AND rate_to_base <> 'NaN'),
    CONSTRAINT exchange_rate_length_check CHECK (char_length(source) <= 200),
    CONSTRAINT exchange_rate_finite_check CHECK (isfinite(rate_date))
);
COMMENT ON TABLE crm.exchange_rate IS
    'Exchange rates by day. A new document takes the latest rate on or before its date and keeps it.';
COMMENT ON COLUMN crm.exchange_rate.currency_code IS 'The foreign currency that the rate converts from.';
COMMENT ON COLUMN crm.exchange_rate.rate_date IS
    'First day on which the rate applies; it holds until the next row.';
COMMENT ON COLUMN crm.exchange_rate.rate_to_base IS
    'Units of the base currency for one unit of this currency; above 0. Of the base currency itself, which needs no row, '
    'it is 1.';
COMMENT ON COLUMN crm.exchange_rate.source IS
    'Where the rate was taken from, e.g. the name of a central bank.';

CREATE TABLE IF NOT EXISTS crm.region (
    region_id bigint GENERATED BY DEFAULT AS IDENTITY,
    name text NOT NULL,
    parent_region_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT SESSION_USER,
    updated_by text NOT NULL DEFAULT SESSION_USER,
    row_version bigint NOT NULL DEFAULT 1,
    CONSTRAINT region_pkey PRIMARY KEY (region_id),
    CONSTRAINT region_name_key UNIQUE (name),
    CONSTRAINT region_parent_region_id_fkey FOREIGN KEY (parent_region_id) REFERENCES crm.region,
    CONSTRAINT region_own_parent_check CHECK (parent_region_id <> region_id),
    CONSTRAINT region_name_check CHECK (
        name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
    ),
    CONSTRAINT region_length_check CHECK (char_length(name) <= 200)
);
COMMENT ON TABLE crm.region IS
    'Sales regions as a tree. Customers, orders and people are given a region; a rep sees his and all below.';
COMMENT ON COLUMN crm.region.region_id IS 'Key of the region.';
COMMENT ON COLUMN crm.region.name IS 'Name of the region, unique in the whole tree.';
COMMENT ON COLUMN crm.region.parent_region_id IS
    'The wider region that this one belongs to; NULL at the top. Cycles are refused.';
CREATE INDEX IF NOT EXISTS region_parent_region_id_idx ON crm.region (parent_region_id);

CREATE TABLE IF NOT EXISTS crm.region_coverage (
    country_code text NOT NULL,
    state text NOT NULL DEFAULT '',
    region_id bigint NOT NULL,
    CONSTRAINT region_coverage_pkey PRIMARY KEY (country_code, state),
    CONSTRAINT region_coverage_region_id_fkey FOREIGN KEY (region_id) REFERENCES crm.region,
    CONSTRAINT region_coverage_country_code_check CHECK (country_code ~ '^[A-Z]{2}$'),
    CONSTRAINT region_coverage_length_check CHECK (char_length(state) <= 200)
);
COMMENT ON TABLE crm.region_coverage IS
    'Which region a country or one of its states lies in. A customer''s region is filled from here.';
COMMENT ON COLUMN crm.region_coverage.country_code IS 'ISO 3166-1 alpha-2 code, two capital letters.';
COMMENT ON COLUMN crm.region_coverage.state IS
    'State or province as written in addresses; the empty string means the whole country, '
    'and a row for the state itself goes before it.';
COMMENT ON COLUMN crm.region_coverage.region_id IS
    'The region that addresses of this country and state belong to.';
CREATE INDEX IF NOT EXISTS region_coverage_region_id_idx ON crm.region_coverage (region_id);

CREATE TABLE IF NOT EXISTS crm.business_calendar (
    business_calendar_id bigint GENERATED BY DEFAULT AS IDENTITY,
    name text NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT SESSION_USER,
    updated_by text NOT NULL DEFAULT SESSION_USER,
    row_version bigint NOT NULL DEFAULT 1,
    CONSTRAINT business_calendar_pkey PRIMARY KEY (business_calendar_id),
    CONSTRAINT business_calendar_name_key UNIQUE (name),
    CONSTRAINT business_calendar_name_check CHECK (
        name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
    ),
    CONSTRAINT business_calendar_length_check
        CHECK (char_length(name) <= 200 AND char_length(time_zone) <= 200)
);
COMMENT ON TABLE crm.business_calendar IS
    'Calendars of business time: opening hours and holidays by which response and resolution times are '
    'counted.';
COMMENT ON COLUMN crm.business_calendar.business_calendar_id IS 'Key of the calendar.';
COMMENT ON COLUMN crm.business_calendar.name IS 'Name of the calendar, unique, e.g. that of an office.';
COMMENT ON COLUMN crm.business_calendar.time_zone IS
    'Time zone of the opening hours and holidays; a name that the server knows.';
COMMENT ON COLUMN crm.business_calendar.is_default IS
    'True for the calendar that is used where none is named; at most one.';
CREATE UNIQUE INDEX IF NOT EXISTS business_calendar_default_key ON crm.business_calendar (is_default)
    WHERE is_default;

CREATE TABLE IF NOT EXISTS crm.business_hours (
    business_calendar_id bigint NOT NULL,
    iso_weekday smallint NOT NULL,
    opens_at time NOT NULL,
    closes_at time NOT NULL,
    CONSTRAINT business_hours_pkey PRIMARY KEY (business_calendar_id, iso_weekday, opens_at),
    CONSTRAINT business_hours_business_calendar_id_fkey FOREIGN KEY (business_calendar_id)
        REFERENCES crm.business_calendar ON DELETE CASCADE,
    CONSTRAINT business_hours_iso_weekday_check CHECK (iso_weekday >= 1 AND iso_weekday <= 7),
    CONSTRAINT business_hours_order_check CHECK (closes_at > opens_at)
);
COMMENT ON TABLE crm.business_hours IS
    'Opening hours of a calendar. Several rows a day make breaks; they may not overlap.';
COMMENT ON COLUMN crm.business_hours.business_calendar_id IS 'The calendar that the hours belong to.';
COMMENT ON COLUMN crm.business_hours.iso_weekday IS 'Day of the week, 1 (Monday) to 7 (Sunday).';
COMMENT ON COLUMN crm.business_hours.opens_at IS
    'Time of day, in the calendar''s time zone, when business time begins.';
COMMENT ON COLUMN crm.business_hours.closes_at IS
    'Time of day when business time ends, later than opens_at; 24:00 means the end of the day.';

CREATE TABLE IF NOT EXISTS crm.business_holiday (
    business_calendar_id bigint NOT NULL,
    holiday date NOT NULL,
    name text,
    CONSTRAINT business_holiday_pkey PRIMARY KEY (business_calendar_id, holiday),
    CONSTRAINT business_holiday_business_calendar_id_fkey FOREIGN KEY (business_calendar_id)
        REFERENCES crm.business_calendar ON DELETE CASCADE,
    CONSTRAINT business_holiday_name_check CHECK (
        name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
    ),
    CONSTRAINT business_holiday_length_check CHECK (char_length(name) <= 200),
    CONSTRAINT business_holiday_finite_check CHECK (isfinite(holiday))
);
COMMENT ON TABLE crm.business_holiday IS 'Days of a calendar without business time, whatever the weekday.';
COMMENT ON COLUMN crm.business_holiday.business_calendar_id IS 'The calendar that the day is free in.';
COMMENT ON COLUMN crm.business_holiday.holiday IS 'The free day, in the calendar''s time zone.';
COMMENT ON COLUMN crm.business_holiday.name IS 'What is celebrated, for display only.';

CREATE TABLE IF NOT EXISTS crm.staff (
    staff_id bigint GENERATED BY DEFAULT AS IDENTITY,
    first_name text NOT NULL,
    last_name text NOT NULL,
    name text NOT NULL GENERATED ALWAYS AS ((first_name || ' ') || last_name) STORED,
    email text NOT NULL,
    email_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(btrim(email))) STORED,
    phone text,
    db_role text,
    manager_id bigint,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT SESSION_USER,
    updated_by text NOT NULL DEFAULT SESSION_USER,
    row_version bigint NOT NULL DEFAULT 1,
    CONSTRAINT staff_pkey PRIMARY KEY (staff_id),
    CONSTRAINT staff_email_key_key UNIQUE (email_key),
    CONSTRAINT staff_db_role_key UNIQUE (db_role),
    CONSTRAINT staff_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES crm.staff,
    CONSTRAINT staff_email_check CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    CONSTRAINT staff_own_manager_check CHECK (manager_id <> staff_id),
    CONSTRAINT staff_name_check CHECK (
        first_name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
        AND last_name ~ '[^\x01-\x20\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]'
    ),
    CONSTRAINT staff_length_check CHECK (
        char_length(first_name) <= 200
        AND char_length(last_name) <= 200
        AND char_length(email) <= 320
        AND char_length(phone) <= 200
        AND char_length(db_role) <= 200
    )
);
COMMENT ON TABLE crm.staff IS
    'People of the organisation. What a person does (sales rep, manager, analyst, agent) stands in the '
    'tables '
    'whose key is staff_id; one person may do several things.';
COMMENT ON COLUMN crm.staff.staff_id IS 'Key of the person, shared by the tables of his roles.';
COMMENT ON COLUMN crm.staff.first_name IS 'Given name of the person.';
COMMENT ON COLUMN crm.staff.last_name IS 'Family name of the person.';
COMMENT ON COLUMN crm.staff.name IS 'Full name, first and last name with a blank between them; generated.';
COMMENT ON COLUMN crm.staff.email IS 'Business e-mail address; unique regardless of upper and lower case.';
COMMENT ON COLUMN crm.staff.email_key IS
    'E-mail address in lower case without outer blanks, for look-ups; generated.';
COMMENT ON COLUMN crm.staff.phone IS 'Business phone number as it is dialled.';
COMMENT ON COLUMN crm.staff.db_role IS
    'Name of the database login of this person; NULL for people who work through an application.';
COMMENT ON COLUMN crm.staff.manager_id IS
    'The person''s superior. A team is all of the tree below its manager; cycles are refused.';
COMMENT ON COLUMN crm.staff.active IS 'False once the person has left; such a login sees nothing.';
CREATE INDEX IF NOT EXISTS staff_manager_id_idx ON crm.staff (manager_id);

CREATE TABLE IF NOT EXISTS crm.sales_manager (
    sales_manager_id bigint NOT NULL,
    region_id bigint,
    CONSTRAINT sales_manager_pkey PRIMARY KEY (sales_manager_id),
    CONSTRAINT sales_manager_sales_manager_id_fkey FOREIGN KEY (sales_manager_id)
        REFERENCES crm.staff ON DELETE CASCADE,
    CONSTRAINT sales_manager_region_id_fkey FOREIGN KEY (region_id) REFERENCES crm.region
);
COMMENT ON TABLE crm.sales_manager IS
    'Staff who lead sales. The team of a manager is given by staff.manager_id.';
COMMENT ON COLUMN crm.sales_manager.sales_manager_id IS 'The person: equals staff_id.';
COMMENT ON COLUMN crm.sales_manager.region_id IS
    'Region that the manager answers for, with all below it, beside the regions of the team.';
CREATE INDEX IF NOT EXISTS sales_manager_region_id_idx ON crm.sales_manager (region_id);

CREATE TABLE IF NOT EXISTS crm.sales_rep (
    sales_rep_id bigint NOT NULL,
    region_id bigint,
    lead_capacity_month integer,
    CONSTRAINT sales_rep_pkey PRIMARY KEY (sales_rep_id),
    CONSTRAINT sales_rep_sales_rep_id_fkey FOREIGN KEY (sales_rep_id) REFERENCES crm.staff ON DELETE CASCADE,
    CONSTRAINT sales_rep_region_id_fkey FOREIGN KEY (region_id) REFERENCES crm.region,
    CONSTRAINT sales_rep_lead_capacity_month_check CHECK (lead_capacity_month >= 0)
);
COMMENT ON TABLE crm.sales_rep IS
    'Staff who sell. A rep''s superior is staff.manager_id, as for everybody else.';
COMMENT ON COLUMN crm.sales_rep.sales_rep_id IS 'The person: equals staff_id.';
COMMENT ON COLUMN crm.sales_rep.region_id IS 'Region that the rep works in, with all below it.';
COMMENT ON COLUMN crm.sales_rep.lead_capacity_month IS
    'Leads that the rep can take in a month, 0 or more; NULL means no limit.';
CREATE INDEX IF NOT EXISTS sales_rep_region_id_idx ON crm.sales_rep (region_id);

CREATE TABLE IF NOT EXISTS crm.marketing_manager (
    marketing_manager_id bigint NOT NULL,
    CONSTRAINT marketing_manager_pkey PRIMARY KEY (marketing_manager_id),
    CONSTRAINT marketing_manager_marketing_manager_id_fkey FOREIGN KEY (marketing_manager_id)
        REFERENCES crm.staff ON DELETE CASCADE
);
COMMENT ON TABLE crm.marketing_manager IS 'Staff who conduct campaigns.';
COMMENT ON COLUMN crm.marketing_manager.marketing_manager_id IS 'The person: equals staff_id.';

CREATE TABLE IF NOT EXISTS crm.marketing_analyst (
    marketing_analyst_id bigint NOT NULL,
    CONSTRAINT marketing_analyst_pkey PRIMARY KEY (marketing_analyst_id),
    CONSTRAINT marketing_analyst_marketing_analyst_id_fkey FOREIGN KEY (marketing_analyst_id)
        REFERENCES crm.staff ON DELETE CASCADE
);
COMMENT ON TABLE crm.marketing_analyst IS 'Staff who analyse segments and the behaviour of customers.';
COMMENT ON COLUMN crm.marketing_analyst.marketing_analyst_id IS 'The person: equals staff_id.';

CREATE TABLE IF NOT EXISTS crm.support_agent (
    support_agent_id bigint NOT NULL,
    region_id bigint,
    capacity integer,
    CONSTRAINT support_agent_pkey PRIMARY KEY (support_agent_id),
    CONSTRAINT support_agent_support_agent_id_fkey FOREIGN KEY (support_agent_id)
        REFERENCES crm.staff ON DELETE CASCADE,
    CONSTRAINT support_agent_region_id_fkey FOREIGN KEY (region_id) REFERENCES crm.region,
    CONSTRAINT support_agent_capacity_check CHECK (capacity >= 0)
);
COMMENT ON TABLE crm.support_agent IS 'Staff who answer support tickets.';
COMMENT ON COLUMN crm.support_agent.support_agent_id IS 'The person: equals staff_id.';
COMMENT ON COLUMN crm.support_agent.region_id IS
    'Region whose tickets the agent takes first, with all below it; NULL means any.';
COMMENT ON COLUMN crm.support_agent.capacity IS
    'Open tickets that the agent can hold at a time, 0 or more; NULL means no limit.';
CREATE INDEX IF NOT EXISTS support_agent_region_id_idx ON crm.support_agent (region_id);

INSERT INTO crm.currency (currency_code, name, minor_units)
SELECT v.currency_code, v.name, v.minor_units
FROM (VALUES
    ('AED', 'UAE dirham', 2),
    ('ARS', 'Argentine peso', 2),
    ('AUD', 'Australian dollar', 2),
    ('BRL', 'Brazilian real', 2),
    ('CAD', 'Canadian dollar', 2),
    ('CHF', 'Swiss franc', 2),
    ('CLP', 'Chilean peso', 0),
    ('CNY', 'Chinese yuan', 2),
    ('COP', 'Colombian peso', 2),
    ('CZK', 'Czech koruna', 2),
    ('DKK', 'Danish krone', 2),
    ('EUR', 'Euro', 2),
    ('GBP', 'Pound sterling', 2),
    ('HKD', 'Hong Kong dollar', 2),
    ('HUF', 'Hungarian forint', 2),
    ('IDR', 'Indonesian rupiah', 2),
    ('ILS', 'Israeli new shekel', 2),
    ('INR', 'Indian rupee', 2),
    ('JPY', 'Japanese yen', 0),
    ('KRW', 'South Korean won', 0),
    ('KWD', 'Kuwaiti dinar', 3),
    ('MXN', 'Mexican peso', 2),
    ('MYR', 'Malaysian ringgit', 2),
    ('NOK', 'Norwegian krone', 2),
    ('NZD', 'New Zealand dollar', 2),
    ('PHP', 'Philippine peso', 2),
    ('PLN', 'Polish zloty', 2),
    ('RON', 'Romanian leu', 2),
    ('SAR', 'Saudi riyal', 2),
    ('SEK', 'Swedish krona', 2),
    ('SGD', 'Singapore dollar', 2),
    ('THB', 'Thai baht', 2),
    ('TRY', 'Turkish lira', 2),
    ('TWD', 'New Taiwan dollar', 2),
    ('USD', 'US dollar', 2),
    ('ZAR', 'South African rand', 2)
) AS v (currency_code, name, minor_units)
WHERE NOT EXISTS (SELECT FROM crm.currency);

INSERT INTO crm.organization (name, base_currency_code, time_zone, fiscal_year_start_month)
SELECT 'My organisation', 'EUR', 'UTC', 1
WHERE NOT EXISTS (SELECT FROM crm.organization);
