/*
 * pg_structure.c
 *		What the schema script makes, compared with what is there.
 *
 * The script is the one place that says which columns, constraints and indexes
 * the tables have.  CREATE TABLE IF NOT EXISTS passes over a table that lost a
 * column, and whatever reads the column fails later and elsewhere.  So an
 * installation looks first, and crm.health() reports what is missing.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/attnum.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_script.h"

CRM_FUNCTION_INFO_V1(crm_script_structure);

/* Returns a relation of the current user by its name, or InvalidOid. */
static Oid
own_relation(const RangeVar *name)
{
	Oid			schema = get_namespace_oid(name->schemaname, true);
	Oid			relation = OidIsValid(schema) ? get_relname_relid(name->relname, schema) : InvalidOid;
	HeapTuple	tuple;
	bool		is_own;

	if (!OidIsValid(relation))
		return InvalidOid;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	is_own = ((Form_pg_class) GETSTRUCT(tuple))->relowner == GetUserId();
	ReleaseSysCache(tuple);
	return is_own ? relation : InvalidOid;
}

/* Returns where a quoted text, which begins here, ends. */
static const char *
skip_quoted(const char *at)
{
	char		quote = *at;

	for (at++; *at != '\0' && *at != quote; at++)
		;
	return *at == '\0' ? at : at + 1;
}

/*
 * Returns the text of a column or constraint from its place in the script to
 * the comma or parenthesis that ends it, in one line and without remarks.
 */
static char *
element_text(const char *script, int location)
{
	StringInfoData text;
	int			depth = 0;
	const char *at = script + location;

	initStringInfo(&text);
	while (*at != '\0' && !(depth == 0 && (*at == ',' || *at == ')')))
	{
		const char *end = at + 1;

		if (*at == '\'' || *at == '"')
			end = skip_quoted(at);
		else if (strncmp(at, "--", 2) == 0)
		{
			at += strcspn(at, "\n");
			continue;
		}
		depth += (*at == '(') - (*at == ')');
		if (!isspace((unsigned char) *at))
			appendBinaryStringInfo(&text, at, (int) (end - at));
		else if (text.len > 0 && text.data[text.len - 1] != ' ')
			appendStringInfoChar(&text, ' ');
		at = end;
	}
	while (text.len > 0 && text.data[text.len - 1] == ' ')
		text.data[--text.len] = '\0';
	return text.data;
}

/* Tells whether a DBA took a column away on purpose. */
static bool
is_unwanted(const List *unwanted, const RangeVar *table, const char *column)
{
	const char *name = psprintf("%s.%s.%s", table->schemaname, table->relname, column);
	const ListCell *cell;

	foreach(cell, unwanted)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/* Refuses to go on with a table that lost a column. */
static void
check_table(const char *script, const CreateStmt *create, const List *unwanted)
{
	Oid			table = own_relation(create->relation);
	const ListCell *cell;

	if (!OidIsValid(table))
		return;
	foreach(cell, create->tableElts)
	{
		const ColumnDef *column = lfirst(cell);

		if (!IsA(column, ColumnDef) || get_attnum(table, column->colname) != InvalidAttrNumber ||
			is_unwanted(unwanted, create->relation, column->colname))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table %s.%s has no column %s", create->relation->schemaname,
						create->relation->relname, column->colname),
				 errdetail("crm makes it as: %s.", element_text(script, column->location)),
				 errhint("Bring it back from a backup or with ALTER TABLE ... ADD COLUMN. If it was dropped "
						 "on purpose, list %s.%s.%s in crm_state.install_skip.",
						 create->relation->schemaname, create->relation->relname, column->colname),
				 err_generic_string(PG_DIAG_SCHEMA_NAME, create->relation->schemaname),
				 err_generic_string(PG_DIAG_TABLE_NAME, create->relation->relname),
				 err_generic_string(PG_DIAG_COLUMN_NAME, column->colname)));
	}
}

/* Refuses to run a script over tables that lost columns; unwanted are names that may be missing. */
void
crm_check_structure(const char *script, const List *statements, const List *unwanted)
{
	const ListCell *cell;

	foreach(cell, statements)
	{
		const RawStmt *statement = lfirst_node(RawStmt, cell);

		if (IsA(statement->stmt, CreateStmt))
			check_table(script, castNode(CreateStmt, statement->stmt), unwanted);
	}
}

/* Adds a row to the result of crm._script_structure(). */
static void
put_row(ReturnSetInfo *result, const RangeVar *table, const char *kind, const char *name,
		const char *definition)
{
	Datum		values[5];
	bool		nulls[5] = {0};

	values[0] = CStringGetTextDatum(table->schemaname);
	values[1] = CStringGetTextDatum(table->relname);
	values[2] = CStringGetTextDatum(kind);
	values[3] = CStringGetTextDatum(name);
	nulls[4] = definition == NULL;
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(definition);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Adds the rows of a column: itself and that it is NOT NULL. */
static void
put_column(ReturnSetInfo *result, const char *script, const RangeVar *table, const ColumnDef *column)
{
	const ListCell *cell;

	put_row(result, table, "column", column->colname, element_text(script, column->location));
	foreach(cell, column->constraints)
	{
		if (castNode(Constraint, lfirst(cell))->contype == CONSTR_NOTNULL)
			put_row(result, table, "not null", column->colname, NULL);
	}
}

/* Adds the rows of a table. */
static void
put_table(ReturnSetInfo *result, const char *script, const CreateStmt *create)
{
	const ListCell *cell;

	put_row(result, create->relation, "table", create->relation->relname, NULL);
	foreach(cell, create->tableElts)
	{
		const Node *element = lfirst(cell);

		if (IsA(element, ColumnDef))
			put_column(result, script, create->relation, (const ColumnDef *) element);
		else if (IsA(element, Constraint) && ((const Constraint *) element)->conname != NULL)
			put_row(result, create->relation, "constraint", ((const Constraint *) element)->conname,
					element_text(script, ((const Constraint *) element)->location));
	}
}

/* SQL: crm._script_structure(): the tables that the script makes, with their parts. */
Datum
crm_script_structure(PG_FUNCTION_ARGS)
{
	char	   *script = crm_read_script("crm-schema--" CRM_VERSION ".sql");
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, pg_parse_query(script))
	{
		const Node *statement = lfirst_node(RawStmt, cell)->stmt;

		CHECK_FOR_INTERRUPTS();
		if (IsA(statement, CreateStmt))
			put_table(result, script, (const CreateStmt *) statement);
		else if (IsA(statement, IndexStmt))
			put_row(result, ((const IndexStmt *) statement)->relation, "index",
					((const IndexStmt *) statement)->idxname, NULL);
	}
	return (Datum) 0;
}
