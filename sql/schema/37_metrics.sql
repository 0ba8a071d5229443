-- 37_metrics: figures of each customer, kept in the same transaction (metrics) or written by batches (score).

CREATE TABLE IF NOT EXISTS crm.customer_metrics (
    customer_id bigint NOT NULL,
    first_order_at timestamptz,
    last_order_at timestamptz,
    order_count bigint NOT NULL DEFAULT 0,
    order_day_count bigint NOT NULL DEFAULT 0,
    canceled_order_count bigint NOT NULL DEFAULT 0,
    returned_order_count bigint NOT NULL DEFAULT 0,
    net_revenue numeric(28,4) NOT NULL DEFAULT 0,
    average_order_value numeric(28,4),
    last_interaction_at timestamptz,
    interaction_count bigint NOT NULL DEFAULT 0,
    ticket_count bigint NOT NULL DEFAULT 0,
    open_ticket_count bigint NOT NULL DEFAULT 0,
    open_opportunity_count bigint NOT NULL DEFAULT 0,
    feedback_count bigint NOT NULL DEFAULT 0,
    last_feedback_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customer_metrics_pkey PRIMARY KEY (customer_id),
    CONSTRAINT customer_metrics_customer_id_fkey FOREIGN KEY (customer_id)
        REFERENCES crm.customer ON DELETE CASCADE,
    CONSTRAINT customer_metrics_finite_check CHECK (
        isfinite(first_order_at)
        AND isfinite(last_order_at)
        AND isfinite(last_interaction_at)
        AND isfinite(last_feedback_at)
    ),
    CONSTRAINT customer_metrics_order_count_check CHECK (order_count >= 0),
    CONSTRAINT customer_metrics_order_day_count_check CHECK (order_day_count >= 0)
) WITH (fillfactor = 70);
COMMENT ON TABLE crm.customer_metrics IS
    'Counters and sums of one customer; one row a customer from the customer''s insert on, written by the '
    'database alone. What follows from orders is exact within the same transaction. An order counts from its first line '
    'on, unless it is canceled. Walk-in customers (customer.is_anonymous) have no row. Interactions, tickets, '
    'opportunities and feedback are not counted yet: v_customer_360 counts them.';
COMMENT ON COLUMN crm.customer_metrics.customer_id IS 'Customer whose figures these are; they go with him.';
COMMENT ON COLUMN crm.customer_metrics.first_order_at IS
    'Date of the first sale that counts; NULL without one.';
COMMENT ON COLUMN crm.customer_metrics.last_order_at IS
    'Date of the latest sale that counts; NULL without one.';
COMMENT ON COLUMN crm.customer_metrics.order_count IS 'Number of sales with lines that are not canceled.';
COMMENT ON COLUMN crm.customer_metrics.order_day_count IS
    'Number of distinct days with a sale that counts, in the organisation''s time zone.';
COMMENT ON COLUMN crm.customer_metrics.canceled_order_count IS 'Number of canceled orders and returns with lines.';
COMMENT ON COLUMN crm.customer_metrics.returned_order_count IS 'Number of returns with lines that are not canceled.';
COMMENT ON COLUMN crm.customer_metrics.net_revenue IS
    'Sales that are not canceled less returns that are not canceled, in the base currency; may be negative.';
COMMENT ON COLUMN crm.customer_metrics.average_order_value IS
    'net_revenue divided by order_count, in the base currency; NULL without an order.';
COMMENT ON COLUMN crm.customer_metrics.last_interaction_at IS
    'Date of the latest interaction; NULL without one.';
COMMENT ON COLUMN crm.customer_metrics.interaction_count IS 'Number of interactions.';
COMMENT ON COLUMN crm.customer_metrics.ticket_count IS 'Number of support tickets in any status.';
COMMENT ON COLUMN crm.customer_metrics.open_ticket_count IS 'Number of support tickets that are not solved.';
COMMENT ON COLUMN crm.customer_metrics.open_opportunity_count IS
    'Number of opportunities that are neither closed nor deleted.';
COMMENT ON COLUMN crm.customer_metrics.feedback_count IS 'Number of opinions given.';
COMMENT ON COLUMN crm.customer_metrics.last_feedback_at IS
    'Date of the latest opinion given; NULL without one.';
COMMENT ON COLUMN crm.customer_metrics.updated_at IS 'When one of the figures last changed.';

CREATE TABLE IF NOT EXISTS crm.customer_score (
    customer_id bigint NOT NULL,
    r_score smallint,
    f_score smallint,
    m_score smallint,
    rfm_segment text,
    rfm_refreshed_at timestamptz,
    p_alive double precision,
    expected_orders double precision,
    clv numeric(18,4),
    clv_model text,
    clv_refreshed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customer_score_pkey PRIMARY KEY (customer_id),
    CONSTRAINT customer_score_customer_id_fkey FOREIGN KEY (customer_id)
        REFERENCES crm.customer ON DELETE CASCADE,
    CONSTRAINT customer_score_r_score_check CHECK (r_score >= 1 AND r_score <= 10),
    CONSTRAINT customer_score_f_score_check CHECK (f_score >= 1 AND f_score <= 10),
    CONSTRAINT customer_score_m_score_check CHECK (m_score >= 1 AND m_score <= 10),
    CONSTRAINT customer_score_p_alive_check CHECK (p_alive >= 0 AND p_alive <= 1),
    CONSTRAINT customer_score_expected_orders_check CHECK (
        expected_orders >= 0 AND expected_orders < 'Infinity'
    ),
    CONSTRAINT customer_score_clv_check CHECK (clv <> 'NaN'),
    CONSTRAINT customer_score_finite_check CHECK (isfinite(rfm_refreshed_at) AND isfinite(clv_refreshed_at)),
    CONSTRAINT customer_score_length_check CHECK (
        char_length(rfm_segment) <= 200
        AND char_length(clv_model) <= 200
    )
) WITH (fillfactor = 70);
COMMENT ON TABLE crm.customer_score IS
    'Scores and predictions of one customer, as of the latest batch; a customer that no batch has '
    'reached has no row.';
COMMENT ON COLUMN crm.customer_score.customer_id IS 'Customer who is scored; the scores go with him.';
COMMENT ON COLUMN crm.customer_score.r_score IS
    'Recency of the last order, from 1 (long ago) to at most 10 (just now).';
COMMENT ON COLUMN crm.customer_score.f_score IS 'Frequency of orders, from 1 (seldom) to at most 10 (often).';
COMMENT ON COLUMN crm.customer_score.m_score IS 'Money spent, from 1 (little) to at most 10 (much).';
COMMENT ON COLUMN crm.customer_score.rfm_segment IS
    'Name of the group that the three scores put the customer into.';
COMMENT ON COLUMN crm.customer_score.rfm_refreshed_at IS
    'When scores and group were computed; NULL for never.';
COMMENT ON COLUMN crm.customer_score.p_alive IS
    'Probability from 0 to 1 that the customer still buys, by the model that clv_model names.';
COMMENT ON COLUMN crm.customer_score.expected_orders IS
    'Number of orders expected within the horizon of the computation, by the same model.';
COMMENT ON COLUMN crm.customer_score.clv IS
    'Predicted customer lifetime value within the horizon, in the base currency.';
COMMENT ON COLUMN crm.customer_score.clv_model IS 'Model that the predictions come from.';
COMMENT ON COLUMN crm.customer_score.clv_refreshed_at IS
    'When the predictions were computed; NULL for never.';
COMMENT ON COLUMN crm.customer_score.updated_at IS 'When a batch last wrote the row.';
