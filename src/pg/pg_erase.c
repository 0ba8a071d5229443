/*
 * pg_erase.c
 *		Erasure of personal data: the way past the guards of append-only tables.
 *
 * What an erasure does to a table follows from the registry of personal data
 * and the catalogue, in SQL (crm._erase_table).  Histories and ledgers refuse
 * every UPDATE but a write of our own, so for these the same function runs
 * under the flag that marks such writes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_erase_rows);
CRM_FUNCTION_INFO_V1(crm_apply_retention_own);
CRM_FUNCTION_INFO_V1(crm_actor_sql);

/* Erases the rows of one table that hang on a customer or a contact. */
static CrmPlan erase_table = {
	.sql = "SELECT crm._erase_table($1, $2, $3, $4, $5, $6)",
	.nargs = 6,
	.argtypes = {OIDOID, INT8OID, INT8ARRAYOID, TEXTOID, TEXTOID, BOOLOID},
};

/*
 * SQL: crm._erase_rows(table_id, subject_id, lead_ids, external_source,
 * external_id, of_contact): crm._erase_table() as a write of our own to that
 * table.
 */
Datum
crm_erase_rows(PG_FUNCTION_ARGS)
{
	char	   *table = get_rel_name(PG_GETARG_OID(0));
	Datum		values[6];
	int64		count;

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no table with OID %u", PG_GETARG_OID(0))));
	for (int i = 0; i < 6; i++)
		values[i] = PG_GETARG_DATUM(i);
	SPI_connect();
	crm_execute_own(&erase_table, values, table);
	count = crm_result_int64(0, 1);
	SPI_finish();
	PG_RETURN_INT64(count);
}

/* Does what one rule of retention says. */
static CrmPlan apply_rule = {
	.sql = "SELECT crm._apply_retention_rule($1)",
	.nargs = 1,
	.argtypes = {INT8OID},
};

/*
 * SQL: crm._apply_retention_own(retention_rule_id, table_name):
 * crm._apply_retention_rule() as a write of our own to the table of the rule.
 */
Datum
crm_apply_retention_own(PG_FUNCTION_ARGS)
{
	Datum		values[] = {PG_GETARG_DATUM(0)};
	char	   *table = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int64		count;

	SPI_connect();
	crm_execute_own(&apply_rule, values, table);
	count = crm_result_int64(0, 1);
	SPI_finish();
	PG_RETURN_INT64(count);
}

/* SQL: crm._actor(): the name that created_by and its like keep. */
Datum
crm_actor_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(crm_actor()));
}
