/*
 * pg_sales_orders.c
 *		Triggers of crm.sales_order: the status machine, its history, stock
 *		given back, and the rules of returns.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "core/crm_lines.h"
#include "core/crm_sums.h"
#include "pg/crm_pg.h"
#include "pg/pg_metrics.h"
#include "pg/pg_orders.h"
#include "pg/pg_stock.h"

CRM_FUNCTION_INFO_V1(crm_sales_order_au);
CRM_FUNCTION_INFO_V1(crm_sales_order_delete_guard);

/* Orders whose status a statement changed, in parallel arrays. */
typedef struct StatusChanges
{
	int64	   *orders;
	int64	   *customers;
	char	  **from;
	char	  **to;
	size_t		count;
	size_t		capacity;
} StatusChanges;

/* Sales of the list that have a return which is not canceled. */
static CrmPlan find_returned = {
	.sql = "SELECT o.returns_order_id, o.sales_order_id FROM crm.sales_order o "
	"WHERE o.returns_order_id OPERATOR(pg_catalog.=) ANY ($1) "
	"AND o.status OPERATOR(pg_catalog.<>) 'canceled' ORDER BY 1, 2 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* The moves of the list that the transition table knows, in the list's order. */
static CrmPlan find_transitions = {
	.sql = "SELECT d.n, o.order_kind OPERATOR(pg_catalog.=) 'return' "
	"FROM unnest($1, $2, $3) WITH ORDINALITY d(key, from_status, to_status, n) "
	"JOIN crm.order_status_transition t ON t.from_status OPERATOR(pg_catalog.=) d.from_status "
	"AND t.to_status OPERATOR(pg_catalog.=) d.to_status "
	"JOIN crm.sales_order o ON o.sales_order_id OPERATOR(pg_catalog.=) d.key ORDER BY d.n",
	.nargs = 3,
	.argtypes = {INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID},
};

/* The lines of orders with what canceling them gives back; in the order of their keys. */
static CrmPlan read_lines = {
	.sql = "SELECT i.product_id, CASE o.order_kind WHEN 'return' THEN OPERATOR(pg_catalog.-) i.quantity "
	"ELSE i.quantity END, i.sales_order_id, i.line_no::bigint "
	"FROM pg_catalog.unnest($1) k(key) "
	"JOIN crm.sales_order o ON o.sales_order_id OPERATOR(pg_catalog.=) k.key "
	"JOIN crm.order_item i ON i.sales_order_id OPERATOR(pg_catalog.=) o.sales_order_id",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/* Of a pending order: whether it was past pending before. */
static CrmPlan find_history = {
	.sql = "SELECT FROM crm.order_status_history h WHERE h.sales_order_id OPERATOR(pg_catalog.=) $1 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8OID},
};

static CrmPlan write_history = {
	.sql = "INSERT INTO crm.order_status_history (customer_id, sales_order_id, from_status, to_status, "
	"changed_by, note) SELECT d.customer_id, d.key, d.from_status, d.to_status, $5, NULLIF($6, '') "
	"FROM unnest($1, $2, $3, $4) d(key, customer_id, from_status, to_status)",
	.nargs = 6,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTOID, TEXTOID},
};

static CrmPlan write_events = {
	.sql = "INSERT INTO crm.event (era, event_type, table_name, row_id, customer_id, payload) "
	"SELECT $5, 'sales_order.status_changed', 'sales_order', d.key, d.customer_id, "
	"pg_catalog.jsonb_build_object('from_status', d.from_status, 'to_status', d.to_status) "
	"FROM unnest($1, $2, $3, $4) d(key, customer_id, from_status, to_status)",
	.nargs = 5,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, INT4OID},
};

/* Orders of a statement whose effect on stock changes with their status. */
typedef struct StockMoves
{
	int64	   *canceled;		/* give back what they took */
	int64	   *revived;		/* take it again */
	int64	   *returns;		/* of the revived: sums of nothing by order, see core/crm_lines.h */
	size_t		ncanceled;
	size_t		nrevived;
	size_t		nreturns;
} StockMoves;

/* Adds one changed order. */
static void
add_change(StatusChanges *changes, int64 order, int64 customer, char *from, char *to)
{
	if (changes->count == changes->capacity)
	{
		changes->capacity = changes->capacity == 0 ? 16 : changes->capacity * 2;
		changes->orders = changes->orders ?
			repalloc_huge(changes->orders, changes->capacity * sizeof(int64)) :
			palloc(changes->capacity * sizeof(int64));
		changes->customers = changes->customers ?
			repalloc_huge(changes->customers, changes->capacity * sizeof(int64)) :
			palloc(changes->capacity * sizeof(int64));
		changes->from = changes->from ?
			repalloc_huge(changes->from, changes->capacity * sizeof(char *)) :
			palloc(changes->capacity * sizeof(char *));
		changes->to = changes->to ?
			repalloc_huge(changes->to, changes->capacity * sizeof(char *)) :
			palloc(changes->capacity * sizeof(char *));
	}
	changes->orders[changes->count] = order;
	changes->customers[changes->count] = customer;
	changes->from[changes->count] = from;
	changes->to[changes->count] = to;
	changes->count++;
}

/* Reads the orders whose status the statement changed. */
static void
read_status_changes(StatusChanges *changes, TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	key = crm_column(desc, "sales_order_id");
	AttrNumber	customer = crm_column(desc, "customer_id");
	AttrNumber	status = crm_column(desc, "status");
	CrmRows		old_rows;
	CrmRows		new_rows;

	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&old_rows) && crm_rows_next(&new_rows))
	{
		if (crm_slots_differ(old_rows.slot, new_rows.slot, status))
			add_change(changes, crm_slot_int64(new_rows.slot, key),
					   crm_slot_int64(new_rows.slot, customer),
					   crm_slot_text(old_rows.slot, status),
					   crm_slot_text(new_rows.slot, status));
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
}

/* Refuses a move that the transition table does not know. */
static void
raise_transition(int64 sales_order_id, const char *from, const char *to)
{
	ereport(ERROR,
			(errcode(ERRCODE_CRM_INVALID_TRANSITION),
			 errmsg("order %lld cannot go from %s to %s", (long long) sales_order_id, from, to),
			 errhint("The moves that are allowed stand in crm.order_status_transition."),
			 crm_error_column("sales_order", "status", "sales_order_status_transition_check")));
}

/* Checks every move, and lists the orders that enter and that leave canceled. */
static void
check_transitions(const StatusChanges *changes, StockMoves *moves)
{
	Datum		values[3];
	uint64		found;

	values[0] = crm_int64_array(changes->orders, changes->count);
	values[1] = crm_text_array(changes->from, changes->count);
	values[2] = crm_text_array(changes->to, changes->count);
	found = crm_execute(&find_transitions, values, NULL);
	moves->canceled = palloc_extended((changes->count + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	moves->revived = palloc_extended((changes->count + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	moves->returns = palloc_extended((changes->count + 1) * CRM_ORDER_CELLS * sizeof(int64),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (size_t i = 0; i < changes->count; i++)
	{
		if (i >= found || crm_result_int64(i, 1) != (int64) i + 1)
			raise_transition(changes->orders[i], changes->from[i], changes->to[i]);
		if (strcmp(changes->to[i], "canceled") == 0)
			moves->canceled[moves->ncanceled++] = changes->orders[i];
		if (strcmp(changes->from[i], "canceled") != 0)
			continue;
		moves->revived[moves->nrevived++] = changes->orders[i];
		if (crm_result_bool(i, 2))
			moves->returns[CRM_ORDER_CELLS * moves->nreturns++] = changes->orders[i];
	}
}

/* Tells whether a move demands a line: all do but those back to pending. */
static bool
needs_line(const char *from, const char *to)
{
	return strcmp(from, "pending") == 0 ||
		(strcmp(from, "canceled") == 0 && strcmp(to, "pending") != 0);
}

/* Returns the status that an order had. */
static const char *
from_status(const StatusChanges *changes, int64 sales_order_id)
{
	size_t		i = 0;

	while (i + 1 < changes->count && changes->orders[i] != sales_order_id)
		i++;
	return changes->from[i];
}

/* Refuses orders that leave pending, or canceled, without a line. */
static void
check_lines(const StatusChanges *changes)
{
	int64	   *left = palloc_extended((changes->count + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	size_t		nleft = 0;
	int64		empty;

	for (size_t i = 0; i < changes->count; i++)
	{
		if (needs_line(changes->from[i], changes->to[i]))
			left[nleft++] = changes->orders[i];
	}
	if (nleft == 0)
		return;
	empty = crm_orders_find_empty(left, nleft);
	if (empty == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_NO_LINES),
			 errmsg("order %lld has no lines and cannot leave %s", (long long) empty,
					from_status(changes, empty)),
			 errhint("Add lines to crm.order_item first, or delete the order."),
			 crm_error_column("sales_order", "status", "sales_order_lines_check")));
}

/* Refuses to cancel sales that have a return. */
static void
check_unreturned(const StockMoves *moves)
{
	Datum		argument;

	if (moves->ncanceled == 0)
		return;
	argument = crm_int64_array(moves->canceled, moves->ncanceled);
	if (crm_execute_latest(&find_returned, &argument) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_RETURN_EXCEEDS_SALE),
			 errmsg("order %lld cannot be canceled: order %lld returns goods of it",
					(long long) crm_result_int64(0, 1), (long long) crm_result_int64(0, 2)),
			 errhint("Cancel the return first."),
			 crm_error_column("sales_order", "status", "sales_order_returned_check")));
}

/* Refuses to revive returns of more than was sold, or of a sale that is canceled. */
static void
check_revived(StockMoves *moves)
{
	CrmOrders	orders;
	size_t		count = moves->nreturns;

	if (count == 0)
		return;
	/* Locks the sales too: nobody cancels or returns them meanwhile. */
	crm_check_status(crm_core_sums_merge(moves->returns, &count, CRM_ORDER_WIDTH));
	crm_orders_lock_and_add(&orders, moves->returns, count);
	crm_orders_check_returns(&orders, true);
}

/* Adds what the lines of orders give back (sign +1) or take again (-1). */
static void
add_movements(CrmMovements *movements, const int64 *orders, size_t count, int sign)
{
	Datum		argument;
	uint64		found;

	if (count == 0)
		return;
	argument = crm_int64_array(orders, count);
	found = crm_execute(&read_lines, &argument, NULL);
	for (uint64 row = 0; row < found; row++)
	{
		int64		given = crm_result_int64(row, 2);

		CHECK_FOR_INTERRUPTS();
		crm_movements_add(movements, (CrmMovement) {
						  .product_id = crm_result_int64(row, 1),
						  .quantity = sign * given,
						  .reason = sign > 0 ? "cancel" : given > 0 ? "sale" : "return",
						  .is_new_sale = sign < 0 && given > 0,
						  .sales_order_id = crm_result_int64(row, 3),
						  .line_no = crm_result_int64(row, 4)});
	}
}

/*
 * Moves the stock of orders that enter or leave canceled: whatever the way
 * there, a canceled order holds no stock and every other one does.
 */
static void
move_stock(StockMoves *moves)
{
	CrmMovements movements = {0};

	add_movements(&movements, moves->canceled, moves->ncanceled, +1);
	add_movements(&movements, moves->revived, moves->nrevived, -1);
	crm_movements_book(&movements);
}

/* Writes history and outbox of the changes. */
static void
record_changes(const StatusChanges *changes)
{
	Datum		values[6];

	values[0] = crm_int64_array(changes->orders, changes->count);
	values[1] = crm_int64_array(changes->customers, changes->count);
	values[2] = crm_text_array(changes->from, changes->count);
	values[3] = crm_text_array(changes->to, changes->count);
	values[4] = CStringGetTextDatum(crm_actor());
	values[5] = CStringGetTextDatum(crm_change_note);
	crm_execute_own(&write_history, values, "order_status_history");
	values[4] = Int32GetDatum(crm_event_era());
	crm_execute(&write_events, values, NULL);
}

/* Tells whether an order enters or leaves the canceled ones. */
static bool
changes_counting(TupleTableSlot *old_slot, TupleTableSlot *new_slot, AttrNumber status)
{
	return crm_slots_differ(old_slot, new_slot, status) &&
		(strcmp(crm_slot_text(old_slot, status), "canceled") == 0 ||
		 strcmp(crm_slot_text(new_slot, status), "canceled") == 0);
}

/* Counts the customers anew whose orders came to count or ceased to, or moved in time or to somebody else. */
static void
recount_customers(TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	customer = crm_column(desc, "customer_id");
	AttrNumber	order_date = crm_column(desc, "order_date");
	AttrNumber	status = crm_column(desc, "status");
	AttrNumber	line_count = crm_column(desc, "line_count");
	int64	   *customers = palloc_extended((tuplestore_tuple_count(trigdata->tg_newtable) + 1) * 2 *
											sizeof(int64), MCXT_ALLOC_HUGE);
	size_t		count = 0;
	CrmRows		old_rows;
	CrmRows		new_rows;

	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&old_rows) && crm_rows_next(&new_rows))
	{
		if (crm_slot_int64(new_rows.slot, line_count) == 0)
			continue;
		if (!crm_slots_differ(old_rows.slot, new_rows.slot, customer) &&
			!crm_slots_differ(old_rows.slot, new_rows.slot, order_date) &&
			!changes_counting(old_rows.slot, new_rows.slot, status))
			continue;
		customers[count++] = crm_slot_int64(old_rows.slot, customer);
		customers[count++] = crm_slot_int64(new_rows.slot, customer);
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
	crm_metrics_recount(customers, count);
}

/* AFTER UPDATE on sales_order: status moves, figures of customers. */
Datum
crm_sales_order_au(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_sales_order_au");
	StatusChanges changes = {0};
	StockMoves	moves = {0};

	if (crm_is_own_write(trigdata->tg_relation))
		return PointerGetDatum(NULL);
	SPI_connect();
	read_status_changes(&changes, trigdata);
	if (changes.count > 0)
	{
		check_transitions(&changes, &moves);
		check_lines(&changes);
		check_unreturned(&moves);
		check_revived(&moves);
	}
	recount_customers(trigdata);
	if (changes.count > 0)
	{
		move_stock(&moves);
		record_changes(&changes);
	}
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* Refuses to delete an order. */
static void
raise_kept(int64 sales_order_id, const char *when)
{
	ereport(ERROR,
			(errcode(ERRCODE_CRM_DOCUMENT_FROZEN),
			 errmsg("order %lld %s past pending and cannot be deleted", (long long) sales_order_id, when),
			 errhint("Cancel it with crm.cancel_order()."),
			 crm_error_column("sales_order", "status", "sales_order_frozen_check")));
}

/*
 * BEFORE DELETE on sales_order, FOR EACH ROW: only a pending order may go, and
 * only one that was never anything else, for its history stays.  After the
 * statement it would be too late: the foreign keys of lines and history would
 * speak first, and say nothing of what to do.
 */
Datum
crm_sales_order_delete_guard(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_row(fcinfo, "crm_sales_order_delete_guard");
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	TupleTableSlot *slot = trigdata->tg_trigslot;
	int64		sales_order_id = crm_slot_int64(slot, crm_column(desc, "sales_order_id"));
	Datum		argument = Int64GetDatum(sales_order_id);

	if (strcmp(crm_slot_text(slot, crm_column(desc, "status")), "pending") != 0)
		raise_kept(sales_order_id, "is");
	SPI_connect();
	if (crm_execute(&find_history, &argument, NULL) > 0)
		raise_kept(sales_order_id, "was");
	SPI_finish();
	return PointerGetDatum(trigdata->tg_trigtuple);
}
