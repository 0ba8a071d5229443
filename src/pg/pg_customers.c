/*
 * pg_customers.c
 *		Triggers of crm.customer and crm.contact.
 *
 * A customer's region follows the address through region_coverage unless it
 * was chosen by hand.  An individual has at most one contact: himself.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"
#include "pg/pg_fill.h"
#include "pg/pg_metrics.h"

CRM_FUNCTION_INFO_V1(crm_customer_fill);
CRM_FUNCTION_INFO_V1(crm_customer_ai);
CRM_FUNCTION_INFO_V1(crm_customer_au);
CRM_FUNCTION_INFO_V1(crm_contact_ai);
CRM_FUNCTION_INFO_V1(crm_contact_au);

/* The most special cover of an address: its state's, else its country's. */
static CrmPlan find_region = {
	.sql = "SELECT c.region_id FROM crm.region_coverage c "
	"WHERE c.country_code OPERATOR(pg_catalog.=) $1 "
	"AND c.state OPERATOR(pg_catalog.=) ANY (ARRAY[$2, '']) "
	"ORDER BY c.state DESC LIMIT 1",
	.nargs = 2,
	.argtypes = {TEXTOID, TEXTOID},
};

static CrmPlan read_today = {
	.sql = "SELECT (pg_catalog.now() AT TIME ZONE o.time_zone)::date FROM crm.organization o",
};

static CrmPlan add_metrics = {
	.sql = "INSERT INTO crm.customer_metrics (customer_id) SELECT c.customer_id FROM crm.customer c "
	"WHERE c.customer_id OPERATOR(pg_catalog.=) ANY ($1) AND NOT c.is_anonymous "
	"ON CONFLICT (customer_id) DO NOTHING",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/*
 * Waits for the orders that are being placed for a customer, whose foreign keys
 * hold FOR KEY SHARE, and makes those that come wait.
 */
static CrmPlan lock_orderer = {
	.sql = "SELECT FROM crm.customer c WHERE c.customer_id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
	.nargs = 1,
	.argtypes = {INT8OID},
};

static CrmPlan remove_metrics = {
	.sql = "DELETE FROM crm.customer_metrics m USING crm.customer c "
	"WHERE m.customer_id OPERATOR(pg_catalog.=) c.customer_id AND c.is_anonymous "
	"AND c.customer_id OPERATOR(pg_catalog.=) ANY ($1)",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Locks customers: whoever adds a contact or changes the type waits here. */
static CrmPlan lock_customers = {
	.sql = "SELECT FROM crm.customer c WHERE c.customer_id OPERATOR(pg_catalog.=) ANY ($1) "
	"ORDER BY c.customer_id FOR NO KEY UPDATE",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Individuals of the list with more than one live contact. */
static CrmPlan find_crowded = {
	.sql = "SELECT c.customer_id FROM crm.customer c WHERE c.customer_id OPERATOR(pg_catalog.=) ANY ($1) "
	"AND c.customer_type OPERATOR(pg_catalog.=) 'individual' AND (SELECT pg_catalog.count(*) "
	"FROM crm.contact k WHERE k.customer_id OPERATOR(pg_catalog.=) c.customer_id "
	"AND k.deleted_at IS NULL) OPERATOR(pg_catalog.>) 1 ORDER BY 1 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Customers of the list that are deleted. */
static CrmPlan find_deleted = {
	.sql = "SELECT c.customer_id FROM crm.customer c WHERE c.customer_id OPERATOR(pg_catalog.=) ANY ($1) "
	"AND c.deleted_at IS NOT NULL ORDER BY 1 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Refuses a date of birth that lies in the future of the organisation. */
static void
check_birth(const CrmFill *fill)
{
	bool		isnull;
	Datum		birth = crm_fill_get(fill, "date_of_birth", &isnull);

	if (isnull || (fill->is_update && !crm_fill_changes(fill, "date_of_birth")))
		return;
	if (crm_execute(&read_today, NULL, NULL) == 1 &&
		DatumGetDateADT(birth) > DatumGetDateADT(crm_result(0, 1, &isnull)))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("date of birth lies in the future"),
				 errhint("Check the year; the day counts in the time zone of the organisation."),
				 crm_error_column("customer", "date_of_birth", "customer_date_of_birth_check")));
}

/* Sets the region that covers the address; none if nothing covers it. */
static void
set_region(CrmFill *fill)
{
	Datum		values[2];
	bool		isnull;
	Datum		state;
	Datum		region = (Datum) 0;
	bool		found = false;

	values[0] = crm_fill_get(fill, "country_code", &isnull);
	if (!isnull)
	{
		state = crm_fill_get(fill, "state", &isnull);
		values[1] = isnull ? CStringGetTextDatum("") : state;
		found = crm_execute(&find_region, values, NULL) == 1;
		if (found)
			region = Int64GetDatum(crm_result_int64(0, 1));
	}
	crm_fill_set(fill, "region_id", region, !found);
}

/* A region given by hand stays, whatever the address becomes. */
static void
keep_region(CrmFill *fill)
{
	crm_fill_set(fill, "region_is_manual", BoolGetDatum(true), false);
}

/* Completes region_id and region_is_manual. */
static void
fill_region(CrmFill *fill)
{
	if (crm_fill_bool(fill, "region_is_manual"))
		return;
	if (!fill->is_update)
	{
		if (crm_fill_isnull(fill, "region_id"))
			set_region(fill);
		else
			keep_region(fill);
	}
	else if (crm_fill_changes(fill, "region_id"))
		keep_region(fill);
	else if (crm_fill_changes(fill, "country_code") || crm_fill_changes(fill, "state") ||
			 crm_fill_changes(fill, "region_is_manual"))
		set_region(fill);
}

/*
 * Keeps orders off a customer who is being deleted: without the lock one that
 * has looked at him before the delete could be committed after it.
 */
static void
lock_deleted(const CrmFill *fill)
{
	Datum		argument;

	if (!crm_fill_changes(fill, "deleted_at") || crm_fill_isnull(fill, "deleted_at"))
		return;
	argument = Int64GetDatum(crm_fill_int64(fill, "customer_id"));
	crm_execute(&lock_orderer, &argument, NULL);
}

/* BEFORE INSERT OR UPDATE on customer, FOR EACH ROW. */
Datum
crm_customer_fill(PG_FUNCTION_ARGS)
{
	CrmFill		fill;
	Datum		row;

	crm_fill_begin(&fill, fcinfo, "crm_customer_fill");
	SPI_connect();
	check_birth(&fill);
	fill_region(&fill);
	lock_deleted(&fill);
	SPI_finish();
	row = crm_fill_end(&fill);
	return row;
}

/*
 * Collects the keys of a statement's new rows.  With an old table, only of
 * rows in which the named column differs (any row if changed is NULL).
 */
static Datum
collect_keys(TriggerData *trigdata, const char *key, const char *changed, size_t *count)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	key_column = crm_column(desc, key);
	AttrNumber	changed_column = changed == NULL ? 0 : crm_column(desc, changed);
	int64	   *keys = palloc_extended((tuplestore_tuple_count(trigdata->tg_newtable) + 1) *
									   sizeof(int64), MCXT_ALLOC_HUGE);
	CrmRows		old_rows;
	CrmRows		new_rows;

	*count = 0;
	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&new_rows))
	{
		bool		has_old = crm_rows_next(&old_rows);

		if (changed == NULL || !has_old ||
			crm_slots_differ(old_rows.slot, new_rows.slot, changed_column))
			keys[(*count)++] = crm_slot_int64(new_rows.slot, key_column);
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
	return crm_int64_array(keys, *count);
}

/* Refuses contacts that are added or moved to a deleted customer; their customers are locked. */
static void
check_customers(Datum customers, size_t count)
{
	if (count == 0 || crm_execute_latest(&find_deleted, &customers) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_RECORD_DELETED),
			 errmsg("customer %lld is deleted", (long long) crm_result_int64(0, 1)),
			 errhint("Restore it with crm.restore_customer() first."),
			 crm_error_column("contact", "customer_id", NULL)));
}

/* Refuses an individual with more than one contact. */
static void
check_contacts(Datum customers, size_t count, bool locked)
{
	if (count == 0)
		return;
	if (!locked)
		crm_execute(&lock_customers, &customers, NULL);
	if (crm_execute_latest(&find_crowded, &customers) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_TOO_MANY_CONTACTS),
			 errmsg("customer %lld is an individual and has a contact already",
					(long long) crm_result_int64(0, 1)),
			 errhint("Only a business has several contacts: set customer_type to 'business' "
					 "with a business_name, or update the contact that is there."),
			 crm_error_column("contact", "customer_id", "contact_individual_check")));
}

/* Gives and takes the metrics of customers that ceased to be walk-in customers or became some. */
static void
change_metrics(Datum customers, size_t count)
{
	if (count == 0)
		return;
	crm_execute(&remove_metrics, &customers, NULL);
	if (crm_execute(&add_metrics, &customers, NULL) > 0)
		crm_metrics_recount((int64 *) ARR_DATA_PTR(DatumGetArrayTypeP(customers)), count);
}

/* AFTER INSERT on customer: one row of metrics each. */
Datum
crm_customer_ai(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_customer_ai");
	size_t		count;
	Datum		keys;

	SPI_connect();
	keys = collect_keys(trigdata, "customer_id", NULL, &count);
	if (count > 0)
		crm_execute(&add_metrics, &keys, NULL);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER UPDATE on customer: contacts of a changed type, metrics, deletions. */
Datum
crm_customer_au(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_customer_au");
	size_t		count;
	Datum		keys;

	SPI_connect();
	keys = collect_keys(trigdata, "customer_id", "customer_type", &count);
	check_contacts(keys, count, true);
	keys = collect_keys(trigdata, "customer_id", "is_anonymous", &count);
	change_metrics(keys, count);
	crm_emit_deletions(trigdata, "customer");
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER INSERT on contact. */
Datum
crm_contact_ai(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_contact_ai");
	size_t		count;
	Datum		keys;

	SPI_connect();
	keys = collect_keys(trigdata, "customer_id", NULL, &count);
	check_contacts(keys, count, false);
	check_customers(keys, count);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER UPDATE on contact: moved or restored contacts, deletions. */
Datum
crm_contact_au(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_contact_au");
	size_t		count;
	Datum		keys;

	SPI_connect();
	keys = collect_keys(trigdata, "customer_id", "customer_id", &count);
	check_contacts(keys, count, false);
	check_customers(keys, count);
	keys = collect_keys(trigdata, "customer_id", "deleted_at", &count);
	check_contacts(keys, count, false);
	crm_emit_deletions(trigdata, "contact");
	SPI_finish();
	return PointerGetDatum(NULL);
}
