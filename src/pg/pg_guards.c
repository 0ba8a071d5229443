/*
 * pg_guards.c
 *		Triggers that refuse: TRUNCATE, direct writes of ledgers, cycles in trees.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_no_truncate);
CRM_FUNCTION_INFO_V1(crm_append_only);
CRM_FUNCTION_INFO_V1(crm_own_insert_only);
CRM_FUNCTION_INFO_V1(crm_tree_check);

/* BEFORE TRUNCATE: refuses, since state that is kept elsewhere would not follow. */
Datum
crm_no_truncate(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_guard(fcinfo, "crm_no_truncate");
	const char *table = RelationGetRelationName(trigdata->tg_relation);

	ereport(ERROR,
			(errcode(ERRCODE_CRM_APPEND_ONLY),
			 errmsg("%s cannot be truncated", table),
			 errdetail("Totals, stock and history follow from its rows."),
			 errhint("Use DELETE where the rules of the table allow it."),
			 crm_error_table(table)));
}

/* Tells whether an update moves a row to another customer and does nothing else. */
static bool
only_moves(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	customer = crm_column(desc, "customer_id");

	for (int column = 1; column <= desc->natts; column++)
	{
		if (column != customer && !TupleDescAttr(desc, column - 1)->attisdropped &&
			crm_slots_differ(trigdata->tg_trigslot, trigdata->tg_newslot, (AttrNumber) column))
			return false;
	}
	return true;
}

/*
 * BEFORE UPDATE OR DELETE: refuses, for tables whose rows stay as written.
 * FOR EACH ROW, for tables that depend on a document: the cascade of the
 * document's foreign key fires it for the rows there are, and may move them
 * to the document's new customer.  An argument says that such a table is a
 * ledger all the same, written by clients.
 */
Datum
crm_append_only(PG_FUNCTION_ARGS)
{
	bool		for_row = CALLED_AS_TRIGGER(fcinfo) &&
		TRIGGER_FIRED_FOR_ROW(((TriggerData *) fcinfo->context)->tg_event);
	TriggerData *trigdata = for_row ? crm_trigger_row(fcinfo, "crm_append_only")
		: crm_trigger_guard(fcinfo, "crm_append_only");
	const char *table = RelationGetRelationName(trigdata->tg_relation);

	/* An erasure takes personal data out of rows that stay otherwise. */
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) && crm_is_own_write(trigdata->tg_relation))
		return PointerGetDatum(for_row ? trigdata->tg_newtuple : NULL);
	if (for_row && TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) && only_moves(trigdata))
		return PointerGetDatum(trigdata->tg_newtuple);

	ereport(ERROR,
			(errcode(ERRCODE_CRM_APPEND_ONLY),
			 errmsg("rows of %s cannot be changed or deleted", table),
			 for_row && trigdata->tg_trigger->tgnargs == 0
			 ? errhint("The history is written when the status of the record changes: change that.")
			 : errhint("The table is a ledger: write a further row that corrects the first."),
			 crm_error_table(table)));
}

/* BEFORE INSERT: refuses rows that do not come from a trigger of ours. */
Datum
crm_own_insert_only(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_guard(fcinfo, "crm_own_insert_only");
	const char *table = RelationGetRelationName(trigdata->tg_relation);

	if (crm_is_own_write(trigdata->tg_relation))
		return PointerGetDatum(NULL);
	ereport(ERROR,
			(errcode(ERRCODE_CRM_APPEND_ONLY),
			 errmsg("rows of %s are written by triggers only", table),
			 errhint("Change the record that the history is about."),
			 crm_error_table(table)));
}

/* The check of one tree: a table with a key and a parent column. */
typedef struct TreeCheck
{
	char		table[NAMEDATALEN]; /* hash key */
	CrmPlan		plan;
} TreeCheck;

/*
 * Walks upwards from the rows of the list; returns a row that meets itself.  A
 * new cycle holds a changed row, so it is enough to look for the start; UNION
 * ends the walk where it comes by the same row again.
 */
static const char tree_query[] =
"WITH RECURSIVE up(start_id, id) AS ("
"SELECT t.%1$s, t.%2$s FROM crm.%3$s t WHERE t.%1$s OPERATOR(pg_catalog.=) ANY ($1) "
"UNION SELECT u.start_id, t.%2$s FROM up u JOIN crm.%3$s t "
"ON t.%1$s OPERATOR(pg_catalog.=) u.id WHERE u.id OPERATOR(pg_catalog.<>) u.start_id) "
"SELECT id FROM up WHERE id OPERATOR(pg_catalog.=) start_id ORDER BY 1 LIMIT 1";

/* Returns the check of a table, made at its first use in a session. */
static CrmPlan *
tree_plan(const char *table, const char *key, const char *parent)
{
	static HTAB *checks = NULL;
	TreeCheck  *check;
	char		name[NAMEDATALEN] = {0};
	bool		found;

	if (checks == NULL)
	{
		HASHCTL		control = {.keysize = NAMEDATALEN, .entrysize = sizeof(TreeCheck)};

		checks = hash_create("crm tree checks", 8, &control, HASH_ELEM | HASH_STRINGS);
	}
	strlcpy(name, table, sizeof(name));
	check = hash_search(checks, name, HASH_ENTER, &found);
	if (!found)
	{
		memset(&check->plan, 0, sizeof(check->plan));
		check->plan.nargs = 1;
		check->plan.argtypes[0] = INT8ARRAYOID;
	}
	if (check->plan.sql == NULL)
		check->plan.sql = MemoryContextStrdup(TopMemoryContext,
											  psprintf(tree_query, quote_identifier(key),
													   quote_identifier(parent),
													   quote_identifier(table)));
	return &check->plan;
}

/* Collects the rows whose parent a statement set or changed. */
static int64 *
changed_parents(TriggerData *trigdata, const char *key, const char *parent, size_t *count)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	key_column = crm_column(desc, key);
	AttrNumber	parent_column = crm_column(desc, parent);
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

		if (crm_slot_isnull(new_rows.slot, parent_column))
			continue;
		if (!has_old || crm_slots_differ(old_rows.slot, new_rows.slot, parent_column))
			keys[(*count)++] = crm_slot_int64(new_rows.slot, key_column);
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
	return keys;
}

/*
 * AFTER INSERT OR UPDATE: refuses cycles.  The arguments are the key and the
 * parent column.  Two sessions could each close one half of a cycle, so the
 * check is serialised by an advisory lock of the transaction.
 */
Datum
crm_tree_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_tree_check");
	const char *table = RelationGetRelationName(trigdata->tg_relation);
	const char *key;
	const char *parent;
	size_t		count;
	int64	   *keys;
	Datum		argument;

	if (trigdata->tg_trigger->tgnargs != 2)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"crm_tree_check\" needs the names of key and parent as its arguments"),
				 errhint("Run SELECT crm.install() to create the triggers of the CRM.")));
	key = trigdata->tg_trigger->tgargs[0];
	parent = trigdata->tg_trigger->tgargs[1];
	SPI_connect();
	keys = changed_parents(trigdata, key, parent, &count);
	if (count > 0)
	{
		DirectFunctionCall2(pg_advisory_xact_lock_int4,
							Int32GetDatum((int32) RelationRelationId),
							Int32GetDatum((int32) RelationGetRelid(trigdata->tg_relation)));
		argument = crm_int64_array(keys, count);
		if (crm_execute_latest(tree_plan(table, key, parent), &argument) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_CRM_CYCLE),
					 errmsg("%s %lld would be its own ancestor", table,
							(long long) crm_result_int64(0, 1)),
					 errhint("Choose a parent that is not below it."),
					 crm_error_column(table, parent, NULL)));
	}
	SPI_finish();
	return PointerGetDatum(NULL);
}
