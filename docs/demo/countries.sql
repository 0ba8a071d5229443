-- The countries of online_retail.csv, by the names that the file uses, with their ISO 3166 codes.
-- Which region a code belongs to stands in crm.region_coverage.

CREATE TABLE demo.country (
    name text PRIMARY KEY,
    country_code text CHECK (country_code ~ '^[A-Z]{2}$')
);
COMMENT ON TABLE demo.country IS 'Countries as online_retail.csv names them, with their ISO 3166 codes.';
COMMENT ON COLUMN demo.country.name IS 'Name of the country in the file.';
COMMENT ON COLUMN demo.country.country_code IS
    'Code of the country; NULL for names that are none. The Channel Islands stand under Jersey''s.';

INSERT INTO demo.country (name, country_code) VALUES
    ('Australia', 'AU'),
    ('Austria', 'AT'),
    ('Bahrain', 'BH'),
    ('Belgium', 'BE'),
    ('Brazil', 'BR'),
    ('Canada', 'CA'),
    ('Channel Islands', 'JE'),
    ('Cyprus', 'CY'),
    ('Czech Republic', 'CZ'),
    ('Denmark', 'DK'),
    ('EIRE', 'IE'),
    ('European Community', NULL),
    ('Finland', 'FI'),
    ('France', 'FR'),
    ('Germany', 'DE'),
    ('Greece', 'GR'),
    ('Hong Kong', 'HK'),
    ('Iceland', 'IS'),
    ('Israel', 'IL'),
    ('Italy', 'IT'),
    ('Japan', 'JP'),
    ('Lebanon', 'LB'),
    ('Lithuania', 'LT'),
    ('Malta', 'MT'),
    ('Netherlands', 'NL'),
    ('Norway', 'NO'),
    ('Poland', 'PL'),
    ('Portugal', 'PT'),
    ('RSA', 'ZA'),
    ('Saudi Arabia', 'SA'),
    ('Singapore', 'SG'),
    ('Spain', 'ES'),
    ('Sweden', 'SE'),
    ('Switzerland', 'CH'),
    ('USA', 'US'),
    ('United Arab Emirates', 'AE'),
    ('United Kingdom', 'GB'),
    ('Unspecified', NULL);
