/*
 * pg_order_fill.c
 *		Completes new orders and lines, and freezes what an order is booked with.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/numeric.h"
#include "utils/rel.h"

#include "core/crm_lines.h"
#include "pg/crm_pg.h"
#include "pg/pg_fill.h"
#include "pg/pg_rows.h"
#include "pg/pg_stock.h"

/* Decimal places of an amount. */
#define MONEY_DIGITS 4

CRM_FUNCTION_INFO_V1(crm_sales_order_fill);
CRM_FUNCTION_INFO_V1(crm_order_item_fill);

/*
 * What an order takes over from its customer and the organisation.  The lock is
 * the one that the foreign key takes later, so that orders of one customer do
 * not wait for each other; deleting and erasing him waits for it.
 */
static CrmPlan read_customer = {
	.sql = "SELECT c.deleted_at IS NOT NULL, c.region_id, c.sales_rep_id, c.name, c.street, c.city, "
	"c.state, c.postal_code, c.country_code, o.base_currency_code "
	"FROM crm.customer c, crm.organization o WHERE c.customer_id OPERATOR(pg_catalog.=) $1 "
	"FOR KEY SHARE OF c",
	.nargs = 1,
	.argtypes = {INT8OID},
};

static CrmPlan read_returned = {
	.sql = "SELECT o.order_kind FROM crm.sales_order o WHERE o.sales_order_id OPERATOR(pg_catalog.=) $1",
	.nargs = 1,
	.argtypes = {INT8OID},
};

static CrmPlan read_next_line = {
	.sql = "SELECT COALESCE(pg_catalog.max(i.line_no), 0)::bigint OPERATOR(pg_catalog.+) 1 FROM crm.order_item i "
	"WHERE i.sales_order_id OPERATOR(pg_catalog.=) $1",
	.nargs = 1,
	.argtypes = {INT8OID},
};

/* A product's price in the currency of an order, or one that no line may have. */
static CrmPlan convert_price = {
	.sql = "SELECT LEAST($1 OPERATOR(pg_catalog.*) $2 OPERATOR(pg_catalog./) $3, 99999999999999)"
	"::numeric(18,4)",
	.nargs = 3,
	.argtypes = {NUMERICOID, NUMERICOID, NUMERICOID},
};

/* Raises that a row which is referred to does not exist. */
static void
raise_missing(const char *what, int64 id, const char *table, const char *column,
			  const char *constraint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("%s %lld does not exist", what, (long long) id),
			 crm_error_column(table, column, constraint)));
}

/* Raises that the customer of an order was deleted. */
static void
raise_deleted(int64 customer_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CRM_RECORD_DELETED),
			 errmsg("customer %lld is deleted", (long long) customer_id),
			 errhint("Restore it with crm.restore_customer() first."),
			 crm_error_column("sales_order", "customer_id", NULL)));
}

/* Tells whether NEW is a return. */
static bool
is_return(const CrmFill *fill)
{
	bool		isnull;
	Datum		kind = crm_fill_get(fill, "order_kind", &isnull);

	return !isnull && strcmp(TextDatumGetCString(kind), "return") == 0;
}

/* Fills the delivery address as a whole, from the customer's. */
static void
fill_address(CrmFill *fill)
{
	static const char *const columns[] = {"ship_to_name", "ship_to_street", "ship_to_city",
	"ship_to_state", "ship_to_postal_code", "ship_to_country_code"};

	for (int i = 0; i < 6; i++)
	{
		if (!crm_fill_isnull(fill, columns[i]))
			return;
	}
	for (int i = 0; i < 6; i++)
		crm_fill_default(fill, columns[i], 4 + i);
}

/* Refuses an amount that a client sends with a new row though it is computed. */
static void
refuse_amount(const CrmFill *fill, const char *column, const char *kept_by, const char *hint)
{
	const char *table = RelationGetRelationName(fill->trigdata->tg_relation);
	AttrNumber	attno = crm_column(fill->desc, column);
	bool		isnull;
	Datum		amount = crm_fill_get(fill, column, &isnull);

	if (!isnull && TupleDescAttr(fill->desc, attno - 1)->atttypid == INT4OID)
		amount = DirectFunctionCall1(int4_numeric, amount);
	if (isnull || DatumGetBool(DirectFunctionCall2(numeric_eq, amount,
												   NumericGetDatum(int64_to_numeric(0)))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_MAINTAINED_COLUMN),
			 errmsg("%s.%s is kept by %s", table, column, kept_by),
			 errhint("%s", hint),
			 crm_error_column(table, column, NULL)));
}

/* Refuses totals that a client sends: they follow from the lines. */
static void
check_no_totals(const CrmFill *fill)
{
	static const char *const columns[] = {"total_amount", "total_base", "line_count"};

	for (int i = 0; i < 3; i++)
		refuse_amount(fill, columns[i], "the lines of the order",
					  "Leave it out and insert the lines into crm.order_item.");
}

/* Refuses a return that points at something else than a sale. */
static void
check_returned(const CrmFill *fill)
{
	int64		returned = crm_fill_int64(fill, "returns_order_id");
	Datum		argument = Int64GetDatum(returned);
	bool		isnull;

	if (returned == 0)
		return;
	if (crm_execute(&read_returned, &argument, NULL) == 0)
		raise_missing("order", returned, "sales_order", "returns_order_id",
					  "sales_order_customer_id_returns_order_id_fkey");
	if (strcmp(TextDatumGetCString(crm_result(0, 1, &isnull)), "sale") == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("order %lld is a return and cannot be returned", (long long) returned),
			 errhint("Let returns_order_id name the sale."),
			 crm_error_column("sales_order", "returns_order_id", "sales_order_returns_check")));
}

/* Reads the customer of an order; refuses one that is unknown or deleted. */
static bool
check_customer(const CrmFill *fill)
{
	int64		customer_id = crm_fill_int64(fill, "customer_id");
	Datum		argument = Int64GetDatum(customer_id);

	if (crm_fill_isnull(fill, "customer_id"))
		return false;			/* NOT NULL will say so */
	/* One that the caller does not see is to him one that there is not. */
	if (crm_execute(&read_customer, &argument, NULL) == 0 ||
		!crm_scope_covers(crm_result_int64(0, 3), crm_result_int64(0, 2)))
		raise_missing("customer", customer_id, "sales_order", "customer_id",
					  "sales_order_customer_id_fkey");
	/* What a deleted customer bought can still come back. */
	if (crm_result_bool(0, 1) && !is_return(fill))
		raise_deleted(customer_id);
	return true;
}

/* Completes a new order. */
static void
fill_new_order(CrmFill *fill)
{
	bool		isnull;
	Datum		rate;

	if (!check_customer(fill))
		return;
	crm_fill_default(fill, "region_id", 2);
	crm_fill_default(fill, "sales_rep_id", 3);
	fill_address(fill);
	crm_fill_default(fill, "currency_code", 10);
	crm_check_base_rate(fill, crm_result(0, 10, &isnull));
	if (!crm_fill_isnull(fill, "fx_rate_to_base") || crm_fill_isnull(fill, "order_date"))
		return;
	rate = crm_currency_rate(crm_fill_get(fill, "currency_code", &isnull),
						 crm_fill_get(fill, "order_date", &isnull));
	crm_fill_set(fill, "fx_rate_to_base", SPI_datumTransfer(rate, false, -1), false);
}

/* Tells whether an update leads out of canceled: the order is as good as new. */
static bool
is_revived(const CrmFill *fill)
{
	bool		isnull;
	Datum		status = heap_getattr(fill->trigdata->tg_trigtuple, crm_column(fill->desc, "status"),
									  fill->desc, &isnull);

	return crm_fill_changes(fill, "status") && strcmp(TextDatumGetCString(status), "canceled") == 0;
}

/* Refuses changes of what an order is booked with. */
static void
check_order_update(const CrmFill *fill)
{
	static const char *const totals[] = {"total_amount", "total_base", "line_count"};
	static const char *const frozen[] = {"order_kind", "returns_order_id", "currency_code",
	"fx_rate_to_base"};

	for (int i = 0; i < 3; i++)
		crm_fill_refuse_change(fill, totals[i], "It follows from the lines of the order.");
	for (int i = 0; i < 4; i++)
		crm_fill_refuse_change(fill, frozen[i],
							   "It is fixed when the order is booked: cancel the order and place another.");
	if (!crm_fill_changes(fill, "customer_id") && !is_revived(fill))
		return;
	SPI_connect();
	check_customer(fill);
	SPI_finish();
}

/* BEFORE INSERT OR UPDATE on sales_order, FOR EACH ROW. */
Datum
crm_sales_order_fill(PG_FUNCTION_ARGS)
{
	CrmFill		fill;

	crm_fill_begin(&fill, fcinfo, "crm_sales_order_fill");
	if (fill.is_update)
	{
		if (!crm_is_own_write(fill.trigdata->tg_relation))
			check_order_update(&fill);
		return crm_fill_end(&fill);
	}
	SPI_connect();
	check_no_totals(&fill);
	check_returned(&fill);
	fill_new_order(&fill);
	SPI_finish();
	return crm_fill_end(&fill);
}

/* What a line takes over from its order and its product. */
typedef struct LineFacts
{
	int64		customer_id;
	Datum		order_currency;
	Datum		rate;			/* of the order, frozen */
	Datum		order_date;
	bool		is_sale;
	bool		is_finished;	/* the order */
	Datum		product_name;
	Datum		product_currency;
	Datum		price;			/* of the product, in its currency */
	bool		is_active;		/* the product */
	bool		is_deleted;		/* the product */
} LineFacts;

/* Copies a cell out of a table's row. */
static Datum
copy_cell(const CrmTable *table, const char *column)
{
	TupleDesc	desc = RelationGetDescr(table->relation);
	AttrNumber	attno = crm_column(desc, column);
	bool		isnull;
	Datum		value = slot_getattr(table->slot, attno, &isnull);

	return datumCopy(value, TupleDescAttr(desc, attno - 1)->attbyval,
					 TupleDescAttr(desc, attno - 1)->attlen);
}

/* Tells whether the caller sees the order: to him one that he does not see is one that there is not. */
static bool
is_visible(const CrmTable *order)
{
	TupleDesc	desc = RelationGetDescr(order->relation);
	AttrNumber	rep = crm_column(desc, "sales_rep_id");
	AttrNumber	region = crm_column(desc, "region_id");

	return crm_scope_covers(crm_slot_isnull(order->slot, rep) ? 0 : crm_slot_int64(order->slot, rep),
							crm_slot_isnull(order->slot, region) ? 0 : crm_slot_int64(order->slot, region));
}

/* Reads the order of a line, or raises. */
static void
read_order(LineFacts *facts, int64 sales_order_id)
{
	CrmTable	table;
	const char *status;

	crm_table_open(&table, "sales_order", AccessShareLock);
	if (!crm_table_fetch(&table, sales_order_id) || !is_visible(&table))
		raise_missing("order", sales_order_id, "order_item", "sales_order_id",
					  "order_item_customer_id_sales_order_id_fkey");
	facts->customer_id = DatumGetInt64(copy_cell(&table, "customer_id"));
	facts->order_currency = copy_cell(&table, "currency_code");
	facts->rate = copy_cell(&table, "fx_rate_to_base");
	facts->order_date = copy_cell(&table, "order_date");
	status = TextDatumGetCString(copy_cell(&table, "status"));
	facts->is_finished = strcmp(status, "completed") == 0 || strcmp(status, "canceled") == 0;
	facts->is_sale = strcmp(TextDatumGetCString(copy_cell(&table, "order_kind")), "sale") == 0;
	crm_table_close(&table);
}

/* Reads the product of a line, or raises. */
static void
read_product(LineFacts *facts, int64 product_id)
{
	CrmTable	table;

	crm_table_open(&table, "product", AccessShareLock);
	if (!crm_table_fetch(&table, product_id))
		raise_missing("product", product_id, "order_item", "product_id",
					  "order_item_product_id_fkey");
	facts->product_name = copy_cell(&table, "name");
	facts->product_currency = copy_cell(&table, "currency_code");
	facts->price = copy_cell(&table, "price");
	facts->is_active = DatumGetBool(copy_cell(&table, "active"));
	facts->is_deleted = !crm_slot_isnull(table.slot, crm_column(RelationGetDescr(table.relation),
																"deleted_at"));
	crm_table_close(&table);
}

/* Sets a cell of NEW if the client left it NULL. */
static void
set_default(CrmFill *fill, const char *column, Datum value)
{
	if (crm_fill_isnull(fill, column))
		crm_fill_set(fill, column, value, false);
}

/* Returns a value out of SPI's memory that lasts until the row is done. */
static Datum
query_numeric(CrmPlan *plan, Datum *values)
{
	bool		isnull;
	Datum		result;

	SPI_connect();
	crm_execute(plan, values, NULL);
	result = SPI_datumTransfer(crm_result(0, 1, &isnull), false, -1);
	SPI_finish();
	return result;
}

/* Sets the product's price, in the order's currency. */
static void
fill_price(CrmFill *fill, const LineFacts *facts)
{
	Datum		values[3];

	if (!crm_fill_isnull(fill, "unit_price"))
		return;
	if (strcmp(TextDatumGetCString(facts->order_currency),
			   TextDatumGetCString(facts->product_currency)) == 0)
	{
		crm_fill_set(fill, "unit_price", facts->price, false);
		return;
	}
	SPI_connect();
	values[1] = SPI_datumTransfer(crm_currency_rate(facts->product_currency, facts->order_date),
								  false, -1);
	SPI_finish();
	values[0] = facts->price;
	values[2] = facts->rate;
	crm_fill_set(fill, "unit_price", query_numeric(&convert_price, values), false);
}

/* Sets the next number of a line within its order. */
static void
fill_line_no(CrmFill *fill)
{
	int64		sales_order_id = crm_fill_int64(fill, "sales_order_id");
	Datum		argument = Int64GetDatum(sales_order_id);
	int64		line_no;

	if (!crm_fill_isnull(fill, "line_no"))
		return;
	SPI_connect();
	crm_execute(&read_next_line, &argument, NULL);
	line_no = crm_result_int64(0, 1);
	SPI_finish();
	if (line_no > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("order %lld has no next line number", (long long) sales_order_id),
				 errdetail("Its last line has the largest one, %d.", PG_INT32_MAX),
				 errhint("Give a line_no that is free."),
				 crm_error_column("order_item", "line_no", "order_item_line_no_check")));
	crm_fill_set(fill, "line_no", Int32GetDatum((int32) line_no), false);
}

/* Tells whether an amount lies from 0 to a limit; NaN does not. */
static bool
within(Datum amount, Datum limit)
{
	return DatumGetBool(DirectFunctionCall2(numeric_ge, amount,
											NumericGetDatum(int64_to_numeric(0)))) &&
		DatumGetBool(DirectFunctionCall2(numeric_le, amount, limit));
}

/* Refuses a line that comes to too much in base currency. */
static void
raise_base(const CrmFill *fill)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("a line of order %lld comes to more than %lld in base currency",
					(long long) crm_fill_int64(fill, "sales_order_id"), (long long) CRM_LIMIT),
			 errhint("Check quantity, price and the order's fx_rate_to_base, or split the line."),
			 crm_error_column("order_item", "line_base", "order_item_line_base_check")));
}

/*
 * Sets the line's amount in base currency: the amount as the generated column
 * line_total will round it, at the frozen rate, rounded again.  Whatever the
 * CHECKs on the line refuse stays as it is, so that they get to say so.
 */
static void
fill_base(CrmFill *fill, const LineFacts *facts)
{
	bool		nulls[3];
	Datum		quantity = crm_fill_get(fill, "quantity", &nulls[0]);
	Datum		price = crm_fill_get(fill, "unit_price", &nulls[1]);
	Datum		discount = crm_fill_get(fill, "discount_rate", &nulls[2]);
	Datum		limit = NumericGetDatum(int64_to_numeric(CRM_LIMIT));
	Form_pg_attribute attribute;
	Datum		gross;
	Datum		amount;

	if (nulls[0] || nulls[1] || nulls[2])
		return;					/* NOT NULL will say so */
	gross = DirectFunctionCall2(numeric_mul, DirectFunctionCall1(int8_numeric, quantity), price);
	amount = DirectFunctionCall2(numeric_mul, gross,
								 DirectFunctionCall2(numeric_sub, NumericGetDatum(int64_to_numeric(1)),
													 discount));
	amount = DirectFunctionCall2(numeric_round, amount, Int32GetDatum(MONEY_DIGITS));
	if (!within(gross, limit) || !within(amount, gross))
		return;
	amount = DirectFunctionCall2(numeric_mul, amount, facts->rate);
	if (!within(amount, limit))
		raise_base(fill);
	/* What a trigger sets is not brought to the column's type by the executor. */
	attribute = TupleDescAttr(fill->desc, crm_column(fill->desc, "line_base") - 1);
	amount = DirectFunctionCall2(numeric, amount, Int32GetDatum(attribute->atttypmod));
	crm_fill_set(fill, "line_base", amount, false);
}

/* Takes name and customer anew when an update changes the product or the order alone. */
static void
refresh_copies(CrmFill *fill)
{
	if (crm_fill_changes(fill, "product_id") && !crm_fill_changes(fill, "product_name"))
		crm_fill_set(fill, "product_name", (Datum) 0, true);
	if (crm_fill_changes(fill, "sales_order_id") && !crm_fill_changes(fill, "customer_id"))
		crm_fill_set(fill, "customer_id", (Datum) 0, true);
}

/* Refuses NULL before NOT NULL would name a column that could not be filled for it. */
static void
refuse_null(const CrmFill *fill, const char *column)
{
	if (!crm_fill_isnull(fill, column))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of relation \"order_item\" violates not-null constraint",
					column),
			 crm_error_column("order_item", column, NULL)));
}

/*
 * Refuses to sell anew what is deleted or not offered.  The booking looks once
 * more, at the locked product; here it is said before anything else is.
 */
static void
check_sold(const CrmFill *fill, const LineFacts *facts)
{
	bool		is_new = !fill->is_update || crm_fill_changes(fill, "product_id") ||
		crm_fill_changes(fill, "sales_order_id");

	if (facts->is_sale && is_new)
		crm_check_product_sold(crm_fill_int64(fill, "product_id"), facts->is_deleted,
							   !facts->is_active && !facts->is_finished);
}

/* Refuses an amount in base currency that a client sends: it is computed. */
static void
check_no_base(const CrmFill *fill)
{
	if (!fill->is_update)
		refuse_amount(fill, "line_base", "crm", "Leave it out: it is line_total at the rate of the order.");
	else if (!crm_is_own_write(fill->trigdata->tg_relation))
		crm_fill_refuse_change(fill, "line_base", "It is line_total at the rate of the order.");
}

/* Completes a line from its order and product. */
static void
fill_line(CrmFill *fill)
{
	LineFacts	facts;

	check_no_base(fill);
	refuse_null(fill, "sales_order_id");
	refuse_null(fill, "product_id");
	read_order(&facts, crm_fill_int64(fill, "sales_order_id"));
	read_product(&facts, crm_fill_int64(fill, "product_id"));
	check_sold(fill, &facts);
	refresh_copies(fill);
	set_default(fill, "customer_id", Int64GetDatum(facts.customer_id));
	set_default(fill, "product_name", facts.product_name);
	fill_line_no(fill);
	fill_price(fill, &facts);
	fill_base(fill, &facts);
}

/* Tells whether an update of a line needs anything completed. */
static bool
line_needs_fill(const CrmFill *fill)
{
	static const char *const columns[] = {"sales_order_id", "product_id", "quantity",
	"unit_price", "discount_rate", "line_base"};

	for (int i = 0; i < 6; i++)
	{
		if (crm_fill_changes(fill, columns[i]))
			return true;
	}
	return false;
}

/* BEFORE INSERT OR UPDATE on order_item, FOR EACH ROW. */
Datum
crm_order_item_fill(PG_FUNCTION_ARGS)
{
	CrmFill		fill;

	crm_fill_begin(&fill, fcinfo, "crm_order_item_fill");
	if (fill.is_update && !line_needs_fill(&fill))
		return crm_fill_end(&fill);
	fill_line(&fill);
	return crm_fill_end(&fill);
}
