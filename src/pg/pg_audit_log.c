/*
 * pg_audit_log.c
 *		Appending to crm.audit_log, in batches of bounded memory.
 *
 * Entries are written below SPI as long as the table is as we made it (see
 * pg_rows.h for the reasons), otherwise by an INSERT, where whatever a DBA
 * added has its say.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "pg/crm_pg.h"
#include "pg/pg_audit.h"
#include "pg/pg_rows.h"

/* A batch is written when it has so many entries or takes so much memory. */
#define BATCH_ENTRIES 1000
#define BATCH_BYTES (1024 * 1024)

/* The columns of crm.audit_log in their order, and its CHECKs. */
enum
{
	LOG_ID,
	LOG_LOGGED_AT,
	LOG_TRANSACTION_ID,
	LOG_LOGIN,
	LOG_ROLE,
	LOG_STAFF_ID,
	LOG_APPLICATION,
	LOG_TABLE_NAME,
	LOG_OPERATION,
	LOG_ROW_ID,
	LOG_ROW_KEY,
	LOG_CUSTOMER_ID,
	LOG_OLD_VALUES,
	LOG_NEW_VALUES,
	LOG_COLUMNS
};
static const char *const log_columns[LOG_COLUMNS + 1] = {
	"audit_log_id", "logged_at", "transaction_id", "login", "role", "staff_id", "application",
	"table_name", "operation", "row_id", "row_key", "customer_id", "old_values", "new_values", NULL
};
static const char *const log_checks[] = {
	"audit_log_operation_check", "audit_log_row_check", "audit_log_length_check", NULL
};

/* What is known of the log's table, until it changes. */
static struct
{
	bool		is_valid;
	Oid			relation;
	Oid			sequence;		/* of its identity */
	bool		is_plain;		/* as we made it */
} known;

struct CrmAuditLog
{
	Relation	relation;
	MemoryContext home;			/* lives as long as the log is open */
	MemoryContext batch;		/* what the entries hold; emptied when they are written */
	int			count;
	Datum		fixed[LOG_COLUMNS]; /* the cells that all entries share */
	bool		is_null[LOG_COLUMNS];
	TupleTableSlot **slots;
	int			nslots;
	EState	   *estate;
	ResultRelInfo *result;
	CrmAuditEntry *entries;		/* of the way through SPI */
};

/* The arrays that write_entries takes. */
enum
{
	ARRAY_OPERATION,
	ARRAY_ROW_ID,
	ARRAY_ROW_KEY,
	ARRAY_CUSTOMER_ID,
	ARRAY_OLD_VALUES,
	ARRAY_NEW_VALUES,
	ARRAYS
};

static CrmPlan write_entries = {
	.sql = "INSERT INTO crm.audit_log (login, role, staff_id, application, table_name, operation, row_id, row_key, "
	"customer_id, old_values, new_values) "
	"SELECT SESSION_USER, $1, NULLIF($2, 0), NULLIF($3, ''), $4, d.operation, d.row_id, d.row_key, d.customer_id, d.old_values, d.new_values "
	"FROM unnest($5, $6, $7, $8, $9, $10) d(operation, row_id, row_key, customer_id, old_values, new_values)",
	.nargs = 10,
	.argtypes = {TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTARRAYOID, INT8ARRAYOID, JSONBARRAYOID, INT8ARRAYOID,
	JSONBARRAYOID, JSONBARRAYOID},
};

/* Notes that the log's table has to be looked at anew. */
static void
forget_log(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == known.relation)
		known.is_valid = false;
}

/* Tells whether entries can be written below SPI: the table is as we made it. */
static bool
log_is_plain(Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);
	const TriggerDesc *triggers = relation->trigdesc;

	if (desc->natts != LOG_COLUMNS)
		return false;
	for (int i = 0; i < LOG_COLUMNS; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), log_columns[i]) != 0)
			return false;
	}
	/* A foreign key or a deferrable key of a DBA. */
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (triggers->triggers[i].tgisinternal)
			return false;
	}
	return OidIsValid(known.sequence) && crm_rows_allowed(relation, log_columns, log_checks);
}

/* Opens the log's table and looks at it if it has changed. */
static Relation
open_relation(void)
{
	static bool is_watching = false;
	Oid			relid = get_relname_relid("audit_log", get_namespace_oid("crm", false));
	Relation	relation;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table crm.audit_log is missing"),
				 errhint("Run SELECT crm.install() to create it.")));
	if (!is_watching)
	{
		CacheRegisterRelcacheCallback(forget_log, (Datum) 0);
		is_watching = true;
	}
	relation = table_open(relid, RowExclusiveLock);
	if (!known.is_valid || known.relation != relid)
	{
		known.relation = relid;
		known.is_valid = true;
		known.is_plain = false;
		known.sequence = TupleDescAttr(RelationGetDescr(relation), LOG_ID)->attidentity == '\0'
			? InvalidOid : crm_identity_sequence(relation, LOG_ID + 1);
		known.is_plain = log_is_plain(relation);
	}
	return relation;
}

/* Sets a text that all entries share. */
static void
set_text(CrmAuditLog *log, int column, const char *value)
{
	log->fixed[column] = CStringGetTextDatum(value);
}

/* Sets who writes, when, about which table. */
static void
set_fixed_cells(CrmAuditLog *log, const char *table_name)
{
	int64		staff_id = crm_acting_staff();

	log->fixed[LOG_LOGGED_AT] = TimestampTzGetDatum(GetCurrentTimestamp());
	log->fixed[LOG_TRANSACTION_ID] =
		Int64GetDatum((int64) U64FromFullTransactionId(GetTopFullTransactionId()));
	set_text(log, LOG_LOGIN, GetUserNameFromId(GetSessionUserId(), false));
	set_text(log, LOG_ROLE, GetUserNameFromId(GetOuterUserId(), false));
	log->fixed[LOG_STAFF_ID] = Int64GetDatum(staff_id);
	log->is_null[LOG_STAFF_ID] = staff_id == 0;
	set_text(log, LOG_APPLICATION, application_name == NULL ? "" : application_name);
	log->is_null[LOG_APPLICATION] = application_name == NULL || application_name[0] == '\0';
	set_text(log, LOG_TABLE_NAME, table_name);
}

/* Starts to write entries about a table. */
CrmAuditLog *
crm_audit_log_open(const char *table_name)
{
	CrmAuditLog *log = palloc0(sizeof(CrmAuditLog));

	log->home = CurrentMemoryContext;
	set_fixed_cells(log, table_name);
	log->relation = open_relation();
	log->batch = AllocSetContextCreate(CurrentMemoryContext, "crm audit batch",
									   ALLOCSET_DEFAULT_SIZES);
	if (!known.is_plain)
	{
		log->entries = palloc(BATCH_ENTRIES * sizeof(CrmAuditEntry));
		return log;
	}
	log->slots = palloc(BATCH_ENTRIES * sizeof(TupleTableSlot *));
	log->estate = CreateExecutorState();
	log->result = makeNode(ResultRelInfo);
	InitResultRelInfo(log->result, log->relation, 1, NULL, 0);
	ExecOpenIndices(log->result, false);
	return log;
}

/* Returns the memory that the values of entries have to be in. */
MemoryContext
crm_audit_log_memory(CrmAuditLog *log)
{
	return log->batch;
}

/* Writes the batch below SPI. */
static void
flush_slots(CrmAuditLog *log)
{
	table_multi_insert(log->relation, log->slots, log->count, GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < log->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		crm_insert_index_entries(log->result, log->slots[i], log->estate, CRM_ALL_INDEXES);
		ResetPerTupleExprContext(log->estate);
		ExecClearTuple(log->slots[i]);
	}
}

/* Builds an array of the cells of a batch. */
static Datum
entry_array(Datum *values, bool *nulls, int count, Oid type)
{
	int			lower = 1;
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower, type, length,
											  by_value, align));
}

/* Writes the batch by SPI. */
static void
flush_entries(CrmAuditLog *log)
{
	static const Oid types[ARRAYS] = {TEXTOID, INT8OID, JSONBOID, INT8OID, JSONBOID, JSONBOID};
	Datum	   *cells[ARRAYS];
	bool	   *nulls[ARRAYS];
	Datum		values[4 + ARRAYS];

	for (int array = 0; array < ARRAYS; array++)
	{
		cells[array] = palloc0(log->count * sizeof(Datum));
		nulls[array] = palloc0(log->count * sizeof(bool));
	}
	for (int i = 0; i < log->count; i++)
	{
		const CrmAuditEntry *entry = &log->entries[i];

		cells[ARRAY_OPERATION][i] = CStringGetTextDatum(entry->operation);
		cells[ARRAY_ROW_ID][i] = Int64GetDatum(entry->row_id);
		nulls[ARRAY_ROW_ID][i] = !entry->has_row_id;
		cells[ARRAY_ROW_KEY][i] = entry->row_key;
		nulls[ARRAY_ROW_KEY][i] = !entry->has_row_key;
		cells[ARRAY_CUSTOMER_ID][i] = Int64GetDatum(entry->customer_id);
		nulls[ARRAY_CUSTOMER_ID][i] = !entry->has_customer_id;
		cells[ARRAY_OLD_VALUES][i] = entry->old_values;
		nulls[ARRAY_OLD_VALUES][i] = !entry->has_old;
		cells[ARRAY_NEW_VALUES][i] = entry->new_values;
		nulls[ARRAY_NEW_VALUES][i] = !entry->has_new;
	}
	memcpy(values, log->fixed + LOG_ROLE, 4 * sizeof(Datum));
	for (int array = 0; array < ARRAYS; array++)
		values[4 + array] = entry_array(cells[array], nulls[array], log->count, types[array]);
	SPI_connect();
	crm_execute_own(&write_entries, values, "audit_log");
	SPI_finish();
}

/* Writes what has been collected. */
static void
flush(CrmAuditLog *log)
{
	MemoryContext caller;

	if (log->count == 0)
		return;
	caller = MemoryContextSwitchTo(log->batch);
	if (log->entries == NULL)
		flush_slots(log);
	else
		flush_entries(log);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(log->batch);
	log->count = 0;
}

/* Returns the next empty slot. */
static TupleTableSlot *
next_slot(CrmAuditLog *log)
{
	MemoryContext caller;

	if (log->count == log->nslots)
	{
		caller = MemoryContextSwitchTo(log->home);
		log->slots[log->nslots++] = table_slot_create(log->relation, NULL);
		MemoryContextSwitchTo(caller);
	}
	return log->slots[log->count];
}

/* Puts an entry into a slot. */
static void
fill_slot(CrmAuditLog *log, TupleTableSlot *slot, const CrmAuditEntry *entry)
{
	memcpy(slot->tts_values, log->fixed, sizeof(log->fixed));
	memcpy(slot->tts_isnull, log->is_null, sizeof(log->is_null));
	slot->tts_values[LOG_ID] = Int64GetDatum(nextval_internal(known.sequence, false));
	slot->tts_values[LOG_OPERATION] = CStringGetTextDatum(entry->operation);
	slot->tts_values[LOG_ROW_ID] = Int64GetDatum(entry->row_id);
	slot->tts_isnull[LOG_ROW_ID] = !entry->has_row_id;
	slot->tts_values[LOG_ROW_KEY] = entry->row_key;
	slot->tts_isnull[LOG_ROW_KEY] = !entry->has_row_key;
	slot->tts_values[LOG_CUSTOMER_ID] = Int64GetDatum(entry->customer_id);
	slot->tts_isnull[LOG_CUSTOMER_ID] = !entry->has_customer_id;
	slot->tts_values[LOG_OLD_VALUES] = entry->old_values;
	slot->tts_isnull[LOG_OLD_VALUES] = !entry->has_old;
	slot->tts_values[LOG_NEW_VALUES] = entry->new_values;
	slot->tts_isnull[LOG_NEW_VALUES] = !entry->has_new;
	ExecStoreVirtualTuple(slot);
}

/* Adds an entry, whose values lie in crm_audit_log_memory(). */
void
crm_audit_log_add(CrmAuditLog *log, const CrmAuditEntry *entry)
{
	MemoryContext caller = MemoryContextSwitchTo(log->batch);

	if (log->entries == NULL)
		fill_slot(log, next_slot(log), entry);
	else
		log->entries[log->count] = *entry;
	MemoryContextSwitchTo(caller);
	log->count++;
	if (log->count == BATCH_ENTRIES || MemoryContextMemAllocated(log->batch, false) > BATCH_BYTES)
		flush(log);
}

/* Writes what is left and ends. */
void
crm_audit_log_close(CrmAuditLog *log)
{
	flush(log);
	for (int i = 0; i < log->nslots; i++)
		ExecDropSingleTupleTableSlot(log->slots[i]);
	if (log->estate != NULL)
	{
		ExecCloseIndices(log->result);
		FreeExecutorState(log->estate);
	}
	MemoryContextDelete(log->batch);
	table_close(log->relation, NoLock);
	pfree(log);
}
