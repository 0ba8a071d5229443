/*
 * pg_trigger.c
 *		Rows of triggers: protocol checks, transition tables, typed cells.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/numeric.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"

/* Amounts are numeric(18,4): in C they are counted in 1/10,000. */
#define MONEY_UNITS 10000

/* Checks that a function was called as a trigger. */
static TriggerData *
trigger_data(FunctionCallInfo fcinfo, const char *name)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" can only be called as a trigger", name)));
	return (TriggerData *) fcinfo->context;
}

/* Checks that a function was called BEFORE … FOR EACH ROW. */
TriggerData *
crm_trigger_row(FunctionCallInfo fcinfo, const char *name)
{
	TriggerData *trigdata = trigger_data(fcinfo, name);

	if (!TRIGGER_FIRED_BEFORE(trigdata->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired BEFORE, FOR EACH ROW", name)));
	return trigdata;
}

/* Checks that a function was called FOR EACH STATEMENT, before or after it. */
TriggerData *
crm_trigger_guard(FunctionCallInfo fcinfo, const char *name)
{
	TriggerData *trigdata = trigger_data(fcinfo, name);

	if (!TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired FOR EACH STATEMENT", name)));
	crm_require_schema();
	return trigdata;
}

/* Checks that a function was called FOR EACH STATEMENT with the transition tables of the event. */
TriggerData *
crm_trigger_statement(FunctionCallInfo fcinfo, const char *name)
{
	TriggerData *trigdata = crm_trigger_guard(fcinfo, name);
	bool		has_old = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) || trigdata->tg_oldtable != NULL;
	bool		has_new = TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) || trigdata->tg_newtable != NULL;

	if (!has_old || !has_new)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired with transition tables", name),
				 errhint("Run SELECT crm.install() to create the triggers of the CRM.")));
	return trigdata;
}

/* Finds a column by name: its number may differ after a restore. */
AttrNumber
crm_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return (AttrNumber) (i + 1);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" is missing", name),
			 errhint("Run SELECT * FROM crm.health() to see what differs from the installed schema.")));
}

/* Starts to read a transition table; store may be NULL (no such table). */
void
crm_rows_begin(CrmRows *rows, Tuplestorestate *store, TupleDesc desc)
{
	rows->store = store;
	rows->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	if (store != NULL)
	{
		tuplestore_select_read_pointer(store, 0);
		tuplestore_rescan(store);
	}
}

/* Moves to the next row; false at the end. */
bool
crm_rows_next(CrmRows *rows)
{
	CHECK_FOR_INTERRUPTS();
	if (rows->store == NULL)
		return false;
	return tuplestore_gettupleslot(rows->store, true, false, rows->slot);
}

/* Frees what crm_rows_begin() made. */
void
crm_rows_end(CrmRows *rows)
{
	ExecDropSingleTupleTableSlot(rows->slot);
}

/*
 * Refuses to read a column whose type a DBA has changed: its values would be
 * taken for something else.
 */
static Oid
check_type(TupleTableSlot *slot, AttrNumber attno, Oid wanted, Oid also_wanted)
{
	Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor, attno - 1);

	if (attribute->atttypid != wanted && attribute->atttypid != also_wanted)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" is of type %s, not %s", NameStr(attribute->attname),
						format_type_be(attribute->atttypid), format_type_be(wanted)),
				 errhint("Give the column back its type with ALTER TABLE.")));
	return attribute->atttypid;
}

/* Returns a bigint or integer cell; NULL counts as 0. */
int64
crm_slot_int64(TupleTableSlot *slot, AttrNumber attno)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, attno, &isnull);

	Oid			type = check_type(slot, attno, INT8OID, INT4OID);

	if (isnull)
		return 0;
	return type == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
}

/* Returns a boolean cell; NULL counts as false. */
bool
crm_slot_bool(TupleTableSlot *slot, AttrNumber attno)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, attno, &isnull);

	check_type(slot, attno, BOOLOID, BOOLOID);
	return !isnull && DatumGetBool(value);
}

/* Tells whether a cell is NULL. */
bool
crm_slot_isnull(TupleTableSlot *slot, AttrNumber attno)
{
	bool		isnull;

	(void) slot_getattr(slot, attno, &isnull);
	return isnull;
}

/* Returns a copy of a text cell; NULL stays NULL. */
char *
crm_slot_text(TupleTableSlot *slot, AttrNumber attno)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, attno, &isnull);

	check_type(slot, attno, TEXTOID, VARCHAROID);
	return isnull ? NULL : TextDatumGetCString(value);
}

/* Returns an amount in 1/10,000; NULL counts as 0. */
int64
crm_slot_money(TupleTableSlot *slot, AttrNumber attno)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, attno, &isnull);
	Datum		units;

	check_type(slot, attno, NUMERICOID, NUMERICOID);
	if (isnull)
		return 0;
	units = DirectFunctionCall2(numeric_mul, value,
								NumericGetDatum(int64_to_numeric(MONEY_UNITS)));
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, units));
}

/* Tells whether a cell differs between two rows of the same table. */
bool
crm_slots_differ(TupleTableSlot *left, TupleTableSlot *right, AttrNumber attno)
{
	Form_pg_attribute attribute = TupleDescAttr(left->tts_tupleDescriptor, attno - 1);
	bool		left_null;
	bool		right_null;
	Datum		left_value = slot_getattr(left, attno, &left_null);
	Datum		right_value = slot_getattr(right, attno, &right_null);

	if (left_null || right_null)
		return left_null != right_null;
	return !datum_image_eq(left_value, right_value, attribute->attbyval, attribute->attlen);
}

/* Tells whether a cell differs between two versions of a row. */
bool
crm_tuples_differ(HeapTuple old_row, HeapTuple new_row, TupleDesc desc, AttrNumber attno)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, attno - 1);
	bool		old_null;
	bool		new_null;
	Datum		old_value = heap_getattr(old_row, attno, desc, &old_null);
	Datum		new_value = heap_getattr(new_row, attno, desc, &new_null);

	if (old_null || new_null)
		return old_null != new_null;
	return !datum_image_eq(old_value, new_value, attribute->attbyval, attribute->attlen);
}

/* Adds the table to the error that is being reported. */
void
crm_error_table(const char *table)
{
	err_generic_string(PG_DIAG_SCHEMA_NAME, "crm");
	err_generic_string(PG_DIAG_TABLE_NAME, table);
}

/* Adds table, column and the rule's stable name to the error being reported. */
void
crm_error_column(const char *table, const char *column, const char *constraint)
{
	crm_error_table(table);
	if (column != NULL)
		err_generic_string(PG_DIAG_COLUMN_NAME, column);
	if (constraint != NULL)
		err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint);
}
