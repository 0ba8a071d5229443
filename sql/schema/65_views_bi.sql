-- 65_views_bi: views for BI tools. They run as their reader, under row-level security; crm_bi reads no personal data and
-- cannot name the tables behind them.

CREATE OR REPLACE VIEW crm_bi.dim_customer WITH (security_invoker = true) AS
SELECT
    c.customer_id,
    c.customer_type,
    c.service_class,
    c.is_anonymous,
    c.city,
    c.state,
    c.country_code,
    c.region_id,
    r.name AS region_name,
    c.sales_rep_id,
    c.acquisition_campaign_id,
    c.signed_up_at
FROM crm.customer AS c
LEFT JOIN crm.region AS r ON r.region_id = c.region_id;
COMMENT ON VIEW crm_bi.dim_customer IS
    'Customers without personal data, one row each; customer_id is the pseudonym. For all roles, with the rows that they see.';
COMMENT ON COLUMN crm_bi.dim_customer.region_name IS 'Name of the region; NULL without one.';

CREATE OR REPLACE VIEW crm_bi.dim_customer_person WITH (security_invoker = true) AS
SELECT
    c.customer_id,
    c.name,
    c.email,
    c.phone,
    c.street,
    c.postal_code,
    c.city,
    c.date_of_birth
FROM crm.customer AS c;
COMMENT ON VIEW crm_bi.dim_customer_person IS
    'Who the customers are, one row each. For roles that read these columns of crm.customer: not for crm_bi and marketing.';
