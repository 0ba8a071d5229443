/*
 * pg_caller.c
 *		Questions that a SECURITY DEFINER function asks with the caller's rights.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_caller_can_change);

/* Locks the row of this key if the current user may change it; tells whether there is one. */
static bool
lock_row(const char *table, int64 row_id)
{
	Oid			relation = get_relname_relid(table, get_namespace_oid("crm", false));
	const char *key = quote_identifier(psprintf("%s_id", table));
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(row_id);
	char	   *sql = psprintf("SELECT FROM crm.%s t WHERE t.%s OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
							   quote_identifier(table), key);
	int			code;

	if (!OidIsValid(relation) || get_attnum(relation, psprintf("%s_id", table)) == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("crm.%.60s is not a table with a key of its own", table)));
	code = SPI_execute_with_args(sql, 1, &type, &value, NULL, false, 0);
	if (code < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(code));
	return SPI_processed > 0;
}

/*
 * Tells whether the caller sees a row and may change it, and locks it.  It is
 * the outer user's privileges and policies that decide, as for a statement of
 * his own, so that no rule stands twice.
 */
Datum
crm_caller_can_change(PG_FUNCTION_ARGS)
{
	char	   *table = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		found;
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(GetOuterUserId(), context | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	found = lock_row(table, PG_GETARG_INT64(1));
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	PG_RETURN_BOOL(found);
}
