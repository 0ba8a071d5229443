/*
 * pg_scope.c
 *		The person who acts: roles, team and regions, kept per session.
 *
 * Policies compare with what these functions return, as (SELECT f()), so that
 * each is asked once a query.  What was loaded stays until a table or a role
 * membership that it came from changes; the tables announce that through their
 * triggers <table>_scope.  It is loaded with a snapshot of its own: an older
 * one would show, and keep, the state before a change already announced.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_scope.h"

CRM_FUNCTION_INFO_V1(crm_app_regions);
CRM_FUNCTION_INFO_V1(crm_app_sees);
CRM_FUNCTION_INFO_V1(crm_app_sees_all_sales);
CRM_FUNCTION_INFO_V1(crm_app_team);
CRM_FUNCTION_INFO_V1(crm_has_role);
CRM_FUNCTION_INFO_V1(crm_has_session);
CRM_FUNCTION_INFO_V1(crm_my_regions);
CRM_FUNCTION_INFO_V1(crm_my_staff_id);
CRM_FUNCTION_INFO_V1(crm_my_team);
CRM_FUNCTION_INFO_V1(crm_my_team_regions);
CRM_FUNCTION_INFO_V1(crm_rules_active);
CRM_FUNCTION_INFO_V1(crm_scope_changed);
CRM_FUNCTION_INFO_V1(crm_scope_check);
CRM_FUNCTION_INFO_V1(crm_sees_all_sales);

static const char *const role_names[CRM_ROLE_COUNT] = {
	[CRM_ROLE_ADMIN] = "crm_admin",
	[CRM_ROLE_SALES_MANAGER] = "crm_sales_manager",
	[CRM_ROLE_SALES_REP] = "crm_sales_rep",
	[CRM_ROLE_MARKETING_MANAGER] = "crm_marketing_manager",
	[CRM_ROLE_MARKETING_ANALYST] = "crm_marketing_analyst",
	[CRM_ROLE_SUPPORT_AGENT] = "crm_support_agent",
	[CRM_ROLE_BI] = "crm_bi",
	[CRM_ROLE_AUDITOR] = "crm_auditor",
};

/* Tables that the person is made of; each has the trigger <table>_scope. */
static const char *const source_tables[] = {
	"staff", "sales_rep", "sales_manager", "marketing_manager", "marketing_analyst", "support_agent", "region"
};

/* The row of one person: by key, or by login where the key is NULL. */
static CrmPlan read_person = {
	.sql = "SELECT s.staff_id, s.db_role, s.manager_id IS NULL, "
	"EXISTS (SELECT FROM crm.sales_manager r WHERE r.sales_manager_id OPERATOR(pg_catalog.=) s.staff_id), "
	"EXISTS (SELECT FROM crm.sales_rep r WHERE r.sales_rep_id OPERATOR(pg_catalog.=) s.staff_id), "
	"EXISTS (SELECT FROM crm.marketing_manager r WHERE r.marketing_manager_id OPERATOR(pg_catalog.=) s.staff_id), "
	"EXISTS (SELECT FROM crm.marketing_analyst r WHERE r.marketing_analyst_id OPERATOR(pg_catalog.=) s.staff_id), "
	"EXISTS (SELECT FROM crm.support_agent r WHERE r.support_agent_id OPERATOR(pg_catalog.=) s.staff_id) "
	"FROM crm.staff s WHERE s.active AND "
	"(s.staff_id OPERATOR(pg_catalog.=) $1 OR $1 IS NULL AND s.db_role OPERATOR(pg_catalog.=) $2)",
	.nargs = 2,
	.argtypes = {INT8OID, TEXTOID},
};

/* The keys of a person and of all below in the tree of managers. */
static CrmPlan read_team = {
	.sql = "WITH RECURSIVE team(staff_id) AS (SELECT $1 UNION SELECT s.staff_id FROM team t "
	"JOIN crm.staff s ON s.manager_id OPERATOR(pg_catalog.=) t.staff_id) "
	"SELECT pg_catalog.array_agg(t.staff_id ORDER BY t.staff_id) FROM team t",
	.nargs = 1,
	.argtypes = {INT8OID},
};

/* The regions of some sales reps, and of the managers among them if $2, with all regions below. */
static CrmPlan read_regions = {
	.sql = "WITH RECURSIVE tree(region_id) AS ("
	"(SELECT r.region_id FROM crm.sales_rep r WHERE r.sales_rep_id OPERATOR(pg_catalog.=) ANY ($1) "
	"UNION SELECT m.region_id FROM crm.sales_manager m "
	"WHERE $2 AND m.sales_manager_id OPERATOR(pg_catalog.=) ANY ($1)) "
	"UNION SELECT r.region_id FROM tree t "
	"JOIN crm.region r ON r.parent_region_id OPERATOR(pg_catalog.=) t.region_id) "
	"SELECT pg_catalog.array_agg(t.region_id ORDER BY t.region_id) FROM tree t WHERE t.region_id IS NOT NULL",
	.nargs = 2,
	.argtypes = {INT8ARRAYOID, BOOLOID},
};

/* Counts the changes that were announced. */
static uint64 generation = 1;

static Oid	source_ids[lengthof(source_tables)];

static struct
{
	MemoryContext context;		/* holds the arrays */
	uint64		generation;		/* 0 for nothing loaded */
	Oid			user;
	int64		token_staff;
	CrmPerson	person;
} kept;

/* Notes a change of a table that the person is made of; InvalidOid stands for all. */
static void
table_changed(Datum arg, Oid relation_id)
{
	if (!OidIsValid(relation_id))
	{
		generation++;
		return;
	}
	for (size_t i = 0; i < lengthof(source_tables); i++)
	{
		if (source_ids[i] == relation_id)
			generation++;
	}
}

/* Notes a change of a role or of its members. */
static void
role_changed(Datum arg, int cache_id, uint32 hash_value)
{
	generation++;
}

/* Looks up the tables, and listens for changes once a session. */
static void
watch_sources(Oid schema_id)
{
	static bool listening = false;

	for (size_t i = 0; i < lengthof(source_tables); i++)
		source_ids[i] = get_relname_relid(source_tables[i], schema_id);
	if (listening)
		return;
	CacheRegisterRelcacheCallback(table_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
	listening = true;
}

/* Runs a saved query as of now; tells whether it returned a row. */
static bool
read_row(CrmPlan *plan, Datum *values, const char *nulls)
{
	Snapshot	now = RegisterSnapshot(GetCatalogSnapshot(source_ids[0]));
	bool		found = crm_execute_snapshot(plan, values, nulls, now) > 0;

	UnregisterSnapshot(now);
	return found;
}

/* Runs a saved query and returns its only cell, a bigint[], in the context that is kept. */
static ArrayType *
read_array(CrmPlan *plan, Datum first, Datum second)
{
	Datum		values[2] = {first, second};
	bool		isnull;
	Datum		cell;
	MemoryContext caller;
	ArrayType  *array;

	read_row(plan, values, NULL);
	cell = crm_result(0, 1, &isnull);
	caller = MemoryContextSwitchTo(kept.context);
	array = isnull ? construct_empty_array(INT8OID) : DatumGetArrayTypePCopy(cell);
	MemoryContextSwitchTo(caller);
	return array;
}

/* Tells whether a user has the rights of a role of ours. */
static bool
is_member(Oid user, const char *role_name)
{
	Oid			role = get_role_oid(role_name, true);

	return OidIsValid(user) && OidIsValid(role) && has_privs_of_role(user, role);
}

/* Sets what a login may be: its memberships alone count. */
static void
set_login_roles(CrmPerson *person, Oid user)
{
	for (int role = 0; role < CRM_ROLE_COUNT; role++)
		person->roles[role] = is_member(user, role_names[role]);
}

/* Sets what a person behind a token may be: the tables of people, and the memberships of an own login. */
static void
set_token_roles(CrmPerson *person, const char *login)
{
	if (login != NULL)
		set_login_roles(person, get_role_oid(login, true));
	person->roles[CRM_ROLE_SALES_MANAGER] |= crm_result_bool(0, 4);
	person->roles[CRM_ROLE_SALES_REP] |= crm_result_bool(0, 5);
	person->roles[CRM_ROLE_MARKETING_MANAGER] |= crm_result_bool(0, 6);
	person->roles[CRM_ROLE_MARKETING_ANALYST] |= crm_result_bool(0, 7);
	person->roles[CRM_ROLE_SUPPORT_AGENT] |= crm_result_bool(0, 8);
}

/* Fills the person from the row that was read. */
static void
set_person(CrmPerson *person, int64 token_staff)
{
	bool		isnull;
	Datum		login = crm_result(0, 2, &isnull);
	char	   *login_name = isnull ? NULL : TextDatumGetCString(login);

	person->staff_id = crm_result_int64(0, 1);
	person->is_top = crm_result_bool(0, 3);
	if (login_name != NULL)
		strlcpy(person->actor, login_name, sizeof(person->actor));
	if (token_staff != 0)
		set_token_roles(person, login_name);
}

/* Reads the person, with the rights of crm_owner and SPI connected. */
static void
read_sources(CrmPerson *person, Oid user, int64 token_staff)
{
	Datum		values[2] = {Int64GetDatum(token_staff), CStringGetTextDatum(GetUserNameFromId(user, false))};
	const char	nulls[2] = {token_staff == 0 ? 'n' : ' ', ' '};
	ArrayType  *self;

	if (token_staff == 0)
		set_login_roles(person, user);
	if (read_row(&read_person, values, nulls))
		set_person(person, token_staff);
	if (person->staff_id == 0)
		return;
	self = DatumGetArrayTypeP(crm_int64_array(&person->staff_id, 1));
	person->team = read_array(&read_team, Int64GetDatum(person->staff_id), (Datum) 0);
	person->regions = read_array(&read_regions, PointerGetDatum(self), BoolGetDatum(false));
	person->team_regions = read_array(&read_regions, PointerGetDatum(person->team), BoolGetDatum(true));
}

/* Reads the person as crm_owner, whatever the caller may read and however row_security is set. */
static void
read_as_owner(CrmPerson *person, Oid user, int64 token_staff)
{
	Oid			caller;
	int			context;
	int			nest_level = NewGUCNestLevel();

	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(get_role_oid("crm_owner", false), context | SECURITY_LOCAL_USERID_CHANGE);
	(void) set_config_option("row_security", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	read_sources(person, user, token_staff);
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
	SetUserIdAndSecContext(caller, context);
}

/* Loads the person into what is kept. */
static void
load_person(Oid user, int64 token_staff)
{
	Oid			schema_id = get_namespace_oid("crm", false);
	uint64		started;
	MemoryContext caller;

	if (kept.context == NULL)
		kept.context = AllocSetContextCreate(CacheMemoryContext, "crm person", ALLOCSET_SMALL_SIZES);
	kept.generation = 0;
	MemoryContextReset(kept.context);
	memset(&kept.person, 0, sizeof(kept.person));
	snprintf(kept.person.actor, sizeof(kept.person.actor), "staff:" INT64_FORMAT, token_staff);
	caller = MemoryContextSwitchTo(kept.context);
	kept.person.regions = construct_empty_array(INT8OID);
	kept.person.team = construct_empty_array(INT8OID);
	kept.person.team_regions = construct_empty_array(INT8OID);
	MemoryContextSwitchTo(caller);
	watch_sources(schema_id);
	started = generation;
	if (OidIsValid(source_ids[0]))
		read_as_owner(&kept.person, user, token_staff);
	kept.user = user;
	kept.token_staff = token_staff;
	/* A change announced meanwhile makes the next call load again. */
	kept.generation = started;
}

/* Returns the person who acts. */
const CrmPerson *
crm_person(void)
{
	Oid			user = GetOuterUserId();
	int64		token_staff = crm_token_staff();

	AcceptInvalidationMessages();
	if (kept.generation != generation || kept.user != user || kept.token_staff != token_staff)
		load_person(user, token_staff);
	return &kept.person;
}

/* Tells whether a list of keys has this one. */
static bool
has_key(const ArrayType *keys, int64 key)
{
	const int64 *values = (const int64 *) ARR_DATA_PTR(keys);
	int			count = ArrayGetNItems(ARR_NDIM(keys), ARR_DIMS(keys));

	for (int i = 0; i < count; i++)
	{
		if (values[i] == key)
			return true;
	}
	return false;
}

/*
 * Tells whether the person who acts sees sales data of this rep and region (0
 * for none).  Callers with a role that sees all do; so do those who are no
 * sales people at all, whom other rules bind.
 */
bool
crm_scope_covers(int64 sales_rep_id, int64 region_id)
{
	const CrmPerson *person = crm_person();
	const bool *roles = person->roles;

	if (roles[CRM_ROLE_ADMIN] || (roles[CRM_ROLE_SALES_MANAGER] && person->is_top))
		return true;
	if (roles[CRM_ROLE_SALES_MANAGER] &&
		(has_key(person->team, sales_rep_id) || has_key(person->team_regions, region_id)))
		return true;
	if (roles[CRM_ROLE_SALES_REP] &&
		((sales_rep_id != 0 && sales_rep_id == person->staff_id) || has_key(person->regions, region_id)))
		return true;
	return !roles[CRM_ROLE_SALES_MANAGER] && !roles[CRM_ROLE_SALES_REP];
}

/* Returns a list of keys that outlives a reload. */
static Datum
copy_keys(const ArrayType *keys)
{
	return datumCopy(PointerGetDatum(keys), false, -1);
}

/* Returns the key of the person who acts; NULL for nobody. */
Datum
crm_my_staff_id(PG_FUNCTION_ARGS)
{
	int64		staff_id = crm_acting_staff();

	if (staff_id == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(staff_id);
}

/* Returns the regions of the person as a sales rep, with all below. */
Datum
crm_my_regions(PG_FUNCTION_ARGS)
{
	return copy_keys(crm_person()->regions);
}

/* Returns the keys of the person and of all below. */
Datum
crm_my_team(PG_FUNCTION_ARGS)
{
	return copy_keys(crm_person()->team);
}

/* Returns the regions of the team, with all below. */
Datum
crm_my_team_regions(PG_FUNCTION_ARGS)
{
	return copy_keys(crm_person()->team_regions);
}

/* Tells whether the person is without a superior. */
Datum
crm_sees_all_sales(PG_FUNCTION_ARGS)
{
	const CrmPerson *person = crm_person();

	PG_RETURN_BOOL(person->staff_id != 0 && person->is_top && person->roles[CRM_ROLE_SALES_MANAGER]);
}

/* Finds a role by its name; the caller's text goes into the error. */
static CrmRole
find_role(text *name)
{
	char	   *role_name = text_to_cstring(name);

	for (int role = 0; role < CRM_ROLE_COUNT; role++)
	{
		if (strcmp(role_names[role], role_name) == 0)
			return (CrmRole) role;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%.60s\" is not a role of a person in the CRM", role_name),
			 errhint("Roles are crm_admin, crm_sales_manager, crm_sales_rep, crm_marketing_manager, "
					 "crm_marketing_analyst, crm_support_agent, crm_bi and crm_auditor.")));
	return CRM_ROLE_COUNT;
}

/* Tells whether the person has this role. */
Datum
crm_has_role(PG_FUNCTION_ARGS)
{
	CrmRole		role = find_role(PG_GETARG_TEXT_PP(0));

	PG_RETURN_BOOL(crm_person()->roles[role]);
}

/* Tells whether a verified token is in force. */
Datum
crm_has_session(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(crm_has_token());
}

/* Tells whether a token is in force whose person has one of these roles. */
Datum
crm_app_sees(PG_FUNCTION_ARGS)
{
	Datum	   *names;
	int			count;

	if (!crm_has_token())
		PG_RETURN_BOOL(false);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		if (crm_person()->roles[find_role(DatumGetTextPP(names[i]))])
			PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(false);
}

/* Tells whether a token is in force whose person is a sales manager without a superior. */
Datum
crm_app_sees_all_sales(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(crm_has_token() && DatumGetBool(crm_sees_all_sales(fcinfo)));
}

/* Returns, under a token, the keys of the sales people that its person sees the sales of. */
Datum
crm_app_team(PG_FUNCTION_ARGS)
{
	const CrmPerson *person = crm_person();

	if (!crm_has_token())
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
	if (person->roles[CRM_ROLE_SALES_MANAGER])
		return copy_keys(person->team);
	if (person->roles[CRM_ROLE_SALES_REP])
		return crm_int64_array(&person->staff_id, 1);
	PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
}

/* Returns, under a token, the regions that its person sees the sales of. */
Datum
crm_app_regions(PG_FUNCTION_ARGS)
{
	const CrmPerson *person = crm_person();

	if (!crm_has_token())
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
	if (person->roles[CRM_ROLE_SALES_MANAGER])
		return copy_keys(person->team_regions);
	if (person->roles[CRM_ROLE_SALES_REP])
		return copy_keys(person->regions);
	PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
}

/*
 * Returns true.  Each policy that lets write asks it, so that without the
 * extension, whose triggers keep the rules, nothing can be written.
 */
Datum
crm_rules_active(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/* Announces to all sessions that a table which people are made of has changed. */
Datum
crm_scope_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("crm._scope_changed() must be called as a trigger")));
	CacheInvalidateRelcache(((TriggerData *) fcinfo->context)->tg_relation);
	return PointerGetDatum(NULL);
}

/* Returns a key of a row, 0 for NULL. */
static int64
row_key(HeapTuple row, TupleDesc desc, const char *column)
{
	bool		isnull;
	Datum		value = heap_getattr(row, crm_column(desc, column), desc, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/*
 * BEFORE UPDATE of a customer or lead, FOR EACH ROW, with the rights of who
 * updates: says what to do instead where row-level security would refuse a
 * row that leaves the sight of its caller.
 */
Datum
crm_scope_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_row(fcinfo, "crm_scope_check");
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	HeapTuple	old_row = trigdata->tg_trigtuple;
	HeapTuple	new_row = trigdata->tg_newtuple;
	const char *table = RelationGetRelationName(trigdata->tg_relation);
	int64		rep = row_key(new_row, desc, "sales_rep_id");
	int64		region = row_key(new_row, desc, "region_id");

	if (GetUserId() == GetOuterUserId() &&
		(rep != row_key(old_row, desc, "sales_rep_id") || region != row_key(old_row, desc, "region_id")) &&
		!crm_scope_covers(rep, region))
		ereport(ERROR,
				(errcode(ERRCODE_CRM_OUT_OF_SCOPE),
				 errmsg("%s %lld would leave your sight", table,
						(long long) row_key(new_row, desc, psprintf("%s_id", table))),
				 errdetail("Neither its sales rep nor its region would be of yours. A changed address brings "
						   "a customer into the region that covers it."),
				 errhint("Ask a sales manager to call crm.reassign_%s().", table),
				 crm_error_table(table)));
	return PointerGetDatum(new_row);
}
