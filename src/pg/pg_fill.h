/*
 * pg_fill.h
 *		Completing NEW in a BEFORE ROW trigger.
 *
 * A fill trigger reads other rows but takes no lock and writes nothing else:
 * it sets what the client left out and refuses what may not change.
 */
#ifndef PG_FILL_H
#define PG_FILL_H

#include "pg/crm_pg.h"

/* Up to this many cells are set in one row. */
#define CRM_FILL_MAX 16

/* The row being completed and the cells set so far. */
typedef struct CrmFill
{
	TriggerData *trigdata;
	TupleDesc	desc;
	HeapTuple	row;			/* NEW as the client sent it */
	bool		is_update;
	int			count;
	int			columns[CRM_FILL_MAX];
	Datum		values[CRM_FILL_MAX];
	bool		nulls[CRM_FILL_MAX];
} CrmFill;

extern void crm_fill_begin(CrmFill *fill, FunctionCallInfo fcinfo, const char *name);
extern Datum crm_fill_get(const CrmFill *fill, const char *column, bool *isnull);
extern bool crm_fill_isnull(const CrmFill *fill, const char *column);
extern int64 crm_fill_int64(const CrmFill *fill, const char *column);
extern bool crm_fill_bool(const CrmFill *fill, const char *column);
extern bool crm_fill_changes(const CrmFill *fill, const char *column);
extern void crm_fill_set(CrmFill *fill, const char *column, Datum value, bool isnull);
extern void crm_fill_default(CrmFill *fill, const char *column, int result_column);
extern void crm_fill_refuse_change(const CrmFill *fill, const char *column, const char *hint);
extern void crm_check_base_rate(const CrmFill *fill, Datum base_currency);
extern Datum crm_fill_end(CrmFill *fill);

#endif							/* PG_FILL_H */
