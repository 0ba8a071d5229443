-- 61_deletion: taking records out of use and back. A deleted record keeps its row, its history and its keys;
-- deleted_at tells since when. Documents of a deleted customer or product stay as they are. The functions run as
-- crm_owner, since a deleted record leaves the sight of all but crm_admin; the caller must be able to change it.

CREATE OR REPLACE FUNCTION crm._set_deleted(table_name text, row_id bigint, is_deleted boolean, reason text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, crm, pg_temp
AS $function$
DECLARE
    outer_note constant text := current_setting('crm.change_note', true);
BEGIN
    IF NOT coalesce(crm._caller_can_change(_set_deleted.table_name, _set_deleted.row_id), false) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('%s %s does not exist', left(_set_deleted.table_name, 60),
                coalesce(_set_deleted.row_id::text, 'NULL')),
            HINT = format('Look it up in crm.%I.', left(_set_deleted.table_name, 60)),
            SCHEMA = 'crm', TABLE = left(_set_deleted.table_name, 60), COLUMN = left(_set_deleted.table_name, 60) || '_id';
    END IF;
    IF char_length(_set_deleted.reason) > 1000 THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'a reason has at most 1000 characters';
    END IF;
    -- The trigger that writes the event takes the reason from this setting.
    PERFORM set_config('crm.change_note', coalesce(_set_deleted.reason, ''), true);
    EXECUTE format(
        'UPDATE crm.%1$I AS t SET deleted_at = CASE WHEN $2 THEN now() END '
        'WHERE t.%2$I = $1 AND (t.deleted_at IS NULL) = $2',
        _set_deleted.table_name, _set_deleted.table_name || '_id')
    USING _set_deleted.row_id, _set_deleted.is_deleted;
    PERFORM set_config('crm.change_note', coalesce(outer_note, ''), true);
END
$function$;
COMMENT ON FUNCTION crm._set_deleted(text, bigint, boolean, text) IS
    'Sets or clears deleted_at of one row, with the reason for the event; a row that is so already stays as '
    'it is. Raises 22023 for a row that the caller may not change or that there is not, and for a reason of more than '
    '1000 characters; 42501 where the caller may not change the table.';

-- Customers -------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.delete_customer(customer_id bigint, reason text DEFAULT NULL)
    RETURNS SETOF crm.customer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('customer', delete_customer.customer_id, true, delete_customer.reason);
    RETURN QUERY SELECT t.* FROM crm.customer AS t WHERE t.customer_id = delete_customer.customer_id;
END
$function$;
COMMENT ON FUNCTION crm.delete_customer(bigint, text) IS
    'Takes a customer out of use: searches and reports leave him out, new orders are refused, what he '
    'bought stays. Sets deleted_at and returns the row; the reason goes into the event customer.deleted. A '
    'deleted one is returned as it is. Errors: 22023 unknown customer or a reason of more than 1000 '
    'characters.';

CREATE OR REPLACE FUNCTION crm.restore_customer(customer_id bigint)
    RETURNS SETOF crm.customer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('customer', restore_customer.customer_id, false, NULL);
    RETURN QUERY SELECT t.* FROM crm.customer AS t WHERE t.customer_id = restore_customer.customer_id;
END
$function$;
COMMENT ON FUNCTION crm.restore_customer(bigint) IS
    'Takes a deleted customer back into use, with all that was his. Clears deleted_at and returns the row; '
    'one that is in use is returned as it is. Errors: 22023 unknown customer.';

-- Contacts --------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.delete_contact(contact_id bigint, reason text DEFAULT NULL)
    RETURNS SETOF crm.contact
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('contact', delete_contact.contact_id, true, delete_contact.reason);
    RETURN QUERY SELECT t.* FROM crm.contact AS t WHERE t.contact_id = delete_contact.contact_id;
END
$function$;
COMMENT ON FUNCTION crm.delete_contact(bigint, text) IS
    'Takes a contact out of use; its e-mail address and the place of the first contact become free for '
    'another. Sets deleted_at and returns the row; the reason goes into the event contact.deleted. A '
    'deleted one is returned as it is. Errors: 22023 unknown contact or a reason of more than 1000 '
    'characters.';

CREATE OR REPLACE FUNCTION crm.restore_contact(contact_id bigint)
    RETURNS SETOF crm.contact
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('contact', restore_contact.contact_id, false, NULL);
    RETURN QUERY SELECT t.* FROM crm.contact AS t WHERE t.contact_id = restore_contact.contact_id;
END
$function$;
COMMENT ON FUNCTION crm.restore_contact(bigint) IS
    'Takes a deleted contact back into use. Clears deleted_at and returns the row; one that is in use is '
    'returned as it is. Errors: 22023 unknown contact, 23505 a contact in use has the e-mail address or is '
    'the first one, RM018 an individual has another contact.';

-- Leads -----------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.delete_lead(lead_id bigint, reason text DEFAULT NULL)
    RETURNS SETOF crm.lead
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('lead', delete_lead.lead_id, true, delete_lead.reason);
    RETURN QUERY SELECT t.* FROM crm.lead AS t WHERE t.lead_id = delete_lead.lead_id;
END
$function$;
COMMENT ON FUNCTION crm.delete_lead(bigint, text) IS
    'Takes a lead out of use; it stays in past counts. Sets deleted_at and returns the row; the reason goes '
    'into the event lead.deleted. A deleted one is returned as it is. Errors: 22023 unknown lead or a '
    'reason of more than 1000 characters.';

CREATE OR REPLACE FUNCTION crm.restore_lead(lead_id bigint)
    RETURNS SETOF crm.lead
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('lead', restore_lead.lead_id, false, NULL);
    RETURN QUERY SELECT t.* FROM crm.lead AS t WHERE t.lead_id = restore_lead.lead_id;
END
$function$;
COMMENT ON FUNCTION crm.restore_lead(bigint) IS
    'Takes a deleted lead back into use. Clears deleted_at and returns the row; one that is in use is '
    'returned as it is. Errors: 22023 unknown lead.';

-- Opportunities ---------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.delete_opportunity(opportunity_id bigint, reason text DEFAULT NULL)
    RETURNS SETOF crm.opportunity
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('opportunity', delete_opportunity.opportunity_id, true,
        delete_opportunity.reason);
    RETURN QUERY
    SELECT t.* FROM crm.opportunity AS t WHERE t.opportunity_id = delete_opportunity.opportunity_id;
END
$function$;
COMMENT ON FUNCTION crm.delete_opportunity(bigint, text) IS
    'Takes an opportunity out of use; its history stays. Sets deleted_at and returns the row; the reason '
    'goes into the event opportunity.deleted. A deleted one is returned as it is. Errors: 22023 unknown '
    'opportunity or a reason of more than 1000 characters.';

CREATE OR REPLACE FUNCTION crm.restore_opportunity(opportunity_id bigint)
    RETURNS SETOF crm.opportunity
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('opportunity', restore_opportunity.opportunity_id, false, NULL);
    RETURN QUERY
    SELECT t.* FROM crm.opportunity AS t WHERE t.opportunity_id = restore_opportunity.opportunity_id;
END
$function$;
COMMENT ON FUNCTION crm.restore_opportunity(bigint) IS
    'Takes a deleted opportunity back into use. Clears deleted_at and returns the row; one that is in use '
    'is returned as it is. Errors: 22023 unknown opportunity.';

-- Products --------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION crm.delete_product(product_id bigint, reason text DEFAULT NULL)
    RETURNS SETOF crm.product
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('product', delete_product.product_id, true, delete_product.reason);
    RETURN QUERY SELECT t.* FROM crm.product AS t WHERE t.product_id = delete_product.product_id;
END
$function$;
COMMENT ON FUNCTION crm.delete_product(bigint, text) IS
    'Takes a product out of use: new lines are refused, its sku becomes free, an open low-stock alert is '
    'closed. Sets deleted_at and returns the row; the reason goes into the event product.deleted. A deleted '
    'one is returned as it is. Errors: 22023 unknown product or a reason of more than 1000 characters.';

CREATE OR REPLACE FUNCTION crm.restore_product(product_id bigint)
    RETURNS SETOF crm.product
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1 SECURITY DEFINER
    SET search_path = pg_catalog, crm, pg_temp
    SET row_security = on
AS $function$
BEGIN
    PERFORM crm._set_deleted('product', restore_product.product_id, false, NULL);
    RETURN QUERY SELECT t.* FROM crm.product AS t WHERE t.product_id = restore_product.product_id;
END
$function$;
COMMENT ON FUNCTION crm.restore_product(bigint) IS
    'Takes a deleted product back into use. Clears deleted_at and returns the row; one that is in use is '
    'returned as it is. Errors: 22023 unknown product, 23505 a product in use has the sku.';
