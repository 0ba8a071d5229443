/*
 * pg_script.c
 *		Runs a schema script and leaves out what would change nothing.
 *
 * A script says how the schema should be.  Run on a schema that is there, most
 * of its statements would do nothing but take locks: CREATE INDEX IF NOT
 * EXISTS stops all writers of its table until the transaction ends, CREATE OR
 * REPLACE VIEW all readers, and two such locks on tables that a client uses in
 * another order are a deadlock.  So tables and indexes that exist, views with
 * the same definition and equal comments are passed over.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "commands/comment.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "storage/fd.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_progress.h"
#include "pg/pg_script.h"

/* A script while it runs. */
typedef struct ScriptRun
{
	const CrmScript *script;
	int			location;		/* byte offset of the statement, for error messages */
	List	   *unwanted;		/* names that a DBA does not want back */
	List	   *found;			/* OIDs of the script's tables that were there before, and of kept views */
	List	   *kept;			/* names of views that cannot be replaced */
} ScriptRun;

/*
 * Returns the folder of the control file, as the server finds it: the first
 * one of the path that has it, or the server's own.
 */
static char *
control_directory(void)
{
	char		share[MAXPGPATH];
	const char *next;

	get_share_path(my_exec_path, share);
	for (const char *at = crm_control_path; at != NULL && *at != '\0'; at = next)
	{
		const char *separator = first_path_var_separator(at);
		char	   *base = separator == NULL ? pstrdup(at) : pnstrdup(at, separator - at);
		char	   *directory = psprintf("%s/extension", strcmp(base, "$system") == 0 ? share : base);
		struct stat info;

		if (stat(psprintf("%s/crm.control", directory), &info) == 0)
			return directory;
		next = separator == NULL ? NULL : separator + 1;
	}
	return psprintf("%s/extension", share);
}

/* Returns the full name of a script beside the control file. */
char *
crm_script_path(const char *name)
{
	return psprintf("%s/%s", control_directory(), name);
}

/* Reads a script, which is in UTF-8, as a string in the database's encoding. */
char *
crm_read_script(const char *name)
{
	char	   *path = crm_script_path(name);
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
	return pg_any_to_server(text, (int) info.st_size, PG_UTF8);
}

/* Adds module and line to an error of a script. */
static void
script_error_context(void *argument)
{
	const ScriptRun *run = argument;
	const char *marker = "-- file: ";
	const char *end = run->script->text + run->location;
	char		module[NAMEDATALEN] = "?";
	int			line = 0;

	for (const char *at = run->script->text; at < end && at != NULL;)
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

/* Tells whether a DBA asked that an object should not come back. */
static bool
is_unwanted(ScriptRun *run, const char *schema, const char *name)
{
	char	   *qualified = psprintf("%s.%s", schema, name);
	ListCell   *cell;

	foreach(cell, run->unwanted)
	{
		if (strcmp(lfirst(cell), qualified) == 0)
			return true;
	}
	return false;
}

/*
 * Returns the relation of a name, or InvalidOid.  One that is not ours is an
 * error: somebody else would own what the CRM takes for its own table.
 */
static Oid
find_relation(const char *schema, const char *name)
{
	Oid			namespace = get_namespace_oid(schema, true);
	Oid			relation = OidIsValid(namespace) ? get_relname_relid(name, namespace) : InvalidOid;
	HeapTuple	tuple;
	Oid			owner;

	if (!OidIsValid(relation))
		return InvalidOid;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	if (owner != GetUserId())
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation %s.%s exists and is not owned by %s", schema, name,
						GetUserNameFromId(GetUserId(), false)),
				 errhint("Move it to another schema, or hand it over with ALTER TABLE ... OWNER TO %s "
						 "if it is a table of this extension.",
						 GetUserNameFromId(GetUserId(), false))));
	return relation;
}

/* Reads the names that should not come back. */
static List *
read_unwanted(void)
{
	List	   *names = NIL;

	if (!OidIsValid(find_relation("crm_state", "install_skip")))
		return NIL;
	SPI_execute("SELECT object_name FROM crm_state.install_skip", true, 0);
	for (uint64 row = 0; row < SPI_processed; row++)
		names = lappend(names, SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1));
	return names;
}

/* Tells whether CREATE TABLE has something to do, and remembers tables that were there. */
static bool
table_is_needed(ScriptRun *run, CreateStmt *create)
{
	Oid			table = find_relation(create->relation->schemaname, create->relation->relname);

	if (OidIsValid(table))
		run->found = lappend_oid(run->found, table);
	return !OidIsValid(table);
}

/* Tells whether CREATE INDEX has something to do. */
static bool
index_is_needed(ScriptRun *run, IndexStmt *create)
{
	if (is_unwanted(run, create->relation->schemaname, create->idxname))
		return false;
	return !OidIsValid(find_relation(create->relation->schemaname, create->idxname));
}

/* Returns the analysed query of CREATE VIEW with the names of its columns. */
static Query *
view_query(ScriptRun *run, ViewStmt *create)
{
	RawStmt    *raw = makeNode(RawStmt);
	ListCell   *alias = list_head(create->aliases);
	ListCell   *cell;
	Query	   *query;

	raw->stmt = copyObject(create->query);
	query = parse_analyze_fixedparams(raw, run->script->text, NULL, 0, NULL);
	foreach(cell, query->targetList)
	{
		TargetEntry *column = lfirst_node(TargetEntry, cell);

		if (column->resjunk || alias == NULL)
			continue;
		column->resname = pstrdup(strVal(lfirst(alias)));
		alias = lnext(create->aliases, alias);
	}
	return query;
}

/* Returns the options of a relation as text. */
static char *
relation_options(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	char	   *text = "";
	bool		isnull;
	Datum		options;

	if (!HeapTupleIsValid(tuple))
		return text;
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		text = OidOutputFunctionCall(F_ARRAY_OUT, options);
	ReleaseSysCache(tuple);
	return text;
}

/*
 * Tells whether a view's definition is that of a query.  A view of one table
 * is written with or without the table's name before its columns, as the
 * rule of the view has more entries than the query or not.
 */
static bool
is_definition(const char *definition, Query *query)
{
	if (strcmp(definition, psprintf("%s;", pg_get_querydef(query, false))) == 0)
		return true;
	if (list_length(query->rtable) != 1)
		return false;
	query = copyObject(query);
	query->rtable = lappend(query->rtable, copyObject(linitial(query->rtable)));
	return strcmp(definition, psprintf("%s;", pg_get_querydef(query, false))) == 0;
}

/* Tells whether CREATE VIEW would make another view than the one that is there. */
static bool
view_differs(Oid view, ViewStmt *create, Query *query)
{
	Datum		options;
	char	   *present;

	options = transformRelOptions((Datum) 0, create->options, NULL, NULL, false, false);
	if (strcmp(relation_options(view),
			   options == (Datum) 0 ? "" : OidOutputFunctionCall(F_ARRAY_OUT, options)) != 0)
		return true;
	present = TextDatumGetCString(DirectFunctionCall1(pg_get_viewdef, ObjectIdGetDatum(view)));
	return !is_definition(present, query);
}

/*
 * Tells whether CREATE OR REPLACE VIEW can put a query in place of a view: the
 * columns that are there have to stay, further ones may follow.
 */
static bool
view_is_replaceable(Oid view, Query *query)
{
	Relation	relation = relation_open(view, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(relation);
	int			columns = desc->natts;
	int			same = 0;
	ListCell   *cell;

	foreach(cell, query->targetList)
	{
		TargetEntry *column = lfirst_node(TargetEntry, cell);
		Form_pg_attribute present;

		if (column->resjunk)
			continue;
		if (same == columns)
			break;
		present = TupleDescAttr(desc, same);
		if (strcmp(NameStr(present->attname), column->resname) != 0 ||
			present->atttypid != exprType((Node *) column->expr) ||
			present->atttypmod != exprTypmod((Node *) column->expr) ||
			present->attcollation != exprCollation((Node *) column->expr))
			break;
		same++;
	}
	relation_close(relation, AccessShareLock);
	return same == columns;
}

/*
 * Tells whether CREATE VIEW has something to do.  A view that a DBA gave other
 * columns cannot be replaced: it is noted and stays.
 */
static bool
view_is_needed(ScriptRun *run, ViewStmt *create)
{
	Oid			view;
	Query	   *query;

	if (is_unwanted(run, create->view->schemaname, create->view->relname))
		return false;
	view = find_relation(create->view->schemaname, create->view->relname);
	if (!OidIsValid(view) || get_rel_relkind(view) != RELKIND_VIEW)
		return true;
	query = view_query(run, create);
	if (!view_is_replaceable(view, query))
	{
		run->found = lappend_oid(run->found, view);
		run->kept = lappend(run->kept, psprintf("%s.%s", create->view->schemaname, create->view->relname));
		return false;
	}
	return create->withCheckOption != NO_CHECK_OPTION || view_differs(view, create, query);
}

/*
 * Returns the relation that a comment stands on, as a list of names, or NIL
 * for a comment on something else.
 */
static List *
commented_relation(CommentStmt *comment)
{
	switch (comment->objtype)
	{
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_INDEX:
			return castNode(List, comment->object);
		case OBJECT_COLUMN:
			return list_truncate(list_copy(castNode(List, comment->object)),
								 list_length(castNode(List, comment->object)) - 1);
		default:
			return NIL;
	}
}

/*
 * Tells whether COMMENT has something to do.  What a DBA took away (a column,
 * an index or view that should not come back) needs no comment.
 */
static bool
comment_is_needed(ScriptRun *run, CommentStmt *comment)
{
	List	   *names = commented_relation(comment);
	Oid			on_relation = InvalidOid;
	Relation	relation = NULL;
	ObjectAddress address;
	char	   *present;

	if (list_length(names) == 2)
	{
		on_relation = find_relation(strVal(linitial(names)), strVal(lsecond(names)));
		if (!OidIsValid(on_relation))
			return !is_unwanted(run, strVal(linitial(names)), strVal(lsecond(names)));
	}
	address = get_object_address(comment->objtype, comment->object, &relation, AccessShareLock, true);
	if (relation != NULL)
		relation_close(relation, NoLock);
	if (!OidIsValid(address.objectId))
		return !list_member_oid(run->found, on_relation);
	present = GetComment(address.objectId, address.classId, address.objectSubId);
	if (present == NULL || comment->comment == NULL)
		return present != comment->comment;
	return !run->script->keep_comments && strcmp(present, comment->comment) != 0;
}

/* Tells whether an INSERT of first rows is wanted: a DBA who deleted them all does not want them back. */
static bool
rows_are_needed(ScriptRun *run, InsertStmt *insert)
{
	return !run->script->keep_rows || insert->onConflictClause != NULL ||
		!list_member_oid(run->found, find_relation(insert->relation->schemaname, insert->relation->relname));
}

/* Tells whether a statement has something to do. */
static bool
is_needed(ScriptRun *run, Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateStmt:
			return table_is_needed(run, castNode(CreateStmt, statement));
		case T_IndexStmt:
			return index_is_needed(run, castNode(IndexStmt, statement));
		case T_ViewStmt:
			return view_is_needed(run, castNode(ViewStmt, statement));
		case T_CommentStmt:
			return comment_is_needed(run, castNode(CommentStmt, statement));
		case T_InsertStmt:
			return rows_are_needed(run, castNode(InsertStmt, statement));
		default:
			return true;
	}
}

/* Runs one statement of a script. */
static void
run_statement(ScriptRun *run, RawStmt *statement)
{
	const char *start = run->script->text + statement->stmt_location;
	int			length = statement->stmt_len > 0 ? statement->stmt_len : (int) strlen(start);
	char	   *text = pnstrdup(start, length);
	int			code;

	run->location = statement->stmt_location + (int) strspn(text, " \t\r\n");
	if (is_needed(run, statement->stmt))
	{
		code = SPI_execute(text, false, 0);
		if (code < 0)
			elog(ERROR, "could not execute a statement of the schema script: %s",
				 SPI_result_code_string(code));
	}
	pfree(text);
}

/*
 * Runs the statements of a script one by one, as the current user; needs SPI
 * connected.  Returns the names of the views that had to stay as they are.
 */
List *
crm_run_script(const CrmScript *script)
{
	List	   *statements = pg_parse_query(script->text);
	ScriptRun	run = {.script = script};
	ErrorContextCallback callback = {
		.callback = script_error_context,
		.arg = &run,
		.previous = error_context_stack,
	};
	int64		done = 0;
	ListCell   *cell;

	run.unwanted = read_unwanted();
	crm_check_structure(script->text, statements, run.unwanted);
	error_context_stack = &callback;
	foreach(cell, statements)
	{
		CHECK_FOR_INTERRUPTS();
		crm_progress_report("install", "starting", done++, list_length(statements));
		run_statement(&run, lfirst_node(RawStmt, cell));
	}
	error_context_stack = callback.previous;
	crm_progress_finish();
	return run.kept;
}
