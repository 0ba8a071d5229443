/*
 * pg_delete_guard.c
 *		Triggers that refuse a DELETE and say what to do instead.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_organization_delete_guard);
CRM_FUNCTION_INFO_V1(crm_delete_guard);

/* BEFORE DELETE on organization, FOR EACH ROW: every document stands on its row. */
Datum
crm_organization_delete_guard(PG_FUNCTION_ARGS)
{
	crm_trigger_row(fcinfo, "crm_organization_delete_guard");
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("the organisation cannot be deleted"),
			 errdetail("Documents and reports stand on its currency and time zone."),
			 errhint("Change it with crm.configure()."),
			 crm_error_column("organization", NULL, "organization_organization_id_check")));
}

/* The check of one table: whether rows that must stay refer to a row of it. */
typedef struct DeleteCheck
{
	char		table[NAMEDATALEN]; /* hash key */
	uint64		generation;		/* of the definitions that the plan was made for */
	CrmPlan		plan;			/* sql is NULL if no row ever keeps one */
} DeleteCheck;

/* Rises when any table changes: a foreign key may have come or gone. */
static uint64 generation = 1;

/*
 * The question to all tables of the CRM whose foreign keys to a table refuse:
 * one branch each, which names the table and the constraint.  Tables of others
 * may be out of reach, and speak for themselves.
 */
static CrmPlan read_question = {
	.sql = "SELECT pg_catalog.string_agg(pg_catalog.format("
	"'SELECT %L, %L WHERE EXISTS (SELECT FROM crm.%I t WHERE t.%I OPERATOR(pg_catalog.=) $1)', "
	"c.relname, o.conname, c.relname, a.attname), ' UNION ALL ' ORDER BY o.oid) "
	"OPERATOR(pg_catalog.||) ' LIMIT 1' "
	"FROM pg_catalog.pg_constraint o "
	"JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) o.confrelid "
	"JOIN pg_catalog.pg_index i ON i.indrelid OPERATOR(pg_catalog.=) o.confrelid AND i.indisprimary "
	"JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) o.conrelid "
	"AND c.relnamespace OPERATOR(pg_catalog.=) p.relnamespace "
	"AND c.relowner OPERATOR(pg_catalog.=) p.relowner "
	"JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) o.conrelid AND a.attnum "
	"OPERATOR(pg_catalog.=) o.conkey[pg_catalog.array_position(o.confkey, i.indkey[0])] "
	"WHERE o.confrelid OPERATOR(pg_catalog.=) $1 AND o.contype OPERATOR(pg_catalog.=) 'f' "
	"AND o.confdeltype OPERATOR(pg_catalog.=) ANY ('{a,r}')",
	.nargs = 1,
	.argtypes = {OIDOID},
};

/* Called by the relation cache. */
static void
note_change(Datum argument, Oid relid)
{
	generation++;
}

/* Makes the check of a table anew. */
static void
make_check(DeleteCheck *check, Relation relation)
{
	Datum		argument = ObjectIdGetDatum(RelationGetRelid(relation));
	uint64		current = generation;
	bool		isnull;
	Datum		sql;

	if (check->plan.plan != NULL)
		SPI_freeplan(check->plan.plan);
	if (check->plan.sql != NULL)
		pfree(unconstify(char *, check->plan.sql));
	check->plan = (CrmPlan)
	{
		.nargs = 1, .argtypes = {INT8OID}
	};
	crm_execute(&read_question, &argument, NULL);
	sql = crm_result(0, 1, &isnull);
	if (!isnull)
		check->plan.sql = MemoryContextStrdup(TopMemoryContext, TextDatumGetCString(sql));
	check->generation = current;
}

/* Returns the check of a table, made at its first use in a session. */
static CrmPlan *
delete_plan(Relation relation)
{
	static HTAB *checks = NULL;
	DeleteCheck *check;
	char		name[NAMEDATALEN] = {0};
	bool		found;

	if (checks == NULL)
	{
		HASHCTL		control = {.keysize = NAMEDATALEN, .entrysize = sizeof(DeleteCheck)};

		checks = hash_create("crm delete checks", 8, &control, HASH_ELEM | HASH_STRINGS);
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	}
	strlcpy(name, RelationGetRelationName(relation), sizeof(name));
	check = hash_search(checks, name, HASH_ENTER, &found);
	if (!found)
	{
		check->generation = 0;
		memset(&check->plan, 0, sizeof(check->plan));
	}
	if (check->generation != generation)
		make_check(check, relation);
	return &check->plan;
}

/* Refuses to delete a row that others need, with the function that does instead. */
static void
raise_in_use(const char *table, int64 key)
{
	bool		isnull;
	char	   *user = TextDatumGetCString(crm_result(0, 1, &isnull));
	char	   *constraint = TextDatumGetCString(crm_result(0, 2, &isnull));

	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("%s %lld is in use and cannot be deleted", table, (long long) key),
			 errdetail("Rows of crm.%s refer to it.", user),
			 errhint("Take it out of use with crm.delete_%s(%s_id, reason).", table, table),
			 crm_error_column(user, NULL, constraint)));
}

/*
 * BEFORE DELETE, FOR EACH ROW, on tables whose records a function takes out of
 * use: names that function where a foreign key would refuse.  After the
 * statement it would be too late, as the foreign key speaks first.  Nothing is
 * locked: a document that comes meanwhile is left to the foreign key.
 */
Datum
crm_delete_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_row(fcinfo, "crm_delete_guard");
	Relation	relation = trigdata->tg_relation;
	const char *table = RelationGetRelationName(relation);
	int64		key = crm_slot_int64(trigdata->tg_trigslot,
									 crm_column(RelationGetDescr(relation), psprintf("%s_id", table)));
	Datum		argument = Int64GetDatum(key);
	CrmPlan    *plan;

	SPI_connect();
	plan = delete_plan(relation);
	if (plan->sql != NULL && crm_execute(plan, &argument, NULL) > 0)
		raise_in_use(table, key);
	SPI_finish();
	return PointerGetDatum(trigdata->tg_trigtuple);
}
