/*
 * pg_order_items.c
 *		Triggers of crm.order_item: totals, stock and the rules of lines.
 *
 * A statement's lines become effects: what each adds to its order's totals
 * and takes from its product's stock.  A changed line counts as the old one
 * taken back and the new one put in.  Orders are locked first, in ascending
 * order together with the sales that they return, and their status is read
 * under the lock; products follow.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "core/crm_lines.h"
#include "pg/crm_pg.h"
#include "pg/pg_metrics.h"
#include "pg/pg_orders.h"
#include "pg/pg_stock.h"

CRM_FUNCTION_INFO_V1(crm_order_item_ai);
CRM_FUNCTION_INFO_V1(crm_order_item_au);
CRM_FUNCTION_INFO_V1(crm_order_item_ad);

/* The columns of crm.order_item that orders and stock depend on. */
typedef struct ItemColumns
{
	AttrNumber	sales_order_id;
	AttrNumber	line_no;
	AttrNumber	product_id;
	AttrNumber	quantity;
	AttrNumber	line_total;
	AttrNumber	line_base;
} ItemColumns;

/* All effects of a statement. */
typedef struct LineEffects
{
	CrmLine    *items;
	size_t		count;
	size_t		capacity;
} LineEffects;

/* Orders of the list that hold more lines than the list says. */
static CrmPlan find_filled = {
	.sql = "SELECT d.sales_order_id FROM unnest($1, $2) d(sales_order_id, lines) "
	"WHERE (SELECT pg_catalog.count(*) FROM crm.order_item i "
	"WHERE i.sales_order_id OPERATOR(pg_catalog.=) d.sales_order_id) OPERATOR(pg_catalog.>) d.lines "
	"ORDER BY 1 LIMIT 1",
	.nargs = 2,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID},
};

static ItemColumns
item_columns(TupleDesc desc)
{
	ItemColumns columns = {
		.sales_order_id = crm_column(desc, "sales_order_id"),
		.line_no = crm_column(desc, "line_no"),
		.product_id = crm_column(desc, "product_id"),
		.quantity = crm_column(desc, "quantity"),
		.line_total = crm_column(desc, "line_total"),
		.line_base = crm_column(desc, "line_base"),
	};

	return columns;
}

/* Adds the effect of one line. */
static void
add_effect(LineEffects *effects, TupleTableSlot *slot, const ItemColumns *columns, int sign)
{
	CrmLine    *effect;

	if (effects->count == effects->capacity)
	{
		effects->capacity = effects->capacity == 0 ? 16 : effects->capacity * 2;
		effects->items = effects->items == NULL
			? palloc(effects->capacity * sizeof(CrmLine))
			: repalloc_huge(effects->items, effects->capacity * sizeof(CrmLine));
	}
	effect = &effects->items[effects->count++];
	effect->sales_order_id = crm_slot_int64(slot, columns->sales_order_id);
	effect->line_no = crm_slot_int64(slot, columns->line_no);
	effect->product_id = crm_slot_int64(slot, columns->product_id);
	effect->quantity = crm_slot_int64(slot, columns->quantity);
	effect->amount = crm_slot_money(slot, columns->line_total);
	effect->base = crm_slot_money(slot, columns->line_base);
	effect->sign = sign;
}

/* Reads a whole transition table as effects of one sign. */
static void
read_effects(LineEffects *effects, Tuplestorestate *store, TupleDesc desc, int sign)
{
	ItemColumns columns = item_columns(desc);
	CrmRows		rows;

	crm_rows_begin(&rows, store, desc);
	while (crm_rows_next(&rows))
		add_effect(effects, rows.slot, &columns, sign);
	crm_rows_end(&rows);
}

/* Tells whether an update of a line changed anything that counts. */
static bool
line_differs(TupleTableSlot *old_slot, TupleTableSlot *new_slot, const ItemColumns *columns)
{
	return crm_slots_differ(old_slot, new_slot, columns->sales_order_id) ||
		crm_slots_differ(old_slot, new_slot, columns->line_no) ||
		crm_slots_differ(old_slot, new_slot, columns->product_id) ||
		crm_slots_differ(old_slot, new_slot, columns->quantity) ||
		crm_slots_differ(old_slot, new_slot, columns->line_total) ||
		crm_slots_differ(old_slot, new_slot, columns->line_base);
}

/*
 * Reads an update's pairs as the old line taken out and the new one put in.
 * Pairs that moved to another customer with their order have no effect.
 */
static void
read_changes(LineEffects *effects, TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	ItemColumns columns = item_columns(desc);
	CrmRows		old_rows;
	CrmRows		new_rows;

	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&old_rows) && crm_rows_next(&new_rows))
	{
		if (!line_differs(old_rows.slot, new_rows.slot, &columns))
			continue;
		add_effect(effects, old_rows.slot, &columns, -1);
		add_effect(effects, new_rows.slot, &columns, +1);
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
}

/* Refuses lines of an order that is finished. */
static void
raise_frozen(int64 sales_order_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CRM_DOCUMENT_FROZEN),
			 errmsg("the lines of order %lld are frozen", (long long) sales_order_id),
			 errdetail("The order is completed or canceled."),
			 errhint("Book a return with crm.return_order(), or place another order. "
					 "An order inserted as finished takes its lines in one statement."),
			 crm_error_column("order_item", NULL, "order_item_frozen_check")));
}

/* Refuses an order past pending that a statement left without lines. */
static void
raise_no_lines(int64 sales_order_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_CRM_NO_LINES),
			 errmsg("order %lld needs at least one line", (long long) sales_order_id),
			 errdetail("Only a pending order may be without lines."),
			 errhint("Cancel the order with crm.cancel_order() instead."),
			 crm_error_column("order_item", NULL, "sales_order_lines_check")));
}

/*
 * Checks what the status of the locked orders allows.  Finished orders are
 * frozen, but one that was inserted as finished may get its lines, all in one
 * statement; an order past pending keeps at least one line.
 */
static void
check_orders(const CrmOrders *orders, const int64 *sums, size_t norders, bool only_inserts)
{
	int64	   *finished = palloc_extended((norders + 1) * 2 * sizeof(int64), MCXT_ALLOC_HUGE);
	size_t		nfinished = 0;
	int64	   *reduced = palloc_extended((norders + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	size_t		nreduced = 0;
	Datum		values[2];

	for (size_t i = 0; i < norders; i++)
	{
		const int64 *sum = sums + i * CRM_ORDER_CELLS;
		const CrmOrder *order = crm_orders_find(orders, sum[0]);

		CHECK_FOR_INTERRUPTS();
		if (order == NULL)
			continue;
		if (order->is_finished)
		{
			if (!only_inserts)
				raise_frozen(order->sales_order_id);
			finished[2 * nfinished] = sum[0];
			finished[2 * nfinished + 1] = sum[3];
			nfinished++;
		}
		else if (sum[3] < 0 && !order->is_pending)
			reduced[nreduced++] = sum[0];
	}
	if (nfinished > 0)
	{
		values[0] = crm_int64_column(finished, nfinished, 2, 0);
		values[1] = crm_int64_column(finished, nfinished, 2, 1);
		if (crm_execute(&find_filled, values, NULL) > 0)
			raise_frozen(crm_result_int64(0, 1));
	}
	if (nreduced > 0)
	{
		int64		empty = crm_orders_find_empty(reduced, nreduced);

		if (empty != 0)
			raise_no_lines(empty);
	}
}

/*
 * Tells whether an effect sells a product anew, rather than more or less of it
 * on a line that has it already.
 */
static bool
is_new_sale(const LineEffects *effects, size_t position, const CrmOrder *order)
{
	const CrmLine *line = &effects->items[position];
	const CrmLine *before = position > 0 ? line - 1 : NULL;

	/* The first of a merged pair is the line as it was. */
	if (line->sign < 0 || order->is_return)
		return false;
	return before == NULL || before->sign > 0 || before->product_id != line->product_id ||
		before->sales_order_id != line->sales_order_id;
}

/* Books the stock of all effects. */
static void
book_stock(const LineEffects *effects, const CrmOrders *orders)
{
	static const char *const reasons[] = {
		[CRM_MOVE_SALE] = "sale", [CRM_MOVE_RETURN] = "return", [CRM_MOVE_CANCEL] = "cancel"
	};
	CrmMovements movements = {0};
	size_t		position = 0;

	while (position < effects->count)
	{
		size_t		start = position;
		CrmLine		line = crm_core_lines_next(effects->items, effects->count, &position);
		const CrmOrder *order = crm_orders_find(orders, line.sales_order_id);
		CrmMoveReason reason;
		int64		quantity;

		CHECK_FOR_INTERRUPTS();
		if (order == NULL)
			continue;
		quantity = crm_core_line_movement(&line, order->is_return, order->is_canceled, &reason);
		if (quantity != 0)
			crm_movements_add(&movements, (CrmMovement) {
							  .product_id = line.product_id, .quantity = quantity,
							  .reason = reasons[reason],
							  .is_new_sale = is_new_sale(effects, start, order),
							  .is_past_sale = order->is_finished,
							  .sales_order_id = line.sales_order_id, .line_no = line.line_no});
	}
	crm_movements_book(&movements);
}

/* Applies the effects of a statement, in the lock order of the project. */
static void
apply_effects(const LineEffects *effects, bool only_inserts)
{
	size_t		norders;
	int64	   *sums;
	CrmOrders	orders;

	if (effects->count == 0)
		return;
	sums = palloc_extended(effects->count * CRM_ORDER_CELLS * sizeof(int64), MCXT_ALLOC_HUGE);
	if (crm_core_lines_by_order(effects->items, effects->count, sums, &norders) != CRM_OK)
		crm_orders_raise_total(sums[0]);
	crm_orders_lock_and_add(&orders, sums, norders);
	check_orders(&orders, sums, norders, only_inserts);
	crm_orders_check_returns(&orders, only_inserts);
	crm_metrics_of_lines(&orders, sums, norders);
	book_stock(effects, &orders);
}

/* AFTER INSERT on order_item. */
Datum
crm_order_item_ai(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_order_item_ai");
	LineEffects effects = {0};

	SPI_connect();
	read_effects(&effects, trigdata->tg_newtable, RelationGetDescr(trigdata->tg_relation), +1);
	apply_effects(&effects, true);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER UPDATE on order_item. */
Datum
crm_order_item_au(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_order_item_au");
	LineEffects effects = {0};

	if (crm_is_own_write(trigdata->tg_relation))
		return PointerGetDatum(NULL);
	SPI_connect();
	read_changes(&effects, trigdata);
	apply_effects(&effects, false);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER DELETE on order_item. */
Datum
crm_order_item_ad(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_order_item_ad");
	LineEffects effects = {0};

	SPI_connect();
	read_effects(&effects, trigdata->tg_oldtable, RelationGetDescr(trigdata->tg_relation), -1);
	apply_effects(&effects, false);
	SPI_finish();
	return PointerGetDatum(NULL);
}
