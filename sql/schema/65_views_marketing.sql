-- 65_views_marketing: landing pages, campaign figures and recommendations with the names behind their keys.

CREATE OR REPLACE VIEW crm.v_landing_page WITH (security_invoker = true) AS
SELECT
    l.landing_page_id,
    l.campaign_id,
    c.name AS campaign_name,
    l.url,
    l.date_launched,
    l.visits,
    l.conversions,
    l.conversion_rate
FROM crm.landing_page AS l
LEFT JOIN crm.campaign AS c ON c.campaign_id = l.campaign_id;
COMMENT ON VIEW crm.v_landing_page IS 'Landing pages with the name of their campaign.';
COMMENT ON COLUMN crm.v_landing_page.campaign_name IS 'Name of the campaign that the page belongs to.';

CREATE OR REPLACE VIEW crm.v_campaign_analytics WITH (security_invoker = true) AS
SELECT
    a.campaign_analytics_id,
    a.campaign_id,
    c.name AS campaign_name,
    a.date_reported,
    a.model,
    a.leads_generated,
    a.new_customers,
    a.revenue_base,
    a.cost_base,
    a.conversion_rate,
    a.roi,
    a.acquisition_cost_base
FROM crm.campaign_analytics AS a
LEFT JOIN crm.campaign AS c ON c.campaign_id = a.campaign_id;
COMMENT ON VIEW crm.v_campaign_analytics IS 'Dated figures of campaigns with the campaign''s name.';
COMMENT ON COLUMN crm.v_campaign_analytics.campaign_name IS 'Name of the campaign that was measured.';

CREATE OR REPLACE VIEW crm.v_product_recommendation WITH (security_invoker = true) AS
SELECT
    r.product_recommendation_id,
    r.customer_id,
    c.name AS customer_name,
    r.product_id,
    p.sku,
    p.name AS product_name,
    r.campaign_id,
    m.name AS campaign_name,
    r.segment_id,
    s.name AS segment_name,
    r.recommendation_details,
    r.score,
    r.date_generated,
    r.accepted_order_id
FROM crm.product_recommendation AS r
JOIN crm.customer AS c ON c.customer_id = r.customer_id AND c.deleted_at IS NULL
JOIN crm.product AS p ON p.product_id = r.product_id AND p.deleted_at IS NULL
LEFT JOIN crm.campaign AS m ON m.campaign_id = r.campaign_id
LEFT JOIN crm.segment AS s ON s.segment_id = r.segment_id;
COMMENT ON VIEW crm.v_product_recommendation IS
    'Recommendations with the names of customer, product, campaign and segment. Those of deleted customers '
    'and products are left out.';
COMMENT ON COLUMN crm.v_product_recommendation.customer_name IS 'Name of the customer who is advised.';
COMMENT ON COLUMN crm.v_product_recommendation.product_name IS 'Name of the recommended product.';
COMMENT ON COLUMN crm.v_product_recommendation.campaign_name IS
    'Name of the campaign that suggests it; NULL without one.';
COMMENT ON COLUMN crm.v_product_recommendation.segment_name IS
    'Name of the segment that it is suggested for; NULL without one.';
