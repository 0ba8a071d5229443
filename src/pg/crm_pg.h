/*
 * crm_pg.h
 *		What the files of src/pg share.
 */
#ifndef CRM_PG_H
#define CRM_PG_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/tuplestore.h"

#include "core/crm_status.h"
#include "pg/crm_compat.h"
#include "pg/crm_errors.h"

/* Settings (pg_settings.c) */
typedef enum CrmInstallMode
{
	CRM_INSTALL_AUTO,			/* skip in a restore, else run */
	CRM_INSTALL_ON,
	CRM_INSTALL_OFF
} CrmInstallMode;

extern int	crm_install_mode;
extern bool crm_notify;
extern char *crm_change_note;
extern void crm_settings_init(void);

/* Core status -> SQLSTATE (pg_status.c) */
extern void crm_check_status(CrmStatus status);

/* SPI with saved, generic plans (pg_plan.c) */

#define CRM_PLAN_MAX_ARGS 10

/*
 * A statement that is prepared at its first use in a session and then kept.
 * The plan is always generic: arguments are arrays of unknown length, and a
 * custom plan would be made anew at each call.
 */
typedef struct CrmPlan
{
	const char *sql;			/* the statement, all names qualified */
	int			nargs;
	Oid			argtypes[CRM_PLAN_MAX_ARGS];
	SPIPlanPtr	plan;			/* NULL until first used */
} CrmPlan;

extern uint64 crm_execute(CrmPlan *plan, Datum *values, const char *nulls);
extern uint64 crm_execute_latest(CrmPlan *plan, Datum *values);
extern uint64 crm_execute_snapshot(CrmPlan *plan, Datum *values, const char *nulls, Snapshot snapshot);
extern uint64 crm_execute_own(CrmPlan *plan, Datum *values, const char *own_table);
extern bool crm_is_own_write(Relation relation);
extern Datum crm_result(uint64 row, int column, bool *isnull);
extern int64 crm_result_int64(uint64 row, int column);
extern bool crm_result_bool(uint64 row, int column);
extern Datum crm_int64_array(const int64 *values, size_t count);
extern Datum crm_int64_column(const int64 *rows, size_t count, int cells, int cell);
extern Datum crm_money_column(const int64 *rows, size_t count, int cells, int cell);
extern Datum crm_text_array(char *const *values, size_t count);

/* Rows of a trigger (pg_trigger.c) */

/* Reads a transition table from its start, one row at a time. */
typedef struct CrmRows
{
	Tuplestorestate *store;
	TupleTableSlot *slot;
} CrmRows;

extern TriggerData *crm_trigger_row(FunctionCallInfo fcinfo, const char *name);
extern TriggerData *crm_trigger_guard(FunctionCallInfo fcinfo, const char *name);
extern TriggerData *crm_trigger_statement(FunctionCallInfo fcinfo, const char *name);
extern AttrNumber crm_column(TupleDesc desc, const char *name);
extern void crm_rows_begin(CrmRows *rows, Tuplestorestate *store, TupleDesc desc);
extern bool crm_rows_next(CrmRows *rows);
extern void crm_rows_end(CrmRows *rows);
extern int64 crm_slot_int64(TupleTableSlot *slot, AttrNumber attno);
extern bool crm_slot_bool(TupleTableSlot *slot, AttrNumber attno);
extern bool crm_slot_isnull(TupleTableSlot *slot, AttrNumber attno);
extern char *crm_slot_text(TupleTableSlot *slot, AttrNumber attno);
extern int64 crm_slot_money(TupleTableSlot *slot, AttrNumber attno);
extern bool crm_slots_differ(TupleTableSlot *left, TupleTableSlot *right, AttrNumber attno);
extern bool crm_tuples_differ(HeapTuple old_row, HeapTuple new_row, TupleDesc desc,
							  AttrNumber attno);
extern void crm_error_table(const char *table);
extern void crm_error_column(const char *table, const char *column, const char *constraint);

/* Who acts (pg_identity.c) */
extern const char *crm_actor(void);
extern int64 crm_acting_staff(void);
extern bool crm_has_token(void);
extern int64 crm_token_staff(void);
extern void crm_identity_begin(int64 staff_id);
extern void crm_identity_end(void);

/* What the person who acts may see (pg_scope.c) */
extern bool crm_scope_covers(int64 sales_rep_id, int64 region_id);

/* Exchange rates (pg_currency.c) */
extern Datum crm_currency_rate(Datum currency, Datum at);

/* Outbox (pg_events.c) */
extern int32 crm_event_era(void);
extern void crm_emit_deletions(TriggerData *trigdata, const char *table);

/* Version of the schema against that of the library (pg_install.c) */
extern void crm_require_schema(void);

#endif							/* CRM_PG_H */
