/*
 * pg_metrics.c
 *		The figures of customers that follow from their orders.
 *
 * An order counts from its first line on, unless it is canceled: a sale in the
 * number of orders, their days and times, a return in the number of returns,
 * both in the revenue.  What a new order adds at the end of a customer's time
 * is added to the row; anything else makes the row be counted anew from the
 * customer's orders.  Rows are locked in ascending order of the customer, after
 * the orders and before the products.  A walk-in customer has no row: sales to
 * nobody in particular would only queue up at it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "core/crm_lines.h"
#include "core/crm_sums.h"
#include "pg/crm_pg.h"
#include "pg/pg_metrics.h"
#include "pg/pg_rows.h"

/* The columns that are written here, in the order of MetricColumn, and the CHECKs of ours on them. */
static const char *const metric_columns[] = {
	"first_order_at", "last_order_at", "order_count", "order_day_count", "returned_order_count",
	"net_revenue", "average_order_value", "updated_at", NULL
};
static const char *const metric_checks[] = {
	"customer_metrics_finite_check", "customer_metrics_order_count_check",
	"customer_metrics_order_day_count_check", NULL
};

typedef enum MetricColumn
{
	FIRST_ORDER_AT,
	LAST_ORDER_AT,
	ORDER_COUNT,
	ORDER_DAY_COUNT,
	RETURNED_ORDER_COUNT,
	NET_REVENUE,
	AVERAGE_ORDER_VALUE,
	UPDATED_AT,
	NCOLUMNS
} MetricColumn;

/*
 * What a statement changes for a customer, a row of cells as core/crm_sums.h
 * takes them: the customer, sales and returns that count from now on, revenue
 * in 1/10,000, and the place of the new sale among the orders, which means
 * something where there is one sale.  More than one makes the customer be
 * counted anew.
 */
enum
{
	CELL_CUSTOMER, CELL_SALES, CELL_RETURNS, CELL_REVENUE, CELL_PLACE, NCELLS
};

#define CHANGE_WIDTH (NCELLS - 1)
#define COUNT_ANEW 2			/* as the number of sales */

static CrmPlan lock_metrics = {
	.sql = "SELECT m.customer_id FROM crm.customer_metrics m "
	"WHERE m.customer_id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY m.customer_id FOR NO KEY UPDATE",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Counts customers anew from their orders. */
static CrmPlan recount = {
	.sql = "UPDATE crm.customer_metrics m SET first_order_at = s.first_at, last_order_at = s.last_at, "
	"order_count = s.sales, order_day_count = s.days, canceled_order_count = s.canceled, "
	"returned_order_count = s.returned, net_revenue = s.revenue, average_order_value = "
	"CASE WHEN s.sales OPERATOR(pg_catalog.>) 0 THEN "
	"pg_catalog.round(s.revenue OPERATOR(pg_catalog./) s.sales, 4) END, updated_at = pg_catalog.now() "
	"FROM crm.organization g, pg_catalog.unnest($1) k(customer_id) CROSS JOIN LATERAL ("
	"SELECT pg_catalog.min(o.order_date) FILTER (WHERE x.sale) AS first_at, "
	"pg_catalog.max(o.order_date) FILTER (WHERE x.sale) AS last_at, "
	"pg_catalog.count(*) FILTER (WHERE x.sale) AS sales, "
	"pg_catalog.count(DISTINCT (pg_catalog.timezone(z.time_zone, o.order_date))::date) "
	"FILTER (WHERE x.sale) AS days, "
	"pg_catalog.count(*) FILTER (WHERE x.canceled) AS canceled, "
	"pg_catalog.count(*) FILTER (WHERE NOT x.sale AND NOT x.canceled) AS returned, "
	"COALESCE(pg_catalog.sum(CASE WHEN x.canceled THEN 0 WHEN x.sale THEN o.total_base "
	"ELSE OPERATOR(pg_catalog.-) o.total_base END), 0) AS revenue "
	"FROM crm.organization z, crm.sales_order o CROSS JOIN LATERAL ("
	"SELECT o.status OPERATOR(pg_catalog.=) 'canceled' AS canceled, "
	"o.order_kind OPERATOR(pg_catalog.=) 'sale' AND o.status OPERATOR(pg_catalog.<>) 'canceled' AS sale) x "
	"WHERE o.customer_id OPERATOR(pg_catalog.=) k.customer_id "
	"AND o.line_count OPERATOR(pg_catalog.>) 0) s "
	"WHERE m.customer_id OPERATOR(pg_catalog.=) k.customer_id",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

static CrmPlan read_zone = {
	.sql = "SELECT o.time_zone FROM crm.organization o",
};

/* Locks the rows of customers, and counts them anew from their orders. */
void
crm_metrics_recount(int64 *customers, size_t count)
{
	Datum		argument;

	crm_check_status(crm_core_sums_merge(customers, &count, 0));
	if (count == 0)
		return;
	argument = crm_int64_array(customers, count);
	if (crm_execute(&lock_metrics, &argument, NULL) > 0)
		crm_execute_own(&recount, &argument, "customer_metrics");
}

/* Tells whether two times lie on one day of the organisation. */
static bool
same_day(TimestampTz left, TimestampTz right, const pg_tz *zone)
{
	pg_time_t	times[2] = {timestamptz_to_time_t(left), timestamptz_to_time_t(right)};
	struct pg_tm days[2];

	for (int i = 0; i < 2; i++)
	{
		struct pg_tm *day = pg_localtime(&times[i], zone);

		if (day == NULL)
			return false;
		days[i] = *day;
	}
	return days[0].tm_year == days[1].tm_year && days[0].tm_yday == days[1].tm_yday;
}

/* Returns the time zone of the organisation. */
static const pg_tz *
organization_zone(void)
{
	bool		isnull;

	if (crm_execute(&read_zone, NULL, NULL) == 0)
		return session_timezone;
	return pg_tzset(TextDatumGetCString(crm_result(0, 1, &isnull)));
}

/* Reads what the statement changes for the customers of its orders. */
static int64 *
read_changes(const CrmOrders *orders, const int64 *sums, size_t norders, size_t *nchanges)
{
	int64	   *changes = palloc_extended((norders + 1) * NCELLS * sizeof(int64),
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	*nchanges = 0;
	for (size_t i = 0; i < norders; i++)
	{
		const int64 *sum = sums + i * CRM_ORDER_CELLS;
		const CrmOrder *order = crm_orders_find(orders, sum[0]);
		int64	   *change = changes + *nchanges * NCELLS;
		bool		is_new;

		if (order == NULL)
			continue;
		is_new = order->line_count == 0 && sum[3] > 0;
		change[CELL_CUSTOMER] = order->customer_id;
		/* One that lost its lines, or that is canceled already when it gets them. */
		if (order->is_canceled || (order->line_count > 0 && order->line_count + sum[3] == 0))
			change[CELL_SALES] = COUNT_ANEW;
		else if (is_new && !order->is_return)
		{
			change[CELL_SALES] = 1;
			change[CELL_PLACE] = order - orders->items;
		}
		change[CELL_RETURNS] = is_new && order->is_return;
		change[CELL_REVENUE] = order->is_return ? -sum[2] : sum[2];
		(*nchanges)++;
	}
	crm_check_status(crm_core_sums_merge(changes, nchanges, CHANGE_WIDTH));
	return changes;
}

/* The values of a row while they change. */
typedef struct MetricRow
{
	int			attnos[NCOLUMNS];
	Datum		values[NCOLUMNS];
	bool		nulls[NCOLUMNS];
} MetricRow;

/* Reads a locked row. */
static void
read_row(MetricRow *row, TupleTableSlot *slot, TupleDesc desc)
{
	for (int i = 0; i < NCOLUMNS; i++)
	{
		row->attnos[i] = crm_column(desc, metric_columns[i]);
		row->values[i] = slot_getattr(slot, (AttrNumber) row->attnos[i], &row->nulls[i]);
	}
}

/* Adds to a count of a row. */
static void
add_count(MetricRow *row, MetricColumn column, int64 number)
{
	row->values[column] = Int64GetDatum(DatumGetInt64(row->values[column]) + number);
}

/* Adds a sale at the end of the customer's time; false if it lies before the last one. */
static bool
add_sale(MetricRow *row, const CrmOrder *order, const pg_tz **zone)
{
	TimestampTz last_at = DatumGetTimestampTz(row->values[LAST_ORDER_AT]);
	bool		is_first = row->nulls[LAST_ORDER_AT];

	if (!is_first && order->order_date < last_at)
		return false;
	if (!is_first && *zone == NULL)
		*zone = organization_zone();
	if (is_first || !same_day(last_at, order->order_date, *zone))
		add_count(row, ORDER_DAY_COUNT, 1);
	add_count(row, ORDER_COUNT, 1);
	if (is_first)
		row->values[FIRST_ORDER_AT] = TimestampTzGetDatum(order->order_date);
	row->values[LAST_ORDER_AT] = TimestampTzGetDatum(order->order_date);
	row->nulls[FIRST_ORDER_AT] = row->nulls[LAST_ORDER_AT] = false;
	return true;
}

/* Brings an amount to the type of its column. */
static Datum
to_column(Datum amount, TupleDesc desc, int attno)
{
	return DirectFunctionCall2(numeric, amount,
							   Int32GetDatum(TupleDescAttr(desc, attno - 1)->atttypmod));
}

/* Adds to the revenue and sets the average that follows. */
static void
add_revenue(MetricRow *row, int64 revenue, TupleDesc desc)
{
	int64		count = DatumGetInt64(row->values[ORDER_COUNT]);
	Datum		added = NumericGetDatum(int64_div_fast_to_numeric(revenue, 4));
	Datum		average;

	row->values[NET_REVENUE] = to_column(DirectFunctionCall2(numeric_add, row->values[NET_REVENUE], added),
										 desc, row->attnos[NET_REVENUE]);
	row->nulls[AVERAGE_ORDER_VALUE] = count == 0;
	if (count == 0)
		return;
	average = DirectFunctionCall2(numeric_div, row->values[NET_REVENUE],
								  NumericGetDatum(int64_to_numeric(count)));
	row->values[AVERAGE_ORDER_VALUE] = to_column(average, desc, row->attnos[AVERAGE_ORDER_VALUE]);
}

/* Applies one change to a locked row; false if the customer has to be counted anew. */
static bool
apply_change(CrmTable *table, const int64 *change, const CrmOrder *sale, const pg_tz **zone)
{
	TupleDesc	desc = RelationGetDescr(table->relation);
	MetricRow	row;

	read_row(&row, table->slot, desc);
	if (sale != NULL && !add_sale(&row, sale, zone))
		return false;
	add_count(&row, RETURNED_ORDER_COUNT, change[CELL_RETURNS]);
	add_revenue(&row, change[CELL_REVENUE], desc);
	row.values[UPDATED_AT] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	crm_table_update(table, NCOLUMNS, row.attnos, row.values, row.nulls);
	return true;
}

/* Locks the rows in ascending order, applies what can be added and collects the others. */
static size_t
apply_by_key(CrmTable *table, const CrmOrders *orders, const int64 *changes, size_t nchanges,
			 int64 *recounts)
{
	size_t		nrecounts = 0;
	const pg_tz *zone = NULL;

	for (size_t i = 0; i < nchanges; i++)
	{
		const int64 *change = changes + i * NCELLS;
		const CrmOrder *sale = NULL;

		CHECK_FOR_INTERRUPTS();
		if (!crm_table_lock(table, change[CELL_CUSTOMER]))
			continue;
		if (change[CELL_SALES] == 1)
			sale = &orders->items[change[CELL_PLACE]];
		if (change[CELL_SALES] >= COUNT_ANEW || !apply_change(table, change, sale, &zone))
			recounts[nrecounts++] = change[CELL_CUSTOMER];
	}
	return nrecounts;
}

/* Takes what a statement on lines did to orders over into the figures of their customers. */
void
crm_metrics_of_lines(const CrmOrders *orders, const int64 *sums, size_t norders)
{
	size_t		nchanges;
	size_t		nrecounts = 0;
	int64	   *changes = read_changes(orders, sums, norders, &nchanges);
	int64	   *recounts = palloc_extended((nchanges + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	CrmTable	table;

	crm_table_open(&table, "customer_metrics", RowExclusiveLock);
	if (crm_rows_allowed(table.relation, metric_columns, metric_checks))
		nrecounts = apply_by_key(&table, orders, changes, nchanges, recounts);
	else
	{
		for (size_t i = 0; i < nchanges; i++)
			recounts[nrecounts++] = changes[i * NCELLS];
	}
	crm_table_close(&table);
	crm_metrics_recount(recounts, nrecounts);
}
