/*
 * pg_currency.c
 *		Exchange rates, and the currency of documents that leave it out.
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"
#include "pg/pg_fill.h"

CRM_FUNCTION_INFO_V1(crm_currency_fill);

/* The rate of a currency on a day of the organisation; 1 for its base currency. */
static CrmPlan read_rate = {
	.sql = "SELECT CASE WHEN o.base_currency_code OPERATOR(pg_catalog.=) $1 THEN 1 ELSE ("
	"SELECT r.rate_to_base FROM crm.exchange_rate r "
	"WHERE r.currency_code OPERATOR(pg_catalog.=) $1 AND r.rate_date OPERATOR(pg_catalog.<=) "
	"($2 AT TIME ZONE o.time_zone)::date ORDER BY r.rate_date DESC LIMIT 1) END::numeric(20,10) "
	"FROM crm.organization o",
	.nargs = 2,
	.argtypes = {TEXTOID, TIMESTAMPTZOID},
};

static CrmPlan read_base_currency = {
	.sql = "SELECT o.base_currency_code FROM crm.organization o",
};

/* Returns a currency for a message; what is no code is cut between characters. */
static char *
shown_currency(Datum currency)
{
	char	   *code = TextDatumGetCString(currency);

	return pnstrdup(code, pg_mbcliplen(code, (int) strlen(code), 20));
}

/* Returns the rate of a currency on a day, or raises. */
Datum
crm_currency_rate(Datum currency, Datum at)
{
	Datum		values[2] = {currency, at};
	bool		isnull = true;
	Datum		rate = (Datum) 0;

	if (crm_execute(&read_rate, values, NULL) == 1)
		rate = crm_result(0, 1, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_RATE_MISSING),
				 errmsg("no exchange rate for %s", shown_currency(currency)),
				 errdetail("crm.exchange_rate has no rate on or before the day of the document."),
				 errhint("Insert a rate to the base currency for that day or an earlier one."),
				 crm_error_column("exchange_rate", "rate_to_base", "exchange_rate_missing_check")));
	return rate;
}

/*
 * Refuses a rate other than 1 that a client gives for a document in the base
 * currency: the same amount would be two.
 */
void
crm_check_base_rate(const CrmFill *fill, Datum base_currency)
{
	const char *table = RelationGetRelationName(fill->trigdata->tg_relation);
	bool		isnull[2];
	Datum		currency = crm_fill_get(fill, "currency_code", &isnull[0]);
	Datum		rate = crm_fill_get(fill, "fx_rate_to_base", &isnull[1]);

	if (isnull[0] || isnull[1] ||
		!DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, currency, base_currency)) ||
		DatumGetBool(DirectFunctionCall2(numeric_eq, rate, NumericGetDatum(int64_to_numeric(1)))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("the rate of the base currency is 1"),
			 errdetail("currency_code is %s, the base currency.", TextDatumGetCString(currency)),
			 errhint("Leave fx_rate_to_base out, or give 1."),
			 crm_error_column(table, "fx_rate_to_base",
							  psprintf("%s_fx_rate_to_base_check", table))));
}

/* Returns the moment that a column of NEW stands for; a date is its midnight. */
static Datum
moment_of(const CrmFill *fill, const char *column, bool *isnull)
{
	Datum		value = crm_fill_get(fill, column, isnull);
	int			attno = crm_column(fill->desc, column);

	if (!*isnull && TupleDescAttr(fill->desc, attno - 1)->atttypid == DATEOID)
		value = DirectFunctionCall1(date_timestamptz, value);
	return value;
}

/* Sets currency_code to the organisation's base currency if it was left out. */
static void
fill_code(CrmFill *fill)
{
	if (crm_fill_isnull(fill, "currency_code") && crm_execute(&read_base_currency, NULL, NULL) == 1)
		crm_fill_default(fill, "currency_code", 1);
}

/* Sets fx_rate_to_base to the rate of the document's day if it was left out. */
static void
fill_rate(CrmFill *fill, const char *date_column)
{
	bool		isnull;
	Datum		at = moment_of(fill, date_column, &isnull);
	Datum		currency;

	if (!crm_fill_isnull(fill, "fx_rate_to_base"))
	{
		if (crm_execute(&read_base_currency, NULL, NULL) == 1)
			crm_check_base_rate(fill, crm_result(0, 1, &isnull));
		return;
	}
	if (isnull || crm_fill_isnull(fill, "currency_code"))
		return;
	currency = crm_fill_get(fill, "currency_code", &isnull);
	crm_fill_set(fill, "fx_rate_to_base",
				 SPI_datumTransfer(crm_currency_rate(currency, at), false, -1), false);
}

/*
 * BEFORE INSERT, FOR EACH ROW: completes the currency of a document.  The
 * argument is the column whose day the rate is taken of; without one the table
 * has a currency but no rate.
 */
Datum
crm_currency_fill(PG_FUNCTION_ARGS)
{
	CrmFill		fill;
	const Trigger *trigger;

	crm_fill_begin(&fill, fcinfo, "crm_currency_fill");
	trigger = fill.trigdata->tg_trigger;
	SPI_connect();
	fill_code(&fill);
	if (trigger->tgnargs > 0)
		fill_rate(&fill, trigger->tgargs[0]);
	SPI_finish();
	return crm_fill_end(&fill);
}
