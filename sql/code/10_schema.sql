-- 10_schema: rights on schema crm, which the control file creates. They are given in each CREATE EXTENSION,
-- also in a restore, since a dump leaves out rights that an extension script gave.

GRANT USAGE, CREATE ON SCHEMA crm TO crm_owner;
GRANT USAGE ON SCHEMA crm TO
    crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager, crm_marketing_analyst,
    crm_support_agent, crm_app, crm_auditor;

COMMENT ON SCHEMA crm IS 'Customer relationship management: tables, views and functions for applications.';
