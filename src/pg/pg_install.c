/*
 * pg_install.c
 *		crm.install() and crm.migrate(): the schema as ordinary objects.
 *
 * The extension's members are code only.  The tables, views, triggers and
 * table-bound functions are made by a schema script that lies beside the
 * control file (pg_script.c).  It runs with creating_extension switched off,
 * as the role crm_owner, so that its objects belong to nobody but that role:
 * they are dumped, restored in parallel, altered and kept like any table of a
 * user.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_script.h"

CRM_FUNCTION_INFO_V1(crm_install);
CRM_FUNCTION_INFO_V1(crm_migrate);
CRM_FUNCTION_INFO_V1(crm_version);

/* The table whose presence says that a schema is there. */
#define ANCHOR_SCHEMA "crm"
#define ANCHOR_TABLE "customer"

/* Tells whether a script is there. */
static bool
script_exists(const char *name)
{
	struct stat info;

	return stat(crm_script_path(name), &info) == 0;
}

/* Runs a query without arguments that returns at most one value as text. */
static char *
query_text(const char *sql)
{
	int			code = SPI_execute(sql, false, 1);

	if (code < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(code));
	if (code != SPI_OK_SELECT || SPI_processed == 0)
		return NULL;
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/* Tells whether the schema's tables are there. */
static bool
anchor_exists(void)
{
	Oid			schema = get_namespace_oid(ANCHOR_SCHEMA, true);

	return OidIsValid(schema) && OidIsValid(get_relname_relid(ANCHOR_TABLE, schema));
}

/*
 * Tells whether a dump is being restored.  Every script of pg_dump sets
 * xmloption in its session; hardly anyone else does.
 */
static bool
restoring_dump(void)
{
	char	   *source = query_text("SELECT source FROM pg_catalog.pg_settings "
								"WHERE name OPERATOR(pg_catalog.=) 'xmloption'");

	return source != NULL && strcmp(source, "session") == 0 && !anchor_exists();
}

/* Tells whether this is a worker of a Citus cluster: its tables come from the coordinator. */
static bool
on_citus_worker(void)
{
	char	   *group;

	if (query_text("SELECT pg_catalog.to_regclass('pg_catalog.pg_dist_local_group')::text") == NULL)
		return false;
	group = query_text("SELECT groupid FROM pg_catalog.pg_dist_local_group");
	return group != NULL && strcmp(group, "0") != 0;
}

/* Returns why CREATE EXTENSION leaves the tables alone, or NULL if it does not. */
static const char *
reason_to_skip(void)
{
	if (crm_install_mode == CRM_INSTALL_OFF)
		return "crm.install is off";
	if (crm_install_mode == CRM_INSTALL_ON)
		return NULL;
	if (IsBinaryUpgrade)
		return "this is a binary upgrade";
	if (restoring_dump())
		return "a dump seems to be restored, and the tables come with it";
	if (on_citus_worker())
		return "this is a Citus worker";
	return NULL;
}

/* Returns the version of the tables that are there, or NULL if none is known. */
static char *
schema_version(void)
{
	Oid			schema = get_namespace_oid(ANCHOR_SCHEMA, true);

	if (!OidIsValid(schema) || !OidIsValid(get_relname_relid("schema_version", schema)))
		return NULL;
	return query_text("SELECT version FROM crm.schema_version ORDER BY schema_version_id DESC LIMIT 1");
}

/* Returns the checksum of the script that this version of the schema was made by, or NULL. */
static char *
recorded_checksum(void)
{
	if (schema_version() == NULL)
		return NULL;
	return query_text("SELECT script_checksum FROM crm.schema_version "
					  "WHERE version OPERATOR(pg_catalog.=) '" CRM_VERSION "'");
}

/* Returns the SHA-256 of a script as hexadecimal digits. */
static char *
script_checksum(const char *script)
{
	Datum		sum = DirectFunctionCall1(sha256_bytea, CStringGetTextDatum(script));

	return TextDatumGetCString(DirectFunctionCall2(binary_encode, sum, CStringGetTextDatum("hex")));
}

/* Records this version of the schema and the checksum of its script. */
static void
record_version(const char *checksum, const char *recorded)
{
	static CrmPlan update = {
		.sql = "UPDATE crm.schema_version SET script_checksum = $2 WHERE version OPERATOR(pg_catalog.=) $1",
		.nargs = 2,
		.argtypes = {TEXTOID, TEXTOID},
	};
	static CrmPlan insert = {
		.sql = "INSERT INTO crm.schema_version (version, script_checksum) VALUES ($1, $2)",
		.nargs = 2,
		.argtypes = {TEXTOID, TEXTOID},
	};
	Datum		values[2];

	if (recorded != NULL && strcmp(recorded, checksum) == 0)
		return;
	values[0] = CStringGetTextDatum(CRM_VERSION);
	values[1] = CStringGetTextDatum(checksum);
	crm_execute(recorded == NULL ? &insert : &update, values, NULL);
}

/* Sets a parameter until the present level of settings ends. */
static void
set_for_now(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Lets a NOTICE through to the client, until the returned level of settings
 * ends: CREATE EXTENSION silences all below WARNING while its script runs.
 */
static int
show_notices(void)
{
	int			nest_level = NewGUCNestLevel();

	if (client_min_messages == WARNING)
		set_for_now("client_min_messages", "notice");
	return nest_level;
}

/* Says which views a DBA gave other columns, so that they could not be renewed. */
static void
report_kept_views(const List *views)
{
	int			nest_level = show_notices();
	const ListCell *cell;

	foreach(cell, views)
		ereport(NOTICE,
				(errmsg("view %s stays as it is: columns of it were added, renamed or given another type",
						(const char *) lfirst(cell)),
				 errhint("Move them to a view of your own, drop this one and run SELECT crm.install() again, "
						 "or list it in crm_state.install_skip.")));
	AtEOXact_GUC(true, nest_level);
}

/* Runs a script as crm_owner under settings of its own. */
static void
run_as_owner(const CrmScript *script)
{
	List	   *kept_views;
	Oid			owner = get_role_oid("crm_owner", false);
	Oid			caller;
	int			context;
	int			nest_level = NewGUCNestLevel();

	GetUserIdAndSecContext(&caller, &context);
	set_for_now("search_path", "pg_catalog, pg_temp");
	set_for_now("client_min_messages", "warning");
	set_for_now("check_function_bodies", "on");
	/* Whoever waits for a lock makes others wait behind him. */
	if (LockTimeout == 0)
		set_for_now("lock_timeout", "30s");
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
	kept_views = crm_run_script(script);
	SetUserIdAndSecContext(caller, context);
	AtEOXact_GUC(true, nest_level);
	report_kept_views(kept_views);
}

/*
 * Lets one session at a time install: what two create at once, one cannot.
 * DROP EXTENSION waits, too.
 */
static void
lock_installation(void)
{
	Oid			extension = get_extension_oid("crm", true);

	if (OidIsValid(extension))
		LockDatabaseObject(ExtensionRelationId, extension, 0, ShareUpdateExclusiveLock);
}

/* Runs the schema script. */
static void
install_schema(void)
{
	CrmScript	script = {.text = crm_read_script("crm-schema--" CRM_VERSION ".sql")};
	char	   *recorded = recorded_checksum();
	char	   *checksum = script_checksum(script.text);

	/* What differs although this script made it, a DBA has changed. */
	script.keep_comments = recorded != NULL && strcmp(recorded, checksum) == 0;
	script.keep_rows = schema_version() != NULL;
	run_as_owner(&script);
	record_version(checksum, recorded);
}

/* Runs the script that brings the tables of an older version up to this one. */
static void
migrate_schema(const char *from)
{
	CrmScript	script = {0};
	char	   *name = psprintf("crm-schema--%s--%s.sql", from, CRM_VERSION);

	if (!script_exists(name))
		ereport(ERROR,
				(errcode(ERRCODE_CRM_SCHEMA_VERSION),
				 errmsg("there is no migration from version %s to %s", from, CRM_VERSION),
				 errhint("Install the files of a version that can migrate from %s.", from)));
	script.text = crm_read_script(name);
	run_as_owner(&script);
}

/*
 * Prepares the schemas and, unless only that is asked for, brings the tables
 * up to this version (if they are of another one) and creates what is
 * missing.  creating_extension is off meanwhile, so that nothing of it
 * becomes a member or is left out of dumps.
 */
static void
create_outside(bool only_prepare, const char *migrate_from)
{
	bool		creating = creating_extension;

	creating_extension = false;
	PG_TRY();
	{
		(void) query_text(only_prepare ? "SELECT crm._prepare_schemas(false)"
						  : "SELECT crm._prepare_schemas(true)");
		if (migrate_from != NULL)
			migrate_schema(migrate_from);
		if (!only_prepare)
			install_schema();
	}
	PG_FINALLY();
	{
		creating_extension = creating;
	}
	PG_END_TRY();
}

/* Refuses callers without the right to create what the schema needs, and where nothing can be written. */
static void
check_caller(const char *function)
{
	char	   *call = psprintf("%s()", function);

	if (!superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for function %s", function),
				 errhint("Call it as a superuser.")));
	PreventCommandDuringRecovery(call);
	PreventCommandIfReadOnly(call);
}

/*
 * Tells whether the tables are of another version, which only crm.migrate()
 * may touch.  A call by hand fails then; CREATE EXTENSION goes on without the
 * tables, for there is no crm.migrate() without it.
 */
static bool
is_other_version(void)
{
	char	   *version = schema_version();
	int			nest_level;

	if (version == NULL || strcmp(version, CRM_VERSION) == 0)
		return false;
	nest_level = show_notices();
	ereport(creating_extension ? NOTICE : ERROR,
			(errcode(ERRCODE_CRM_SCHEMA_VERSION),
			 errmsg("the tables are of crm %s, the library is of %s", version, CRM_VERSION),
			 errhint("Run SELECT crm.migrate() as a superuser.")));
	AtEOXact_GUC(true, nest_level);
	return true;
}

/* Tells whether CREATE EXTENSION leaves the tables alone; if so, says why. */
static bool
is_skipped(void)
{
	const char *reason = creating_extension ? reason_to_skip() : NULL;
	int			nest_level;

	if (reason == NULL)
		return false;
	nest_level = show_notices();
	ereport(NOTICE,
			(errmsg("the tables of crm are not created: %s", reason),
			 errhint("To create them, run SELECT crm.install().")));
	AtEOXact_GUC(true, nest_level);
	return true;
}

/*
 * Creates what is missing of the schema and renews what is ours; tells whether
 * it did.  Inside CREATE EXTENSION the setting crm.install decides; a call by
 * hand always installs.
 */
Datum
crm_install(PG_FUNCTION_ARGS)
{
	bool		installs;

	check_caller("crm.install");
	SPI_connect();
	lock_installation();
	installs = !is_skipped() && !is_other_version();
	create_outside(!installs, NULL);
	SPI_finish();
	PG_RETURN_BOOL(installs);
}

/* Brings the tables of an older version up to this one, then installs the rest. */
Datum
crm_migrate(PG_FUNCTION_ARGS)
{
	char	   *from;

	check_caller("crm.migrate");
	SPI_connect();
	lock_installation();
	if (!anchor_exists())
		ereport(ERROR,
				(errcode(ERRCODE_CRM_SCHEMA_VERSION),
				 errmsg("there is no schema to migrate"),
				 errhint("Run SELECT crm.install().")));
	from = schema_version();
	if (from != NULL && strcmp(from, CRM_VERSION) == 0)
		from = NULL;
	create_outside(false, from);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text(CRM_VERSION));
}

/* Returns the version of the library. */
Datum
crm_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(CRM_VERSION));
}

/*
 * Checks once a session that the tables are of the library's version.  Called
 * by triggers, so the tables are there.
 */
void
crm_require_schema(void)
{
	static bool checked = false;
	char	   *version;

	if (checked)
		return;
	SPI_connect();
	version = schema_version();
	if (version != NULL && strcmp(version, CRM_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_SCHEMA_VERSION),
				 errmsg("the tables are of crm %s, the library is of %s", version, CRM_VERSION),
				 errhint("Run SELECT crm.migrate() as a superuser.")));
	SPI_finish();
	checked = true;
}
