/*
 * pg_events.c
 *		The outbox: events written in the transaction of the change.
 *
 * A consumer's place is (era, transaction_id, event_id).  Transaction numbers
 * start anew in a restored cluster, so the era rises when the cluster's system
 * identifier is another one than the outbox was last written under, and begins
 * past all positions where it is not known.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_lead_au);
CRM_FUNCTION_INFO_V1(crm_opportunity_au);
CRM_FUNCTION_INFO_V1(crm_event_era_sql);

/* Reads the stored era. */
static CrmPlan read_era = {
	.sql = "SELECT era, system_identifier FROM crm_state.event_era",
};

/* Era to begin with where none is stored: a dump may have left its row out, yet hold positions of its eras. */
#define FIRST_ERA \
	"(SELECT pg_catalog.max(p.era) FROM (SELECT 0 UNION ALL SELECT pg_catalog.max(era) FROM crm.event " \
	"UNION ALL SELECT pg_catalog.max(last_era) FROM crm.event_consumer " \
	"WHERE last_transaction_id OPERATOR(pg_catalog.>) 0) p(era)) OPERATOR(pg_catalog.+) 1"

/* Returns that era. */
static CrmPlan first_era = {
	.sql = "SELECT " FIRST_ERA,
};

/* Stores the era of this cluster: the first one, or the next after a restore. */
static CrmPlan write_era = {
	.sql = "INSERT INTO crm_state.event_era AS e (event_era_id, era, system_identifier) VALUES (1, " FIRST_ERA ", $1) "
	"ON CONFLICT (event_era_id) DO UPDATE SET era = e.era OPERATOR(pg_catalog.+) "
	"CASE WHEN e.system_identifier OPERATOR(pg_catalog.=) $1 THEN 0 ELSE 1 END, "
	"system_identifier = $1 RETURNING e.era",
	.nargs = 1,
	.argtypes = {INT8OID},
};

/* Writes the events of soft deletions (flag true) and restorations. */
static CrmPlan write_deletions = {
	.sql = "INSERT INTO crm.event (era, event_type, table_name, row_id, customer_id, payload) "
	"SELECT $1, $2 OPERATOR(pg_catalog.||) CASE WHEN d.deleted THEN '.deleted' ELSE '.restored' END, "
	"$2, d.id, CASE WHEN $2 OPERATOR(pg_catalog.=) 'customer' THEN d.id END, "
	"pg_catalog.jsonb_build_object('note', $5, 'by', $6) "
	"FROM unnest($3, $4) d(id, deleted)",
	.nargs = 6,
	.argtypes = {INT4OID, TEXTOID, INT8ARRAYOID, BOOLARRAYOID, TEXTOID, TEXTOID},
};

/* Returns the era that events of this cluster belong to; needs SPI connected. */
int32
crm_event_era(void)
{
	static int32 known_era = 0;
	int64		identifier = (int64) GetSystemIdentifier();
	bool		isnull;
	Datum		argument = Int64GetDatum(identifier);

	if (known_era > 0)
		return known_era;
	if (crm_execute(&read_era, NULL, NULL) == 1 && crm_result_int64(0, 2) == identifier)
	{
		known_era = DatumGetInt32(crm_result(0, 1, &isnull));
		return known_era;
	}
	/* Not remembered: the row that this writes may yet be rolled back. */
	crm_execute(&write_era, &argument, NULL);
	return DatumGetInt32(crm_result(0, 1, &isnull));
}

/* Builds a boolean[]. */
static Datum
bool_array(const bool *values, size_t count)
{
	Datum	   *elements = palloc_extended((count + 1) * sizeof(Datum), MCXT_ALLOC_HUGE);

	for (size_t i = 0; i < count; i++)
		elements[i] = BoolGetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, (int) count, BOOLOID, 1, true, TYPALIGN_CHAR));
}

/* Writes the events of collected deletions and restorations. */
static void
write_deletion_events(const char *table, const int64 *ids, const bool *deleted, size_t count)
{
	Datum		values[6];

	values[0] = Int32GetDatum(crm_event_era());
	values[1] = CStringGetTextDatum(table);
	values[2] = crm_int64_array(ids, count);
	values[3] = bool_array(deleted, count);
	values[4] = CStringGetTextDatum(crm_change_note);
	values[5] = CStringGetTextDatum(crm_actor());
	crm_execute(&write_deletions, values, NULL);
}

/*
 * Writes one event for each row whose deleted_at was set or cleared by the
 * statement; needs SPI connected.  The table's key is its first column's name.
 */
void
crm_emit_deletions(TriggerData *trigdata, const char *table)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	deleted_at = crm_column(desc, "deleted_at");
	AttrNumber	key = crm_column(desc, psprintf("%s_id", table));
	size_t		capacity = 64;
	size_t		count = 0;
	int64	   *ids = palloc(capacity * sizeof(int64));
	bool	   *deleted = palloc(capacity * sizeof(bool));
	CrmRows		old_rows;
	CrmRows		new_rows;

	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&old_rows) && crm_rows_next(&new_rows))
	{
		bool		was_live = crm_slot_isnull(old_rows.slot, deleted_at);
		bool		is_live = crm_slot_isnull(new_rows.slot, deleted_at);

		if (was_live == is_live)
			continue;
		if (count == capacity)
		{
			capacity *= 2;
			ids = repalloc_huge(ids, capacity * sizeof(int64));
			deleted = repalloc_huge(deleted, capacity * sizeof(bool));
		}
		ids[count] = crm_slot_int64(new_rows.slot, key);
		deleted[count] = was_live;
		count++;
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
	if (count > 0)
		write_deletion_events(table, ids, deleted, count);
}

/* An AFTER UPDATE trigger whose only step are the events of deletion. */
static Datum
deletions_only(FunctionCallInfo fcinfo, const char *name, const char *table)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, name);

	SPI_connect();
	crm_emit_deletions(trigdata, table);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER UPDATE on lead. */
Datum
crm_lead_au(PG_FUNCTION_ARGS)
{
	return deletions_only(fcinfo, "crm_lead_au", "lead");
}

/* AFTER UPDATE on opportunity. */
Datum
crm_opportunity_au(PG_FUNCTION_ARGS)
{
	return deletions_only(fcinfo, "crm_opportunity_au", "opportunity");
}

/*
 * SQL: crm._event_era(): the era of this cluster, without writing anything.
 * Events of earlier eras are complete: their transactions ended elsewhere.
 */
Datum
crm_event_era_sql(PG_FUNCTION_ARGS)
{
	int64		identifier = (int64) GetSystemIdentifier();
	int32		era;
	bool		isnull;

	SPI_connect();
	if (crm_execute(&read_era, NULL, NULL) == 1)
	{
		era = DatumGetInt32(crm_result(0, 1, &isnull));
		if (crm_result_int64(0, 2) != identifier)
			era++;
	}
	else
	{
		crm_execute(&first_era, NULL, NULL);
		era = DatumGetInt32(crm_result(0, 1, &isnull));
	}
	SPI_finish();
	PG_RETURN_INT32(era);
}
