-- 65_views_service: interactions and tickets with the names behind their keys.

CREATE OR REPLACE VIEW crm.v_interaction WITH (security_invoker = true) AS
SELECT
    i.interaction_id,
    i.customer_id,
    c.name AS customer_name,
    i.interaction_date,
    i.interaction_type_id,
    y.name AS interaction_type,
    i.interaction_outcome_id,
    u.name AS interaction_outcome,
    u.needs_follow_up,
    (
        SELECT string_agg(s.name, ', ' ORDER BY r.role, s.name, s.staff_id)
        FROM crm.interaction_rep AS r
        JOIN crm.staff AS s ON s.staff_id = r.sales_rep_id
        WHERE r.interaction_id = i.interaction_id
    ) AS sales_rep_names,
    i.staff_id,
    l.name AS staff_name,
    i.contact_id,
    k.name AS contact_name,
    i.opportunity_id,
    o.name AS opportunity_name,
    i.support_ticket_id,
    i.campaign_id,
    m.name AS campaign_name,
    i.details,
    i.duration_minutes
FROM crm.interaction AS i
LEFT JOIN crm.customer AS c ON c.customer_id = i.customer_id AND c.deleted_at IS NULL
LEFT JOIN crm.interaction_type AS y ON y.interaction_type_id = i.interaction_type_id
LEFT JOIN crm.interaction_outcome AS u ON u.interaction_outcome_id = i.interaction_outcome_id
LEFT JOIN crm.staff AS l ON l.staff_id = i.staff_id
LEFT JOIN crm.contact AS k ON k.contact_id = i.contact_id AND k.deleted_at IS NULL
LEFT JOIN crm.opportunity AS o ON o.opportunity_id = i.opportunity_id AND o.deleted_at IS NULL
LEFT JOIN crm.campaign AS m ON m.campaign_id = i.campaign_id;
COMMENT ON VIEW crm.v_interaction IS
    'Interactions with type, outcome and the reps who took part. Those with a deleted customer, contact or '
    'opportunity stay, without its name.';
COMMENT ON COLUMN crm.v_interaction.customer_name IS 'Name of the customer; NULL once he is deleted.';
COMMENT ON COLUMN crm.v_interaction.interaction_type IS
    'What kind of interaction it was, such as phone call, email or meeting.';
COMMENT ON COLUMN crm.v_interaction.interaction_outcome IS
    'What came of it, such as follow-up required, issue resolved or sale made; NULL if not recorded.';
COMMENT ON COLUMN crm.v_interaction.needs_follow_up IS
    'Whether the outcome asks for a follow-up; NULL without an outcome.';
COMMENT ON COLUMN crm.v_interaction.sales_rep_names IS
    'Names of all reps who took part, owners first, then by name, with commas between them; NULL without '
    'any.';
COMMENT ON COLUMN crm.v_interaction.staff_name IS 'Name of the member of staff who logged it.';
COMMENT ON COLUMN crm.v_interaction.contact_name IS
    'Name of the person at the customer who took part; NULL without one or once deleted.';
COMMENT ON COLUMN crm.v_interaction.opportunity_name IS
    'Name of the opportunity that it was about; NULL without one or once deleted.';
COMMENT ON COLUMN crm.v_interaction.campaign_name IS 'Name of the campaign that it was part of.';

CREATE OR REPLACE VIEW crm.v_support_ticket WITH (security_invoker = true) AS
SELECT
    t.support_ticket_id AS ticket_id,
    t.customer_id,
    c.name AS customer_name,
    t.contact_id,
    k.name AS contact_name,
    t.issue,
    t.category,
    t.reported_date,
    t.priority,
    t.status,
    t.resolved,
    t.resolved_at,
    t.support_agent_id,
    s.name AS support_agent_name,
    t.sales_order_id,
    t.product_id,
    p.name AS product_name,
    t.knowledge_base_id,
    b.name AS knowledge_base_name,
    t.sla_policy_id,
    l.name AS sla_policy_name,
    t.response_due,
    t.resolution_due,
    t.first_response_at,
    t.hold_since,
    t.hold_minutes,
    t.escalation_level,
    t.reopened_count,
    t.parent_ticket_id,
    (
        SELECT count(*)
        FROM crm.ticket_response AS r
        WHERE r.support_ticket_id = t.support_ticket_id
    ) AS response_count,
    (
        SELECT max(r.response_date)
        FROM crm.ticket_response AS r
        WHERE r.support_ticket_id = t.support_ticket_id
    ) AS last_response_at,
    t.external_source,
    t.external_id,
    t.created_at,
    t.updated_at,
    t.row_version
FROM crm.support_ticket AS t
LEFT JOIN crm.customer AS c ON c.customer_id = t.customer_id AND c.deleted_at IS NULL
LEFT JOIN crm.contact AS k ON k.contact_id = t.contact_id AND k.deleted_at IS NULL
LEFT JOIN crm.staff AS s ON s.staff_id = t.support_agent_id
LEFT JOIN crm.product AS p ON p.product_id = t.product_id
LEFT JOIN crm.knowledge_base AS b ON b.knowledge_base_id = t.knowledge_base_id
LEFT JOIN crm.sla_policy AS l ON l.sla_policy_id = t.sla_policy_id;
COMMENT ON VIEW crm.v_support_ticket IS
    'Support tickets under the name ticket_id, with the names behind their keys and the responses counted. '
    'Tickets of deleted customers and contacts stay, without the name.';
COMMENT ON COLUMN crm.v_support_ticket.ticket_id IS 'Key of the ticket: support_ticket.support_ticket_id.';
COMMENT ON COLUMN crm.v_support_ticket.customer_name IS 'Name of the customer; NULL once he is deleted.';
COMMENT ON COLUMN crm.v_support_ticket.contact_name IS
    'Name of the person at the customer; NULL without one or once deleted.';
COMMENT ON COLUMN crm.v_support_ticket.support_agent_name IS 'Name of the agent who holds the ticket.';
COMMENT ON COLUMN crm.v_support_ticket.product_name IS
    'Name of the product that it is about, also when that is no longer sold.';
COMMENT ON COLUMN crm.v_support_ticket.knowledge_base_name IS
    'Name of the knowledge base that helps with the ticket.';
COMMENT ON COLUMN crm.v_support_ticket.sla_policy_name IS 'Name of the service level that applies.';
COMMENT ON COLUMN crm.v_support_ticket.response_count IS
    'Number of responses, internal ones and the customer''s own included.';
COMMENT ON COLUMN crm.v_support_ticket.last_response_at IS 'Date of the latest response; NULL without one.';
