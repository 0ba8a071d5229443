/*
 * pg_install.c
 *		crm.install() and crm.migrate(): the schema as ordinary objects.
 *
 * The extension's members are code only.  The tables, views, triggers and
 * table-bound functions are made by a schema script that lies beside the
 * control file.  It runs with creating_extension switched off, as the role
 * crm_owner, so that its objects belong to nobody but that role: they are
 * dumped, restored in parallel, altered and kept like any table of a user.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "common/md5.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/fd.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_progress.h"

CRM_FUNCTION_INFO_V1(crm_install);
CRM_FUNCTION_INFO_V1(crm_migrate);
CRM_FUNCTION_INFO_V1(crm_version);

/* The table whose presence says that a schema is there. */
#define ANCHOR_SCHEMA "crm"
#define ANCHOR_TABLE "customer"

/* Where a statement of a script stands, for error messages. */
typedef struct ScriptPlace
{
	const char *script;
	int			location;		/* byte offset of the statement */
} ScriptPlace;

/* Returns the full name of a script beside the control file. */
static char *
script_path(const char *name)
{
	char		share[MAXPGPATH];

	get_share_path(my_exec_path, share);
	return psprintf("%s/extension/%s", share, name);
}

/* Tells whether a script is there. */
static bool
script_exists(const char *name)
{
	struct stat info;

	return stat(script_path(name), &info) == 0;
}

/* Reads a script as a string. */
static char *
read_script(const char *name)
{
	char	   *path = script_path(name);
	FILE	   *file = AllocateFile(path, PG_BINARY_R);
	struct stat info;
	char	   *text;

	if (file == NULL || fstat(fileno(file), &info) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", path),
				 errhint("Install the files of the extension again.")));
	text = palloc(info.st_size + 1);
	if (fread(text, 1, info.st_size, file) != (size_t) info.st_size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", path)));
	text[info.st_size] = '\0';
	FreeFile(file);
	return text;
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
	char	   *source = query_text("SELECT source FROM pg_catalog.pg_settings WHERE name = 'xmloption'");

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

/* Adds module and line to an error of a script. */
static void
script_error_context(void *argument)
{
	const ScriptPlace *place = argument;
	const char *marker = "-- file: ";
	const char *end = place->script + place->location;
	char		module[NAMEDATALEN] = "?";
	int			line = 0;

	for (const char *at = place->script; at < end && at != NULL;)
	{
		const char *next = strchr(at, '\n');

		if (strncmp(at, marker, strlen(marker)) == 0 && next != NULL)
		{
			snprintf(module, sizeof(module), "%.*s", (int) (next - at - strlen(marker)),
					 at + strlen(marker));
			line = 0;
		}
		else
			line++;
		at = next == NULL ? NULL : next + 1;
	}
	errcontext("crm schema module %s near line %d", module, line);
}

/* Returns the qualified name of what a statement creates, if it may be skipped. */
static char *
created_name(Node *statement)
{
	if (IsA(statement, IndexStmt))
	{
		IndexStmt  *index = (IndexStmt *) statement;

		return psprintf("%s.%s", index->relation->schemaname, index->idxname);
	}
	if (IsA(statement, ViewStmt))
	{
		ViewStmt   *view = (ViewStmt *) statement;

		return psprintf("%s.%s", view->view->schemaname, view->view->relname);
	}
	return NULL;
}

/* Tells whether a DBA asked that an object should not come back. */
static bool
is_unwanted(Node *statement, List *skipped)
{
	char	   *name = created_name(statement);
	ListCell   *cell;

	if (name == NULL)
		return false;
	foreach(cell, skipped)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/* Reads the names that install() must not bring back. */
static List *
read_skipped(void)
{
	List	   *names = NIL;

	if (query_text("SELECT pg_catalog.to_regclass('crm_state.install_skip')::text") == NULL)
		return NIL;
	SPI_execute("SELECT object_name FROM crm_state.install_skip", true, 0);
	for (uint64 row = 0; row < SPI_processed; row++)
		names = lappend(names, SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1));
	return names;
}

/* Runs the statements of a script one by one. */
static void
run_script(const char *script)
{
	List	   *statements = pg_parse_query(script);
	List	   *skipped = read_skipped();
	ScriptPlace place = {.script = script};
	ErrorContextCallback callback = {
		.callback = script_error_context,
		.arg = &place,
		.previous = error_context_stack,
	};
	int64		done = 0;
	ListCell   *cell;

	error_context_stack = &callback;
	foreach(cell, statements)
	{
		RawStmt    *statement = lfirst_node(RawStmt, cell);
		int			length = statement->stmt_len > 0 ? statement->stmt_len
			: (int) strlen(script + statement->stmt_location);
		char	   *text = pnstrdup(script + statement->stmt_location, length);
		int			code;

		CHECK_FOR_INTERRUPTS();
		place.location = statement->stmt_location + (int) strspn(text, " \t\r\n");
		crm_progress_report("install", "starting", done++, list_length(statements));
		if (is_unwanted(statement->stmt, skipped))
			continue;
		code = SPI_execute(text, false, 0);
		if (code < 0)
			elog(ERROR, "could not execute a statement of the schema script: %s",
				 SPI_result_code_string(code));
		pfree(text);
	}
	error_context_stack = callback.previous;
	crm_progress_finish();
}

/*
 * Refuses a schema that somebody else may have filled: names in it would be
 * taken for ours.  Ours are owned by the role crm_owner.
 */
static void
check_schema(void)
{
	char	   *foreign = query_text("SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c "
									 "WHERE c.relnamespace = 'crm'::pg_catalog.regnamespace "
									 "AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') "
									 "AND c.relname IN ('customer', 'sales_order', 'order_item', 'product', "
									 "'schema_version', 'event', 'stock_movement') "
									 "AND c.relowner <> 'crm_owner'::pg_catalog.regrole ORDER BY 1 LIMIT 1");

	if (foreign == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_TABLE),
			 errmsg("relation %s exists and is not owned by crm_owner", foreign),
			 errhint("Move it to another schema, or hand it over with ALTER TABLE … OWNER TO crm_owner "
					 "if it is a table of this extension.")));
}

/* Records the version of the schema and the checksum of its script. */
static void
record_version(const char *script)
{
	static CrmPlan plan = {
		.sql = "INSERT INTO crm.schema_version (version, script_checksum) "
		"VALUES ($1, $2) ON CONFLICT (version) DO UPDATE SET script_checksum = $2 "
		"WHERE crm.schema_version.script_checksum IS DISTINCT FROM $2",
		.nargs = 2,
		.argtypes = {TEXTOID, TEXTOID},
	};
	Datum		values[2];
	char		checksum[MD5_PASSWD_LEN];	/* room for 32 digits */
	const char *error = NULL;

	if (!pg_md5_hash(script, strlen(script), checksum, &error))
		elog(ERROR, "could not compute the checksum of the schema script: %s", error);
	values[0] = CStringGetTextDatum(CRM_VERSION);
	values[1] = CStringGetTextDatum(checksum);
	crm_execute(&plan, values, NULL);
}

/* Runs a script as crm_owner under settings of its own. */
static void
run_as_owner(const char *script)
{
	Oid			owner = get_role_oid("crm_owner", false);
	Oid			caller;
	int			context;
	int			nest_level = NewGUCNestLevel();

	GetUserIdAndSecContext(&caller, &context);
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("client_min_messages", "warning", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("check_function_bodies", "on", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
	run_script(script);
	SetUserIdAndSecContext(caller, context);
	AtEOXact_GUC(true, nest_level);
}

/* Creates the schemas and runs the schema script, with creating_extension off. */
static void
install_schema(void)
{
	bool		creating = creating_extension;
	char	   *script = read_script("crm-schema--" CRM_VERSION ".sql");

	creating_extension = false;
	PG_TRY();
	{
		check_schema();
		SPI_execute("DO $$BEGIN "
					"IF pg_catalog.to_regnamespace('crm_state') IS NULL THEN "
					"CREATE SCHEMA crm_state AUTHORIZATION crm_owner; END IF; "
					"IF pg_catalog.to_regnamespace('crm_bi') IS NULL THEN "
					"CREATE SCHEMA crm_bi AUTHORIZATION crm_owner; END IF; END$$", false, 0);
		run_as_owner(script);
		record_version(script);
	}
	PG_FINALLY();
	{
		creating_extension = creating;
	}
	PG_END_TRY();
}

/* Refuses callers without the right to create what the schema needs. */
static void
check_superuser(const char *function)
{
	if (superuser())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for function %s", function),
			 errhint("Call it as a superuser.")));
}

/*
 * Creates what is missing of the schema and renews what is ours; tells whether
 * it did.  Inside CREATE EXTENSION the setting crm.install decides; a call by
 * hand always installs.
 */
Datum
crm_install(PG_FUNCTION_ARGS)
{
	const char *skip;

	check_superuser("crm.install");
	SPI_connect();
	skip = creating_extension ? reason_to_skip() : NULL;
	if (skip == NULL)
		install_schema();
	else
		ereport(NOTICE,
				(errmsg("the tables of crm are not created: %s", skip),
				 errhint("To create them, run SELECT crm.install().")));
	SPI_finish();
	PG_RETURN_BOOL(skip == NULL);
}

/* Brings the tables of an older version up to this one, then installs the rest. */
Datum
crm_migrate(PG_FUNCTION_ARGS)
{
	char	   *from;
	char	   *name;

	check_superuser("crm.migrate");
	SPI_connect();
	if (!anchor_exists())
		ereport(ERROR,
				(errcode(ERRCODE_CRM_SCHEMA_VERSION),
				 errmsg("there is no schema to migrate"),
				 errhint("Run SELECT crm.install().")));
	from = query_text("SELECT version FROM crm.schema_version ORDER BY schema_version_id DESC LIMIT 1");
	if (from == NULL)
		from = CRM_VERSION;
	if (strcmp(from, CRM_VERSION) != 0)
	{
		name = psprintf("crm-schema--%s--%s.sql", from, CRM_VERSION);
		if (!script_exists(name))
			ereport(ERROR,
					(errcode(ERRCODE_CRM_SCHEMA_VERSION),
					 errmsg("there is no migration from version %s to %s", from, CRM_VERSION),
					 errhint("Install the files of a version that can migrate from %s.", from)));
		run_as_owner(read_script(name));
	}
	install_schema();
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
	version = query_text("SELECT version FROM crm.schema_version ORDER BY schema_version_id DESC LIMIT 1");
	if (version != NULL && strcmp(version, CRM_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_SCHEMA_VERSION),
				 errmsg("the tables are of crm %s, the library is of %s", version, CRM_VERSION),
				 errhint("Run SELECT crm.migrate() as a superuser.")));
	SPI_finish();
	checked = true;
}
