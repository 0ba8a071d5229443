/*
 * pg_audit.c
 *		The audit: who changed which row of which table, and how.
 *
 * One function serves all tables and events.  It runs as crm_owner, so that
 * nobody needs rights on the log; who acts is taken from the session itself,
 * from where neither a setting nor a SECURITY DEFINER function can move it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"
#include "pg/pg_audit.h"

CRM_FUNCTION_INFO_V1(crm_audit);
CRM_FUNCTION_INFO_V1(crm_audit_guard);
CRM_FUNCTION_INFO_V1(crm_redact_audit);

/* What one firing of the trigger works with. */
typedef struct AuditRun
{
	CrmAuditTable *table;
	CrmAuditLog *log;			/* opened with the first entry */
	bool		is_own_write;	/* then changes of maintained columns do not count */
	CrmAuditColumn **chosen;	/* the columns of the entry in hand */
	int			nchosen;
} AuditRun;

/* Writes chosen columns of a row as a JSON object. */
static Datum
row_values(const AuditRun *run, TupleTableSlot *slot)
{
	CrmJson		json;

	crm_json_begin(&json, run->nchosen);
	for (int i = 0; i < run->nchosen; i++)
		crm_json_key(&json, run->chosen[i]->name, run->chosen[i]->length);
	for (int i = 0; i < run->nchosen; i++)
	{
		int			cell = run->chosen[i]->attno - 1;

		crm_json_value(&json, &run->chosen[i]->type, slot->tts_values[cell], slot->tts_isnull[cell]);
	}
	return crm_json_end(&json);
}

/* Writes the key of a row as a JSON object. */
static Datum
row_key(const CrmAuditTable *table, TupleTableSlot *slot)
{
	CrmJson		json;

	crm_json_begin(&json, table->nkeys);
	for (int i = 0; i < table->nkeys; i++)
		crm_json_key(&json, table->keys[i].name, table->keys[i].length);
	for (int i = 0; i < table->nkeys; i++)
	{
		int			cell = table->keys[i].attno - 1;

		crm_json_value(&json, &table->keys[i].type, slot->tts_values[cell], slot->tts_isnull[cell]);
	}
	return crm_json_end(&json);
}

/* Chooses the columns that are not NULL. */
static void
choose_present(AuditRun *run, TupleTableSlot *slot)
{
	run->nchosen = 0;
	for (int i = 0; i < run->table->ncolumns; i++)
	{
		CrmAuditColumn *column = &run->table->columns[i];

		if (!slot->tts_isnull[column->attno - 1])
			run->chosen[run->nchosen++] = column;
	}
}

/* Chooses the columns that differ. */
static void
choose_changed(AuditRun *run, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	run->nchosen = 0;
	for (int i = 0; i < run->table->ncolumns; i++)
	{
		CrmAuditColumn *column = &run->table->columns[i];

		if ((!run->is_own_write || !column->is_maintained) &&
			crm_slots_differ(old_row, new_row, column->attno))
			run->chosen[run->nchosen++] = column;
	}
}

/* Starts an entry about a row: operation and keys. */
static CrmAuditEntry
begin_entry(const AuditRun *run, const char *operation, TupleTableSlot *slot)
{
	const CrmAuditTable *table = run->table;
	CrmAuditEntry entry = {.operation = operation};
	AttrNumber	customer = table->customer_id;

	if (table->row_id > 0)
	{
		entry.has_row_id = true;
		entry.row_id = DatumGetInt64(slot->tts_values[table->row_id - 1]);
	}
	if (table->nkeys != 1 || table->row_id == 0)
	{
		entry.has_row_key = true;
		entry.row_key = row_key(table, slot);
	}
	if (customer > 0 && !slot->tts_isnull[customer - 1])
	{
		entry.has_customer_id = true;
		entry.customer_id = DatumGetInt64(slot->tts_values[customer - 1]);
	}
	return entry;
}

/* Adds an entry to the log, which the first one opens. */
static MemoryContext
batch_memory(AuditRun *run)
{
	if (run->log == NULL)
		run->log = crm_audit_log_open(run->table->name);
	return crm_audit_log_memory(run->log);
}

/* Logs a row that came or went. */
static void
log_whole(AuditRun *run, const char *operation, TupleTableSlot *slot, bool is_new)
{
	MemoryContext caller = MemoryContextSwitchTo(batch_memory(run));
	CrmAuditEntry entry = begin_entry(run, operation, slot);

	choose_present(run, slot);
	if (is_new)
		entry.new_values = row_values(run, slot);
	else
		entry.old_values = row_values(run, slot);
	entry.has_new = is_new;
	entry.has_old = !is_new;
	MemoryContextSwitchTo(caller);
	crm_audit_log_add(run->log, &entry);
}

/* Tells whether an update gave the row another key. */
static bool
key_differs(const CrmAuditTable *table, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	for (int i = 0; i < table->nkeys; i++)
	{
		if (crm_slots_differ(old_row, new_row, table->keys[i].attno))
			return true;
	}
	return false;
}

/*
 * Logs a changed row, if anything of it that counts has changed.  A row that
 * got another key is logged as one that went and one that came.
 */
static void
log_change(AuditRun *run, TupleTableSlot *old_row, TupleTableSlot *new_row)
{
	MemoryContext caller;
	CrmAuditEntry entry;

	choose_changed(run, old_row, new_row);
	if (run->nchosen == 0)
		return;
	if (key_differs(run->table, old_row, new_row))
	{
		log_whole(run, "delete", old_row, false);
		log_whole(run, "insert", new_row, true);
		return;
	}
	caller = MemoryContextSwitchTo(batch_memory(run));
	entry = begin_entry(run, "update", new_row);
	entry.has_old = true;
	entry.old_values = row_values(run, old_row);
	entry.has_new = true;
	entry.new_values = row_values(run, new_row);
	MemoryContextSwitchTo(caller);
	crm_audit_log_add(run->log, &entry);
}

/* Logs the rows of a transition table. */
static void
log_rows(AuditRun *run, const char *operation, Tuplestorestate *store, TupleDesc desc, bool is_new)
{
	CrmRows		rows;

	crm_rows_begin(&rows, store, desc);
	while (crm_rows_next(&rows))
	{
		slot_getallattrs(rows.slot);
		log_whole(run, operation, rows.slot, is_new);
	}
	crm_rows_end(&rows);
}

/* Logs the rows of an update: both transition tables have them in the same order. */
static void
log_changes(AuditRun *run, TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	CrmRows		old_rows;
	CrmRows		new_rows;

	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&old_rows) && crm_rows_next(&new_rows))
	{
		slot_getallattrs(old_rows.slot);
		slot_getallattrs(new_rows.slot);
		log_change(run, old_rows.slot, new_rows.slot);
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
}

/* Logs that a table was emptied. */
static void
log_truncate(AuditRun *run)
{
	CrmAuditEntry entry = {.operation = "truncate"};

	batch_memory(run);
	crm_audit_log_add(run->log, &entry);
}

/* AFTER INSERT, UPDATE, DELETE or TRUNCATE, FOR EACH STATEMENT: writes the log. */
Datum
crm_audit(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_guard(fcinfo, "crm_audit");
	TriggerEvent event = trigdata->tg_event;
	Relation	relation = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(relation);
	AuditRun	run = {0};

	run.table = crm_audit_table(relation);
	run.is_own_write = crm_is_own_write(relation);
	run.chosen = palloc((run.table->ncolumns + 1) * sizeof(CrmAuditColumn *));
	if (TRIGGER_FIRED_BY_TRUNCATE(event))
		log_truncate(&run);
	else
	{
		(void) crm_trigger_statement(fcinfo, "crm_audit");
		if (TRIGGER_FIRED_BY_INSERT(event))
			log_rows(&run, "insert", trigdata->tg_newtable, desc, true);
		else if (TRIGGER_FIRED_BY_DELETE(event))
			log_rows(&run, "delete", trigdata->tg_oldtable, desc, false);
		else
			log_changes(&run, trigdata);
	}
	if (run.log != NULL)
		crm_audit_log_close(run.log);
	return PointerGetDatum(NULL);
}

/* BEFORE INSERT, UPDATE, DELETE or TRUNCATE of the log: refuses what the audit itself does not do. */
Datum
crm_audit_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_guard(fcinfo, "crm_audit_guard");
	const char *table = RelationGetRelationName(trigdata->tg_relation);

	if (crm_is_own_write(trigdata->tg_relation) &&
		(TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) || TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_CRM_APPEND_ONLY),
				 errmsg("rows of %s are written by triggers only", table),
				 errhint("Change the record itself: what was done to it is logged."),
				 crm_error_table(table)));
	ereport(ERROR,
			(errcode(ERRCODE_CRM_APPEND_ONLY),
			 errmsg("rows of %s cannot be changed or deleted", table),
			 errhint("The log stays as it was written. Personal data are taken out of it when a person is erased."),
			 crm_error_table(table)));
}

/* Replaces the values of keys in the entries about one table, of a customer or of rows. */
static CrmPlan redact = {
	.sql = "UPDATE crm.audit_log l SET "
	"old_values = l.old_values OPERATOR(pg_catalog.||) (SELECT coalesce(pg_catalog.jsonb_object_agg(k.name, 'erased'::text), '{}') "
	"FROM unnest($3) k(name) WHERE l.old_values OPERATOR(pg_catalog.?) k.name), "
	"new_values = l.new_values OPERATOR(pg_catalog.||) (SELECT coalesce(pg_catalog.jsonb_object_agg(k.name, 'erased'::text), '{}') "
	"FROM unnest($3) k(name) WHERE l.new_values OPERATOR(pg_catalog.?) k.name) "
	"WHERE l.table_name OPERATOR(pg_catalog.=) $2 "
	"AND (l.customer_id OPERATOR(pg_catalog.=) $1 OR l.row_id OPERATOR(pg_catalog.=) ANY ($4)) "
	"AND EXISTS (SELECT FROM unnest($3) k(name) "
	"WHERE (l.old_values OPERATOR(pg_catalog.->) k.name) OPERATOR(pg_catalog.<>) '\"erased\"' "
	"OR (l.new_values OPERATOR(pg_catalog.->) k.name) OPERATOR(pg_catalog.<>) '\"erased\"')",
	.nargs = 4,
	.argtypes = {INT8OID, TEXTOID, TEXTARRAYOID, INT8ARRAYOID},
};

/*
 * SQL: crm._redact_audit(customer_id, table_name, column_names, row_ids): the
 * only way to change entries.  Returns the number of entries changed.
 */
Datum
crm_redact_audit(PG_FUNCTION_ARGS)
{
	Datum		values[4];
	uint64		changed;

	for (int i = 0; i < 4; i++)
		values[i] = PG_GETARG_DATUM(i);
	SPI_connect();
	changed = crm_execute_own(&redact, values, "audit_log");
	SPI_finish();
	PG_RETURN_INT64((int64) changed);
}
