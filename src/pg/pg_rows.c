/*
 * pg_rows.c
 *		Rows by their bigint key, without the executor (see pg_rows.h).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_rows.h"

/* Tells whether a trigger calls a function of this extension. */
static bool
is_own_trigger(const Trigger *trigger)
{
	char	   *name;

	if (trigger->tgisinternal)
		return true;			/* foreign keys: the columns written are in none */
	name = get_func_name(trigger->tgfoid);
	return name != NULL && name[0] == '_' &&
		get_func_namespace(trigger->tgfoid) == get_namespace_oid("crm", true);
}

/* Tells whether a name stands in a list that ends with NULL. */
static bool
in_list(const char *const *list, const char *name)
{
	for (int i = 0; list[i] != NULL; i++)
	{
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

/* Tells whether an expression, as the catalog stores it, reads one of the columns. */
static bool
mentions(const char *expression, TupleDesc desc, const char *const *columns)
{
	for (int i = 0; columns[i] != NULL; i++)
	{
		char		pattern[32];

		snprintf(pattern, sizeof(pattern), ":varattno %d ", crm_column(desc, columns[i]));
		if (strstr(expression, pattern) != NULL)
			return true;
	}
	return strstr(expression, ":varattno 0 ") != NULL;
}

/* Tells whether a CHECK or a generated column of a DBA reads one of the columns. */
static bool
has_foreign_expression(TupleDesc desc, const char *const *columns, const char *const *own_checks)
{
	TupleConstr *constraints = desc->constr;

	if (constraints == NULL)
		return false;
	for (int i = 0; i < constraints->num_check; i++)
	{
		if (!in_list(own_checks, constraints->check[i].ccname) &&
			mentions(constraints->check[i].ccbin, desc, columns))
			return true;
	}
	for (int i = 0; i < constraints->num_defval; i++)
	{
		AttrDefault *value = &constraints->defval[i];

		if (TupleDescAttr(desc, value->adnum - 1)->attgenerated != '\0' &&
			mentions(value->adbin, desc, columns))
			return true;
	}
	return false;
}

/*
 * Tells whether the columns of a table may be written below SPI: no trigger of
 * a DBA fires for it, and no CHECK or generated column of a DBA reads them.
 * own_checks are the CHECKs of ours on these columns, which the caller keeps.
 */
bool
crm_rows_allowed(Relation relation, const char *const *columns, const char *const *own_checks)
{
	TriggerDesc *triggers = relation->trigdesc;

	if (relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_rel->relispartition)
		return false;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgenabled != TRIGGER_DISABLED && !is_own_trigger(trigger))
			return false;
	}
	return !has_foreign_expression(RelationGetDescr(relation), columns, own_checks);
}

/* Opens a table of schema crm; sees what this transaction has written so far. */
void
crm_table_open(CrmTable *table, const char *name, LOCKMODE lockmode)
{
	Oid			relid = get_relname_relid(name, get_namespace_oid("crm", false));

	memset(table, 0, sizeof(*table));
	table->relation = table_open(relid, lockmode);
	(void) RelationGetIndexList(table->relation);
	table->index = index_open(table->relation->rd_pkindex, lockmode);
	table->slot = table_slot_create(table->relation, NULL);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	table->snapshot = GetActiveSnapshot();
}

/* Finds a row by its key, as the snapshot sees it; the slot then holds it. */
bool
crm_table_fetch(CrmTable *table, int64 key)
{
	ScanKeyData scankey;
	IndexScanDesc scan;
	bool		found;

	ScanKeyInit(&scankey, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key));
	scan = crm_index_beginscan(table->relation, table->index, table->snapshot, 1);
	index_rescan(scan, &scankey, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, table->slot);
	if (found)
		ExecMaterializeSlot(table->slot);
	index_endscan(scan);
	return found;
}

/* Raises what a client of a serialising isolation level has to expect. */
static void
raise_concurrent_update(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errhint("Repeat the transaction.")));
}

/*
 * Finds a row by its key and locks its newest version, as FOR NO KEY UPDATE
 * does; the slot then holds that version.  False if there is none.
 */
bool
crm_table_lock(CrmTable *table, int64 key)
{
	uint8		flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
	ItemPointerData tid;
	TM_FailureData failure;
	TM_Result	result;

	CHECK_FOR_INTERRUPTS();
	if (!crm_table_fetch(table, key))
		return false;
	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	tid = table->slot->tts_tid;
	result = table_tuple_lock(table->relation, &tid, table->snapshot, table->slot,
							  GetCurrentCommandId(false), LockTupleNoKeyExclusive,
							  LockWaitBlock, flags, &failure);
	switch (result)
	{
		case TM_Ok:
			return true;
		case TM_Updated:
			raise_concurrent_update();
			break;
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				raise_concurrent_update();
			return false;
		default:
			elog(ERROR, "unexpected result %d of locking a row of %s", (int) result,
				 RelationGetRelationName(table->relation));
	}
	return false;
}

/* Makes what the insertion of index entries needs. */
static void
open_indexes(CrmTable *table)
{
	if (table->estate != NULL)
		return;
	table->estate = CreateExecutorState();
	table->result = makeNode(ResultRelInfo);
	InitResultRelInfo(table->result, table->relation, 1, NULL, 0);
	ExecOpenIndices(table->result, false);
}

/* Sets columns of the row that crm_table_lock() found; up to 8 where no nulls are given. */
void
crm_table_update(CrmTable *table, int count, int *columns, Datum *values, bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(table->relation);
	ItemPointerData tid = table->slot->tts_tid;
	bool		no_nulls[8] = {0};
	bool		free_tuple;
	CrmIndexUpdate index_update;
	HeapTuple	old_row = ExecFetchSlotHeapTuple(table->slot, false, &free_tuple);
	HeapTuple	new_row = heap_modify_tuple_by_cols(old_row, desc, count, columns, values,
												  nulls ? nulls : no_nulls);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);

	ExecStoreHeapTuple(new_row, slot, false);
	simple_table_tuple_update(table->relation, &tid, slot, table->snapshot, &index_update);
	if (crm_needs_index_entries(index_update))
	{
		open_indexes(table);
		crm_insert_index_entries(table->result, slot, table->estate, index_update);
		ResetPerTupleExprContext(table->estate);
	}
	ExecDropSingleTupleTableSlot(slot);
	if (free_tuple)
		pfree(old_row);
}

/* Inserts a row with its index entries; the caller has checked its values. */
void
crm_table_insert(CrmTable *table, Datum *values, bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(table->relation);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);

	ExecStoreHeapTuple(heap_form_tuple(desc, values, nulls), slot, true);
	open_indexes(table);
	simple_table_tuple_insert(table->relation, slot);
	crm_insert_index_entries(table->result, slot, table->estate, CRM_ALL_INDEXES);
	ResetPerTupleExprContext(table->estate);
	ExecDropSingleTupleTableSlot(slot);
}

/* Closes a table; its locks stay to the end of the transaction. */
void
crm_table_close(CrmTable *table)
{
	if (table->estate != NULL)
	{
		ExecCloseIndices(table->result);
		FreeExecutorState(table->estate);
	}
	PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(table->slot);
	index_close(table->index, NoLock);
	table_close(table->relation, NoLock);
}
