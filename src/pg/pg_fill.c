/*
 * pg_fill.c
 *		What helps the BEFORE ROW triggers complete NEW (see pg_fill.h).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"
#include "pg/pg_fill.h"

/* Starts to complete the row that a trigger was fired for. */
void
crm_fill_begin(CrmFill *fill, FunctionCallInfo fcinfo, const char *name)
{
	memset(fill, 0, sizeof(*fill));
	fill->trigdata = crm_trigger_row(fcinfo, name);
	fill->desc = RelationGetDescr(fill->trigdata->tg_relation);
	fill->is_update = TRIGGER_FIRED_BY_UPDATE(fill->trigdata->tg_event);
	fill->row = fill->is_update ? fill->trigdata->tg_newtuple : fill->trigdata->tg_trigtuple;
}

/* Returns a cell of NEW as it stands so far. */
Datum
crm_fill_get(const CrmFill *fill, const char *column, bool *isnull)
{
	int			attno = crm_column(fill->desc, column);

	for (int i = 0; i < fill->count; i++)
	{
		if (fill->columns[i] == attno)
		{
			*isnull = fill->nulls[i];
			return fill->values[i];
		}
	}
	return heap_getattr(fill->row, attno, fill->desc, isnull);
}

/* Tells whether a cell of NEW is NULL. */
bool
crm_fill_isnull(const CrmFill *fill, const char *column)
{
	bool		isnull;

	(void) crm_fill_get(fill, column, &isnull);
	return isnull;
}

/* Returns a bigint cell of NEW; NULL counts as 0. */
int64
crm_fill_int64(const CrmFill *fill, const char *column)
{
	bool		isnull;
	Datum		value = crm_fill_get(fill, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* Returns a boolean cell of NEW; NULL counts as false. */
bool
crm_fill_bool(const CrmFill *fill, const char *column)
{
	bool		isnull;
	Datum		value = crm_fill_get(fill, column, &isnull);

	return !isnull && DatumGetBool(value);
}

/* Tells whether an UPDATE changes a column. */
bool
crm_fill_changes(const CrmFill *fill, const char *column)
{
	return fill->is_update &&
		crm_tuples_differ(fill->trigdata->tg_trigtuple, fill->row, fill->desc,
						  crm_column(fill->desc, column));
}

/* Sets a cell of NEW; a later value replaces an earlier one. */
void
crm_fill_set(CrmFill *fill, const char *column, Datum value, bool isnull)
{
	int			attno = crm_column(fill->desc, column);
	int			i = 0;

	while (i < fill->count && fill->columns[i] != attno)
		i++;
	Assert(i < CRM_FILL_MAX);
	fill->columns[i] = attno;
	fill->values[i] = value;
	fill->nulls[i] = isnull;
	if (i == fill->count)
		fill->count++;
}

/* Sets a cell of NEW from the last query's first row if the client left it NULL. */
void
crm_fill_default(CrmFill *fill, const char *column, int result_column)
{
	bool		isnull;
	Datum		value;
	Form_pg_attribute attribute;

	if (!crm_fill_isnull(fill, column))
		return;
	value = crm_result(0, result_column, &isnull);
	if (isnull)
		return;
	attribute = TupleDescAttr(fill->desc, crm_column(fill->desc, column) - 1);
	crm_fill_set(fill, column, SPI_datumTransfer(value, attribute->attbyval, attribute->attlen),
				 false);
}

/* Refuses the change of a column that a rule freezes after the insert. */
void
crm_fill_refuse_change(const CrmFill *fill, const char *column, const char *hint)
{
	const char *table = RelationGetRelationName(fill->trigdata->tg_relation);

	if (!crm_fill_changes(fill, column))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_MAINTAINED_COLUMN),
			 errmsg("%s.%s cannot be changed", table, column),
			 errhint("%s", hint),
			 crm_error_column(table, column, NULL)));
}

/* Returns NEW with all cells that were set. */
Datum
crm_fill_end(CrmFill *fill)
{
	if (fill->count == 0)
		return PointerGetDatum(fill->row);
	return PointerGetDatum(heap_modify_tuple_by_cols(fill->row, fill->desc, fill->count,
													 fill->columns, fill->values, fill->nulls));
}
