/*
 * pg_rows.h
 *		Rows by their bigint key, without the executor.
 *
 * Totals and stock change at every order line.  An UPDATE by SPI there would
 * check the foreign keys of a just inserted order once more, read and compile
 * every CHECK of the table and fire triggers that have nothing to do: it costs
 * several times the change itself (test/bench/orders measures it).  So these
 * few maintained columns are written below SPI, as long as nothing that a DBA
 * added to the table has a say in them: crm_rows_allowed() tells.
 *
 * Rows are found with an MVCC snapshot and locked along their update chain,
 * just as SELECT … FOR NO KEY UPDATE does it.
 */
#ifndef PG_ROWS_H
#define PG_ROWS_H

#include "pg/crm_pg.h"

#include "nodes/execnodes.h"

/* A table of ours opened for access by key. */
typedef struct CrmTable
{
	Relation	relation;
	Relation	index;			/* the primary key; one bigint column */
	Snapshot	snapshot;
	TupleTableSlot *slot;		/* the row that was found last */
	EState	   *estate;			/* made when an index entry is needed */
	ResultRelInfo *result;
} CrmTable;

extern bool crm_rows_allowed(Relation relation, const char *const *columns,
							 const char *const *own_checks);
extern void crm_table_open(CrmTable *table, const char *name, LOCKMODE lockmode);
extern bool crm_table_fetch(CrmTable *table, int64 key);
extern bool crm_table_lock(CrmTable *table, int64 key);
extern void crm_table_update(CrmTable *table, int count, int *columns, Datum *values,
							 bool *nulls);
extern void crm_table_insert(CrmTable *table, Datum *values, bool *nulls);
extern void crm_table_close(CrmTable *table);

#endif							/* PG_ROWS_H */
