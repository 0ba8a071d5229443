/*
 * pg_orders.c
 *		Locking orders, adding to their totals, and the rules that need both.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "core/crm_lines.h"
#include "core/crm_sums.h"
#include "pg/crm_pg.h"
#include "pg/pg_orders.h"
#include "pg/pg_rows.h"

/* The maintained columns of crm.sales_order and the CHECKs of ours on them. */
static const char *const total_columns[] = {"total_amount", "total_base", "line_count", NULL};
static const char *const total_checks[] = {
	"sales_order_total_amount_check", "sales_order_total_base_check", "sales_order_line_count_check", NULL
};

/* The columns of crm.sales_order that are read here. */
typedef struct OrderColumns
{
	AttrNumber	customer_id;
	AttrNumber	returns_order_id;
	AttrNumber	order_date;
	AttrNumber	order_kind;
	AttrNumber	status;
	AttrNumber	total_amount;
	AttrNumber	total_base;
	AttrNumber	line_count;
} OrderColumns;

/* Locks orders of the list together with the sales that they return. */
static CrmPlan lock_orders = {
	.sql = "SELECT o.sales_order_id, o.returns_order_id, "
	"o.order_kind OPERATOR(pg_catalog.=) 'return', o.status OPERATOR(pg_catalog.=) 'pending', "
	"o.status OPERATOR(pg_catalog.=) 'canceled', "
	"o.status OPERATOR(pg_catalog.=) ANY ('{completed,canceled}'::text[]), "
	"o.customer_id, o.order_date, o.line_count::bigint "
	"FROM (SELECT pg_catalog.unnest($1) AS key UNION "
	"SELECT r.returns_order_id FROM crm.sales_order r "
	"WHERE r.sales_order_id OPERATOR(pg_catalog.=) ANY ($1) AND r.returns_order_id IS NOT NULL) k "
	"JOIN crm.sales_order o ON o.sales_order_id OPERATOR(pg_catalog.=) k.key "
	"ORDER BY o.sales_order_id FOR NO KEY UPDATE OF o",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

static CrmPlan add_totals = {
	.sql = "UPDATE crm.sales_order o SET "
	"total_amount = o.total_amount OPERATOR(pg_catalog.+) d.amount, "
	"total_base = o.total_base OPERATOR(pg_catalog.+) d.base, "
	"line_count = o.line_count OPERATOR(pg_catalog.+) d.lines::integer "
	"FROM unnest($1, $2, $3, $4) d(sales_order_id, amount, base, lines) "
	"WHERE o.sales_order_id OPERATOR(pg_catalog.=) d.sales_order_id",
	.nargs = 4,
	.argtypes = {INT8ARRAYOID, NUMERICARRAYOID, NUMERICARRAYOID, INT8ARRAYOID},
};

static CrmPlan find_empty = {
	.sql = "SELECT k.key FROM pg_catalog.unnest($1) k(key) WHERE NOT EXISTS ("
	"SELECT FROM crm.order_item i WHERE i.sales_order_id OPERATOR(pg_catalog.=) k.key) "
	"ORDER BY 1 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Sales of the list of which more of a product is returned than was sold. */
static CrmPlan find_excess = {
	.sql = "SELECT k.key, r.product_id, "
	"(SELECT COALESCE(pg_catalog.sum(s.quantity), 0)::bigint FROM crm.order_item s "
	"WHERE s.sales_order_id OPERATOR(pg_catalog.=) k.key "
	"AND s.product_id OPERATOR(pg_catalog.=) r.product_id) AS sold, r.returned "
	"FROM pg_catalog.unnest($1) k(key) CROSS JOIN LATERAL ("
	"SELECT i.product_id, LEAST(pg_catalog.sum(i.quantity), 9223372036854775807)::bigint AS returned "
	"FROM crm.sales_order o JOIN crm.order_item i "
	"ON i.sales_order_id OPERATOR(pg_catalog.=) o.sales_order_id "
	"WHERE o.returns_order_id OPERATOR(pg_catalog.=) k.key "
	"AND o.status OPERATOR(pg_catalog.<>) 'canceled' GROUP BY i.product_id) r "
	"WHERE r.returned OPERATOR(pg_catalog.>) (SELECT COALESCE(pg_catalog.sum(s.quantity), 0) "
	"FROM crm.order_item s WHERE s.sales_order_id OPERATOR(pg_catalog.=) k.key "
	"AND s.product_id OPERATOR(pg_catalog.=) r.product_id) ORDER BY 1, 2 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Locks orders, and the sales that they return, by SPI. */
static void
lock_by_spi(CrmOrders *orders, const int64 *sums, size_t norders)
{
	Datum		keys = crm_int64_column(sums, norders, CRM_ORDER_CELLS, 0);
	uint64		found = crm_execute(&lock_orders, &keys, NULL);
	bool		isnull;

	orders->count = found;
	orders->items = palloc_extended((found + 1) * sizeof(CrmOrder), MCXT_ALLOC_HUGE);
	for (uint64 row = 0; row < found; row++)
	{
		orders->items[row] = (CrmOrder)
		{
			.sales_order_id = crm_result_int64(row, 1),
				.returns_order_id = crm_result_int64(row, 2),
				.is_return = crm_result_bool(row, 3),
				.is_pending = crm_result_bool(row, 4),
				.is_canceled = crm_result_bool(row, 5),
				.is_finished = crm_result_bool(row, 6),
				.customer_id = crm_result_int64(row, 7),
				.order_date = DatumGetTimestampTz(crm_result(row, 8, &isnull)),
				.line_count = crm_result_int64(row, 9),
		};
	}
}

/* Adds sums to the totals of locked orders by SPI. */
static void
add_by_spi(const int64 *sums, size_t norders)
{
	Datum		values[4];

	values[0] = crm_int64_column(sums, norders, CRM_ORDER_CELLS, 0);
	values[1] = crm_money_column(sums, norders, CRM_ORDER_CELLS, 1);
	values[2] = crm_money_column(sums, norders, CRM_ORDER_CELLS, 2);
	values[3] = crm_int64_column(sums, norders, CRM_ORDER_CELLS, 3);
	crm_execute_own(&add_totals, values, "sales_order");
}

static OrderColumns
order_columns(TupleDesc desc)
{
	OrderColumns columns = {
		.customer_id = crm_column(desc, "customer_id"),
		.returns_order_id = crm_column(desc, "returns_order_id"),
		.order_date = crm_column(desc, "order_date"),
		.order_kind = crm_column(desc, "order_kind"),
		.status = crm_column(desc, "status"),
		.total_amount = crm_column(desc, "total_amount"),
		.total_base = crm_column(desc, "total_base"),
		.line_count = crm_column(desc, "line_count"),
	};

	return columns;
}

/* Reads the order that a slot holds. */
static CrmOrder
slot_order(TupleTableSlot *slot, const OrderColumns *columns, int64 sales_order_id)
{
	char	   *status = crm_slot_text(slot, columns->status);
	bool		isnull;
	CrmOrder	order = {
		.sales_order_id = sales_order_id,
		.customer_id = crm_slot_int64(slot, columns->customer_id),
		.order_date = DatumGetTimestampTz(slot_getattr(slot, columns->order_date, &isnull)),
		.line_count = crm_slot_int64(slot, columns->line_count),
		.returns_order_id = crm_slot_int64(slot, columns->returns_order_id),
		.is_return = strcmp(crm_slot_text(slot, columns->order_kind), "return") == 0,
		.is_pending = strcmp(status, "pending") == 0,
		.is_canceled = strcmp(status, "canceled") == 0,
	};

	order.is_finished = order.is_canceled || strcmp(status, "completed") == 0;
	return order;
}

/* Refuses a total that is more than an order may come to. */
static void
raise_total(int64 sales_order_id, int which)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("order %lld would come to more than %lld", (long long) sales_order_id,
					(long long) CRM_LIMIT),
			 errdetail("crm.sales_order.%s is the sum of its lines.", total_columns[which]),
			 errhint("Check the quantities and prices of the lines, or split the order."),
			 crm_error_column("sales_order", total_columns[which], total_checks[which])));
}

/* Refuses lines of an order that are too much even to be added up. */
void
crm_orders_raise_total(int64 sales_order_id)
{
	raise_total(sales_order_id, 0);
}

/* Refuses sums that no total can take, before they leave the range of the columns. */
static void
check_sums(const int64 *sums, size_t norders)
{
	for (size_t i = 0; i < norders; i++)
	{
		for (int which = 0; which < 2; which++)
		{
			if (sums[i * CRM_ORDER_CELLS + 1 + which] > CRM_LIMIT * CRM_AMOUNT_UNITS)
				raise_total(sums[i * CRM_ORDER_CELLS], which);
		}
	}
}

/* Returns one of the two totals plus its sum. */
static Datum
add_total(const CrmTable *table, AttrNumber attno, const int64 *sum, int which)
{
	bool		isnull;
	Datum		total = slot_getattr(table->slot, attno, &isnull);
	int32		typmod = TupleDescAttr(RelationGetDescr(table->relation), attno - 1)->atttypmod;

	total = DirectFunctionCall2(numeric_add, total,
								NumericGetDatum(int64_div_fast_to_numeric(sum[1 + which], 4)));
	if (DatumGetBool(DirectFunctionCall2(numeric_gt, total,
										 NumericGetDatum(int64_to_numeric(CRM_LIMIT)))))
		raise_total(sum[0], which);
	return DirectFunctionCall2(numeric, total, Int32GetDatum(typmod));
}

/* Collects the keys to lock, ascending: the orders and the sales that they return. */
static int64 *
keys_to_lock(CrmTable *table, const OrderColumns *columns, const int64 *sums, size_t norders,
			 size_t *nkeys)
{
	int64	   *keys = palloc_extended((2 * norders + 1) * sizeof(int64), MCXT_ALLOC_HUGE);

	*nkeys = 0;
	for (size_t i = 0; i < norders; i++)
	{
		int64		key = sums[i * CRM_ORDER_CELLS];

		CHECK_FOR_INTERRUPTS();
		keys[(*nkeys)++] = key;
		if (crm_table_fetch(table, key) &&
			!crm_slot_isnull(table->slot, columns->returns_order_id))
			keys[(*nkeys)++] = crm_slot_int64(table->slot, columns->returns_order_id);
	}
	crm_check_status(crm_core_sums_merge(keys, nkeys, 0));
	return keys;
}

/* Locks and adds below SPI, one order after the other in ascending order. */
static void
lock_and_add_by_key(CrmTable *table, CrmOrders *orders, int64 *sums, size_t norders)
{
	OrderColumns columns = order_columns(RelationGetDescr(table->relation));
	int			total_attnos[3] = {columns.total_amount, columns.total_base, columns.line_count};
	size_t		nkeys;
	int64	   *keys = keys_to_lock(table, &columns, sums, norders, &nkeys);

	orders->count = 0;
	orders->items = palloc_extended((nkeys + 1) * sizeof(CrmOrder), MCXT_ALLOC_HUGE);
	for (size_t i = 0; i < nkeys; i++)
	{
		const int64 *sum = crm_core_sums_find(sums, norders, CRM_ORDER_WIDTH, keys[i]);
		Datum		totals[3];

		if (!crm_table_lock(table, keys[i]))
			continue;
		orders->items[orders->count++] = slot_order(table->slot, &columns, keys[i]);
		if (sum == NULL)
			continue;
		for (int which = 0; which < 2; which++)
			totals[which] = add_total(table, (AttrNumber) total_attnos[which], sum, which);
		totals[2] = Int32GetDatum((int32) (orders->items[orders->count - 1].line_count + sum[3]));
		crm_table_update(table, 3, total_attnos, totals, NULL);
	}
}

/*
 * Locks orders, and the sales that they return, in ascending order, and adds
 * the sums to their totals.  A total is written even where the sum is zero: a
 * transaction with an older snapshot has to notice that lines changed.
 */
void
crm_orders_lock_and_add(CrmOrders *orders, int64 *sums, size_t norders)
{
	CrmTable	table;
	bool		allowed;

	check_sums(sums, norders);
	crm_table_open(&table, "sales_order", RowExclusiveLock);
	allowed = crm_rows_allowed(table.relation, total_columns, total_checks);
	if (allowed)
		lock_and_add_by_key(&table, orders, sums, norders);
	crm_table_close(&table);
	if (allowed)
		return;
	lock_by_spi(orders, sums, norders);
	add_by_spi(sums, norders);
}

/* Orders two orders by their key, the first member. */
static int
compare_orders(const void *key, const void *order)
{
	int64		a = *(const int64 *) key;
	int64		b = ((const CrmOrder *) order)->sales_order_id;

	return (a > b) - (a < b);
}

/* Finds a locked order; NULL if it does not exist. */
const CrmOrder *
crm_orders_find(const CrmOrders *orders, int64 sales_order_id)
{
	if (orders->count == 0)
		return NULL;
	return bsearch(&sales_order_id, orders->items, orders->count, sizeof(CrmOrder),
				   compare_orders);
}

/* Returns the first order of the list that has no line, or 0. */
int64
crm_orders_find_empty(const int64 *keys, size_t count)
{
	Datum		argument = crm_int64_array(keys, count);

	return crm_execute(&find_empty, &argument, NULL) == 0 ? 0 : crm_result_int64(0, 1);
}

/* Refuses a return of a sale that was canceled: its stock came back with that. */
static void
check_not_canceled(const CrmOrders *orders, const CrmOrder *order)
{
	const CrmOrder *sale = crm_orders_find(orders, order->returns_order_id);

	if (sale == NULL || !sale->is_canceled)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_RETURN_EXCEEDS_SALE),
			 errmsg("order %lld is canceled and cannot be returned",
					(long long) sale->sales_order_id),
			 errdetail("Canceling it gave its goods back to the stock."),
			 crm_error_column("sales_order", "returns_order_id", "sales_order_returned_check")));
}

/* Refuses returns of more than was sold and not returned yet. */
void
crm_orders_check_returns(const CrmOrders *orders, bool only_inserts)
{
	int64	   *sales = palloc_extended((orders->count + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	size_t		nsales = 0;
	Datum		argument;

	for (size_t i = 0; i < orders->count; i++)
	{
		const CrmOrder *order = &orders->items[i];

		if (order->is_return && order->returns_order_id != 0)
		{
			check_not_canceled(orders, order);
			sales[nsales++] = order->returns_order_id;
		}
		else if (!order->is_return && !only_inserts)
			sales[nsales++] = order->sales_order_id;
	}
	if (nsales == 0)
		return;
	argument = crm_int64_array(sales, nsales);
	if (crm_execute_latest(&find_excess, &argument) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_RETURN_EXCEEDS_SALE),
			 errmsg("more of product %lld is returned than order %lld sold",
					(long long) crm_result_int64(0, 2), (long long) crm_result_int64(0, 1)),
			 errdetail("%lld sold, %lld returned.", (long long) crm_result_int64(0, 3),
					   (long long) crm_result_int64(0, 4)),
			 errhint("Return at most what was sold and has not been returned yet."),
			 crm_error_column("order_item", "quantity", "order_item_return_check")));
}
