/*
 * pg_stamp.c
 *		created_*, updated_* and row_version: who changed a row, when, how often.
 *
 * The trigger's arguments are the name of the primary key's column and then
 * the maintained columns of the table.  Changes of maintained columns alone
 * (stock, totals) are not changes of the record: they stamp nothing.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_stamp);

/* The shared columns, as they stand in one table. */
typedef struct StampColumns
{
	int			created_at;
	int			created_by;
	int			updated_at;
	int			updated_by;
	int			row_version;
} StampColumns;

/* Up to this many columns change in one stamp. */
#define MAX_STAMPS 5

/* Cells that the stamp will set in NEW. */
typedef struct Stamp
{
	int			count;
	int			columns[MAX_STAMPS];
	Datum		values[MAX_STAMPS];
	bool		nulls[MAX_STAMPS];
} Stamp;

/* Finds the shared columns of a table. */
static StampColumns
find_columns(TupleDesc desc)
{
	StampColumns columns = {
		.created_at = crm_column(desc, "created_at"),
		.created_by = crm_column(desc, "created_by"),
		.updated_at = crm_column(desc, "updated_at"),
		.updated_by = crm_column(desc, "updated_by"),
		.row_version = crm_column(desc, "row_version"),
	};

	return columns;
}

/* Notes that a column is to be set. */
static void
set_cell(Stamp *stamp, int column, Datum value)
{
	stamp->columns[stamp->count] = column;
	stamp->values[stamp->count] = value;
	stamp->nulls[stamp->count] = false;
	stamp->count++;
}

/* Returns the text of a column of a heap tuple, or NULL. */
static char *
text_cell(HeapTuple tuple, int column, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Sets a name column to the actor unless it holds that name already. */
static void
set_actor(Stamp *stamp, HeapTuple tuple, int column, TupleDesc desc)
{
	char	   *present = text_cell(tuple, column, desc);

	if (present == NULL || strcmp(present, crm_actor()) != 0)
		set_cell(stamp, column, CStringGetTextDatum(crm_actor()));
}

/* Tells whether the trigger's arguments name a column as maintained. */
static bool
is_maintained(const Trigger *trigger, const char *column)
{
	for (int i = 1; i < trigger->tgnargs; i++)
	{
		if (strcmp(trigger->tgargs[i], column) == 0)
			return true;
	}
	return false;
}

/* Tells whether a client changed anything that counts as a change of the record. */
static bool
record_differs(TriggerData *trigdata, const StampColumns *shared)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);

	for (int column = 1; column <= desc->natts; column++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, column - 1);

		if (attribute->attisdropped || attribute->attgenerated != '\0' ||
			column == shared->created_at || column == shared->created_by ||
			column == shared->updated_at || column == shared->updated_by ||
			column == shared->row_version ||
			!crm_tuples_differ(trigdata->tg_trigtuple, trigdata->tg_newtuple, desc, column))
			continue;
		if (!is_maintained(trigdata->tg_trigger, NameStr(attribute->attname)))
			return true;
	}
	return false;
}

/* Refuses a change of the primary key: OLD and NEW are paired by it elsewhere. */
static void
check_key(TriggerData *trigdata)
{
	Relation	relation = trigdata->tg_relation;
	const char *key = trigdata->tg_trigger->tgargs[0];
	int			column = crm_column(RelationGetDescr(relation), key);

	if (!crm_tuples_differ(trigdata->tg_trigtuple, trigdata->tg_newtuple,
					  RelationGetDescr(relation), column))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_MAINTAINED_COLUMN),
			 errmsg("the key of %s cannot be changed", RelationGetRelationName(relation)),
			 errhint("Insert a new row instead."),
			 crm_error_column(RelationGetRelationName(relation), key, NULL)));
}

/* Refuses an update without a version: it would pass for one made for any. */
static void
raise_no_version(Relation relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"row_version\" of relation \"%s\" violates not-null constraint",
					RelationGetRelationName(relation)),
			 errhint("Leave row_version out, or send the one that was read."),
			 crm_error_column(RelationGetRelationName(relation), "row_version", NULL)));
}

/* Refuses an update that was prepared against an older version of the row. */
static void
check_version(Relation relation, int64 stored, int64 sent)
{
	if (sent == stored || sent == stored + 1)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_VERSION_CONFLICT),
			 errmsg("the row of %s was changed meanwhile", RelationGetRelationName(relation)),
			 errdetail("The stored row_version is %lld, the update was made for %lld.",
					   (long long) stored, (long long) sent),
			 errhint("Read the row again and repeat the change."),
			 crm_error_column(RelationGetRelationName(relation), "row_version", NULL)));
}

/* Stamps a new row. */
static void
stamp_insert(TriggerData *trigdata, const StampColumns *shared, Stamp *stamp)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	bool		isnull;
	Datum		version = heap_getattr(trigdata->tg_trigtuple, shared->row_version, desc, &isnull);

	set_actor(stamp, trigdata->tg_trigtuple, shared->created_by, desc);
	set_actor(stamp, trigdata->tg_trigtuple, shared->updated_by, desc);
	if (isnull || DatumGetInt64(version) != 1)
		set_cell(stamp, shared->row_version, Int64GetDatum(1));
}

/* Stamps a changed row; what the client sent for the shared columns is ignored. */
static void
stamp_update(TriggerData *trigdata, const StampColumns *shared, Stamp *stamp)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	HeapTuple	old_row = trigdata->tg_trigtuple;
	bool		isnull;
	int64		stored = DatumGetInt64(heap_getattr(old_row, shared->row_version, desc, &isnull));
	Datum		sent = heap_getattr(trigdata->tg_newtuple, shared->row_version, desc, &isnull);
	bool		changed = record_differs(trigdata, shared);

	if (isnull)
		raise_no_version(trigdata->tg_relation);
	if (changed)
		check_version(trigdata->tg_relation, stored, DatumGetInt64(sent));
	set_cell(stamp, shared->created_at, heap_getattr(old_row, shared->created_at, desc, &isnull));
	set_cell(stamp, shared->created_by, heap_getattr(old_row, shared->created_by, desc, &isnull));
	if (changed)
	{
		set_cell(stamp, shared->updated_at,
				 TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
		set_cell(stamp, shared->updated_by, CStringGetTextDatum(crm_actor()));
		set_cell(stamp, shared->row_version, Int64GetDatum(stored + 1));
	}
	else
	{
		set_cell(stamp, shared->updated_at, heap_getattr(old_row, shared->updated_at, desc, &isnull));
		set_cell(stamp, shared->updated_by, heap_getattr(old_row, shared->updated_by, desc, &isnull));
		set_cell(stamp, shared->row_version, Int64GetDatum(stored));
	}
}

/* BEFORE INSERT OR UPDATE, FOR EACH ROW: stamps NEW and touches nothing else. */
Datum
crm_stamp(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_row(fcinfo, "crm_stamp");
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	StampColumns shared = find_columns(desc);
	HeapTuple	row = trigdata->tg_trigtuple;
	Stamp		stamp = {0};

	if (trigdata->tg_trigger->tgnargs < 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"crm_stamp\" needs the name of the key as its argument"),
				 errhint("Run SELECT crm.install() to create the triggers of the CRM.")));
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		row = trigdata->tg_newtuple;
		check_key(trigdata);
		if (crm_is_own_write(trigdata->tg_relation))
			return PointerGetDatum(row);
		stamp_update(trigdata, &shared, &stamp);
	}
	else
		stamp_insert(trigdata, &shared, &stamp);

	if (stamp.count > 0)
		row = heap_modify_tuple_by_cols(row, desc, stamp.count, stamp.columns,
										stamp.values, stamp.nulls);
	return PointerGetDatum(row);
}
