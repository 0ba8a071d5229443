/*
 * pg_plan.c
 *		SPI with saved plans, and arrays as their arguments.
 *
 * Triggers hand the keys of a whole statement to SQL as arrays.  A transition
 * table inside a saved plan would be planned for the size of its first use
 * and kept for all others; an array unnested into index look-ups costs the
 * same per row at any size.  (unnest() of several arrays is written without
 * its schema: only so does the parser take it, and it means the core's.)
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/crm_pg.h"

/* The table that a write of our own is changing at this moment, or NULL. */
static const char *own_table_name = NULL;

/* Prepares a statement once a session and keeps its plan. */
static void
prepare(CrmPlan *plan)
{
	SPIPlanPtr	prepared = SPI_prepare_cursor(plan->sql, plan->nargs, plan->argtypes,
											  CURSOR_OPT_GENERIC_PLAN);

	if (prepared == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", plan->sql,
			 SPI_result_code_string(SPI_result));
	SPI_keepplan(prepared);
	plan->plan = prepared;
}

/* Runs a saved statement and returns the number of rows it processed. */
uint64
crm_execute(CrmPlan *plan, Datum *values, const char *nulls)
{
	int			code;

	if (plan->plan == NULL)
		prepare(plan);
	code = SPI_execute_plan(plan->plan, values, nulls, false, 0);
	if (code < 0)
		elog(ERROR, "could not execute \"%s\": %s", plan->sql, SPI_result_code_string(code));
	return SPI_processed;
}

/*
 * Runs a saved query on what is committed by now, whatever the isolation
 * level.  For checks under a lock that says "nobody else can change this any
 * more": a transaction with an older snapshot would not see what was committed
 * before it got the lock, and pass what breaks the rule.
 */
uint64
crm_execute_latest(CrmPlan *plan, Datum *values)
{
	int			code;

	if (plan->plan == NULL)
		prepare(plan);
	code = SPI_execute_snapshot(plan->plan, values, NULL, GetLatestSnapshot(), InvalidSnapshot,
								false, true, 0);
	if (code < 0)
		elog(ERROR, "could not execute \"%s\": %s", plan->sql, SPI_result_code_string(code));
	return SPI_processed;
}

/* Runs a saved query with a snapshot of the caller's; works in parallel mode and on a standby. */
uint64
crm_execute_snapshot(CrmPlan *plan, Datum *values, const char *nulls, Snapshot snapshot)
{
	int			code;

	if (plan->plan == NULL)
		prepare(plan);
	code = SPI_execute_snapshot(plan->plan, values, nulls, snapshot, InvalidSnapshot, true, false, 0);
	if (code < 0)
		elog(ERROR, "could not execute \"%s\": %s", plan->sql, SPI_result_code_string(code));
	return SPI_processed;
}

/*
 * Runs a saved statement that writes maintained columns of a table.  While it
 * runs, crm_is_own_write() is true for that table and for no other, so that
 * triggers of other tables still see a client's write as one.
 */
uint64
crm_execute_own(CrmPlan *plan, Datum *values, const char *own_table)
{
	const char *outer = own_table_name;
	uint64		processed = 0;

	own_table_name = own_table;
	PG_TRY();
	{
		processed = crm_execute(plan, values, NULL);
	}
	PG_FINALLY();
	{
		own_table_name = outer;
	}
	PG_END_TRY();
	return processed;
}

/* Tells whether the firing trigger was caused by a write of our own. */
bool
crm_is_own_write(Relation relation)
{
	return own_table_name != NULL &&
		strcmp(own_table_name, RelationGetRelationName(relation)) == 0;
}

/* Returns a cell of the last result; columns count from 1. */
Datum
crm_result(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* Returns a bigint cell of the last result; NULL counts as 0. */
int64
crm_result_int64(uint64 row, int column)
{
	bool		isnull;
	Datum		value = crm_result(row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* Returns a boolean cell of the last result; NULL counts as false. */
bool
crm_result_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = crm_result(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/* Builds a bigint[] from values. */
Datum
crm_int64_array(const int64 *values, size_t count)
{
	return crm_int64_column(values, count, 1, 0);
}

/* Builds a bigint[] from one cell of each row. */
Datum
crm_int64_column(const int64 *rows, size_t count, int cells, int cell)
{
	Datum	   *elements = palloc_extended((count + 1) * sizeof(Datum), MCXT_ALLOC_HUGE);

	for (size_t i = 0; i < count; i++)
		elements[i] = Int64GetDatum(rows[i * cells + cell]);
	return PointerGetDatum(construct_array(elements, (int) count, INT8OID, 8,
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Builds a numeric[] from one cell of each row, a sum in 1/10,000. */
Datum
crm_money_column(const int64 *rows, size_t count, int cells, int cell)
{
	Datum	   *elements = palloc_extended((count + 1) * sizeof(Datum), MCXT_ALLOC_HUGE);

	for (size_t i = 0; i < count; i++)
		elements[i] = NumericGetDatum(int64_div_fast_to_numeric(rows[i * cells + cell], 4));
	return PointerGetDatum(construct_array(elements, (int) count, NUMERICOID, -1,
										   false, TYPALIGN_INT));
}

/* Builds a text[] from C strings. */
Datum
crm_text_array(char *const *values, size_t count)
{
	Datum	   *elements = palloc_extended((count + 1) * sizeof(Datum), MCXT_ALLOC_HUGE);

	for (size_t i = 0; i < count; i++)
		elements[i] = CStringGetTextDatum(values[i]);
	return PointerGetDatum(construct_array(elements, (int) count, TEXTOID, -1,
										   false, TYPALIGN_INT));
}
