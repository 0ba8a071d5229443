/*
 * pg_stock.c
 *		Stock: the ledger of movements, the quantity on hand, low-stock alerts.
 *
 * product.stock_quantity equals the sum of the product's movements, always,
 * and never falls below zero.  An alert is open exactly while a product is
 * low: stocked, active, not deleted, with a reorder level above zero and a
 * stock at or below it.  Products are locked in ascending order of their key.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/sequence.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "core/crm_lines.h"
#include "core/crm_sums.h"
#include "pg/crm_pg.h"
#include "pg/pg_rows.h"
#include "pg/pg_stock.h"

/* The maintained column of crm.product and the CHECK of ours on it. */
static const char *const stock_columns[] = {"stock_quantity", NULL};
static const char *const stock_checks[] = {"product_stock_quantity_check", NULL};

/* The columns of crm.stock_movement in their order, and its CHECKs. */
#define LEDGER_COLUMNS 9
static const char *const ledger_columns[LEDGER_COLUMNS + 1] = {
	"stock_movement_id", "product_id", "moved_at", "quantity", "reason", "sales_order_id",
	"line_no", "note", "created_by", NULL
};
static const char *const ledger_checks[] = {
	"stock_movement_quantity_check", "stock_movement_reason_check", "stock_movement_order_check",
	"stock_movement_sign_check", "stock_movement_length_check", "stock_movement_finite_check", NULL
};

static CrmPlan lock_products = {
	.sql = "SELECT p.product_id, p.stock_quantity, p.reorder_level, p.is_stocked, "
	"p.active, p.deleted_at IS NOT NULL "
	"FROM crm.product p WHERE p.product_id OPERATOR(pg_catalog.=) ANY ($1) "
	"ORDER BY p.product_id FOR NO KEY UPDATE",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

static CrmPlan add_stock = {
	.sql = "UPDATE crm.product p SET stock_quantity = p.stock_quantity OPERATOR(pg_catalog.+) d.quantity "
	"FROM unnest($1, $2) d(product_id, quantity) "
	"WHERE p.product_id OPERATOR(pg_catalog.=) d.product_id",
	.nargs = 2,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID},
};

static CrmPlan write_movements = {
	.sql = "INSERT INTO crm.stock_movement (product_id, quantity, reason, sales_order_id, line_no, created_by) "
	"SELECT d.product_id, d.quantity, d.reason, NULLIF(d.sales_order_id, 0), NULLIF(d.line_no, 0)::integer, $6 "
	"FROM unnest($1, $2, $3, $4, $5) d(product_id, quantity, reason, sales_order_id, line_no)",
	.nargs = 6,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TEXTOID},
};

static CrmPlan open_alerts = {
	.sql = "WITH opened AS ("
	"INSERT INTO crm.stock_alert (product_id, stock_quantity, reorder_level) "
	"SELECT d.product_id, d.stock, d.level FROM unnest($1, $2, $3) d(product_id, stock, level) "
	"ON CONFLICT (product_id) WHERE cleared_at IS NULL DO NOTHING "
	"RETURNING product_id, stock_quantity, reorder_level) "
	"INSERT INTO crm.event (era, event_type, table_name, row_id, payload) "
	"SELECT $4, 'stock.low', 'product', o.product_id, pg_catalog.jsonb_build_object("
	"'stock_quantity', o.stock_quantity, 'reorder_level', o.reorder_level) FROM opened o",
	.nargs = 4,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT4OID},
};

static CrmPlan close_alerts = {
	.sql = "WITH closed AS ("
	"UPDATE crm.stock_alert a SET cleared_at = GREATEST(pg_catalog.now(), a.raised_at) "
	"FROM unnest($1, $2, $3) d(product_id, stock, level) "
	"WHERE a.product_id OPERATOR(pg_catalog.=) d.product_id AND a.cleared_at IS NULL "
	"RETURNING d.product_id, d.stock, d.level) "
	"INSERT INTO crm.event (era, event_type, table_name, row_id, payload) "
	"SELECT $4, 'stock.replenished', 'product', c.product_id, pg_catalog.jsonb_build_object("
	"'stock_quantity', c.stock, 'reorder_level', c.level) FROM closed c",
	.nargs = 4,
	.argtypes = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT4OID},
};

/* Tells whether a product in this state deserves an alert. */
static bool
is_low(const CrmStockState *state)
{
	return state->is_stocked && state->is_active && !state->is_deleted && state->reorder_level > 0 &&
		state->quantity <= state->reorder_level;
}

/* Starts an empty list of alert changes. */
void
crm_alerts_begin(CrmAlerts *alerts, size_t capacity)
{
	size_t		size = (capacity + 1) * 3 * sizeof(int64);

	alerts->opened = palloc_extended(size, MCXT_ALLOC_HUGE);
	alerts->closed = palloc_extended(size, MCXT_ALLOC_HUGE);
	alerts->nopened = 0;
	alerts->nclosed = 0;
}

/* Notes a product that became low or ceased to be. */
void
crm_alerts_note(CrmAlerts *alerts, int64 product_id,
				const CrmStockState *before, const CrmStockState *after)
{
	bool		was_low = is_low(before);
	bool		now_low = is_low(after);
	int64	   *row;

	if (was_low == now_low)
		return;
	row = now_low ? alerts->opened + 3 * alerts->nopened++
		: alerts->closed + 3 * alerts->nclosed++;
	row[0] = product_id;
	row[1] = after->quantity;
	row[2] = after->reorder_level;
}

/* Runs one of the two alert statements over its rows. */
static void
write_alerts(CrmPlan *plan, const int64 *rows, size_t count)
{
	Datum		values[4];

	if (count == 0)
		return;
	for (int cell = 0; cell < 3; cell++)
		values[cell] = crm_int64_column(rows, count, 3, cell);
	values[3] = Int32GetDatum(crm_event_era());
	crm_execute(plan, values, NULL);
}

/* Writes the noted alerts with their events, and notifies once. */
void
crm_alerts_write(CrmAlerts *alerts)
{
	write_alerts(&open_alerts, alerts->opened, alerts->nopened);
	write_alerts(&close_alerts, alerts->closed, alerts->nclosed);
	if (crm_notify && alerts->nopened + alerts->nclosed > 0)
		Async_Notify("crm_stock", psprintf("{\"low\": %zu, \"replenished\": %zu}",
										   alerts->nopened, alerts->nclosed));
}

/* Reads the state of a locked product from the last result. */
static CrmStockState
result_state(uint64 row)
{
	CrmStockState state = {
		.quantity = crm_result_int64(row, 2),
		.reorder_level = crm_result_int64(row, 3),
		.is_stocked = crm_result_bool(row, 4),
		.is_active = crm_result_bool(row, 5),
		.is_deleted = crm_result_bool(row, 6),
	};

	return state;
}

/* Refuses to put in more than a product's stock may be. */
static void
raise_too_much(int64 product_id, int64 available, int64 change)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("the stock of product %lld would be above %lld", (long long) product_id,
					(long long) CRM_LIMIT),
			 errdetail("%lld in stock, %lld to come.", (long long) available, (long long) change),
			 errhint("Check the quantity for a slip of the keyboard."),
			 crm_error_column("product", "stock_quantity", "product_stock_quantity_check")));
}

/* Refuses to take more than there is, or to put in more than there may be. */
static void
check_available(int64 product_id, int64 available, int64 change)
{
	int64		after;

	if (pg_add_s64_overflow(available, change, &after))
		crm_check_status(CRM_OVERFLOW);
	if (after > CRM_LIMIT && change > 0)
		raise_too_much(product_id, available, change);
	if (after >= 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_INSUFFICIENT_STOCK),
			 errmsg("insufficient stock of product %lld", (long long) product_id),
			 errdetail("%lld in stock, %llu needed.", (long long) available,
					   (unsigned long long) (UINT64CONST(0) - (uint64) change)),
			 available > 0
			 ? errhint("At most %lld more can be taken; for the rest book incoming goods with crm.receive_stock() first.",
					   (long long) available)
			 : errhint("Book incoming goods with crm.receive_stock() first."),
			 crm_error_column("product", "stock_quantity", "product_stock_quantity_check")));
}

/* Returns what a sum says of its product once applied. */
static int64
product_marks(const CrmStockState *state)
{
	return (state->is_stocked ? CRM_STOCK_KEPT : 0) | (state->is_active ? 0 : CRM_STOCK_INACTIVE) |
		(state->is_deleted ? CRM_STOCK_DELETED : 0);
}

/*
 * Locks the products of summed movements and checks that there is enough.
 * Marks the products that keep stock and notes the alerts that change.
 */
static void
lock_and_check(int64 *sums, size_t count, CrmAlerts *alerts)
{
	Datum		keys = crm_int64_column(sums, count, CRM_STOCK_CELLS, 0);
	uint64		found = crm_execute(&lock_products, &keys, NULL);

	for (uint64 row = 0; row < found; row++)
	{
		int64		product_id = crm_result_int64(row, 1);
		int64	   *sum = crm_core_sums_find(sums, count, CRM_STOCK_WIDTH, product_id);
		CrmStockState before = result_state(row);
		CrmStockState after = before;

		CHECK_FOR_INTERRUPTS();
		if (sum == NULL)
			continue;
		sum[2] = product_marks(&before);
		if (!before.is_stocked)
			continue;
		check_available(product_id, before.quantity, sum[1]);
		after.quantity += sum[1];
		crm_alerts_note(alerts, product_id, &before, &after);
	}
}

/* Adds the sums to the stock of their products. */
static void
update_products(const int64 *sums, size_t count)
{
	int64	   *changed = palloc_extended((count + 1) * CRM_STOCK_CELLS * sizeof(int64), MCXT_ALLOC_HUGE);
	size_t		nchanged = 0;
	Datum		values[2];

	for (size_t i = 0; i < count; i++)
	{
		if (sums[i * CRM_STOCK_CELLS + 1] == 0 || !(sums[i * CRM_STOCK_CELLS + 2] & CRM_STOCK_KEPT))
			continue;
		memcpy(changed + nchanged * CRM_STOCK_CELLS, sums + i * CRM_STOCK_CELLS,
			   CRM_STOCK_CELLS * sizeof(int64));
		nchanged++;
	}
	if (nchanged == 0)
		return;
	values[0] = crm_int64_column(changed, nchanged, CRM_STOCK_CELLS, 0);
	values[1] = crm_int64_column(changed, nchanged, CRM_STOCK_CELLS, 1);
	crm_execute_own(&add_stock, values, "product");
}

/* Reads what decides whether a product is low, from a row of crm.product. */
CrmStockState
crm_stock_state(TupleTableSlot *slot, const CrmProductColumns *columns)
{
	CrmStockState state = {
		.quantity = crm_slot_int64(slot, columns->stock_quantity),
		.reorder_level = crm_slot_int64(slot, columns->reorder_level),
		.is_stocked = crm_slot_bool(slot, columns->is_stocked),
		.is_active = crm_slot_bool(slot, columns->active),
		.is_deleted = !crm_slot_isnull(slot, columns->deleted_at),
	};

	return state;
}

/* Finds the columns of crm.product that stock depends on. */
CrmProductColumns
crm_product_columns(TupleDesc desc)
{
	CrmProductColumns columns = {
		.product_id = crm_column(desc, "product_id"),
		.stock_quantity = crm_column(desc, "stock_quantity"),
		.reorder_level = crm_column(desc, "reorder_level"),
		.is_stocked = crm_column(desc, "is_stocked"),
		.active = crm_column(desc, "active"),
		.deleted_at = crm_column(desc, "deleted_at"),
	};

	return columns;
}

/* Locks, checks and updates below SPI, one product after the other. */
static void
apply_by_key(CrmTable *table, int64 *sums, size_t count, CrmAlerts *alerts)
{
	CrmProductColumns columns = crm_product_columns(RelationGetDescr(table->relation));
	int			stock_attno = columns.stock_quantity;

	for (size_t i = 0; i < count; i++)
	{
		int64	   *sum = sums + i * CRM_STOCK_CELLS;
		CrmStockState before;
		CrmStockState after;
		Datum		stock;

		if (!crm_table_lock(table, sum[0]))
			continue;
		before = crm_stock_state(table->slot, &columns);
		sum[2] = product_marks(&before);
		if (!before.is_stocked || sum[1] == 0)
			continue;
		check_available(sum[0], before.quantity, sum[1]);
		after = before;
		after.quantity += sum[1];
		stock = Int64GetDatum(after.quantity);
		crm_table_update(table, 1, &stock_attno, &stock, NULL);
		crm_alerts_note(alerts, sum[0], &before, &after);
	}
}

/*
 * Applies signed quantities by product: locks, checks, updates the stock and
 * writes the alerts.  The sums may stand in any order and are merged in place;
 * on return their last cell tells which products keep stock.
 */
void
crm_stock_apply(int64 *sums, size_t *count)
{
	CrmAlerts	alerts;
	CrmTable	table;
	bool		allowed;

	crm_check_status(crm_core_sums_merge(sums, count, CRM_STOCK_WIDTH));
	if (*count == 0)
		return;
	crm_alerts_begin(&alerts, *count);
	crm_table_open(&table, "product", RowExclusiveLock);
	allowed = crm_rows_allowed(table.relation, stock_columns, stock_checks);
	if (allowed)
		apply_by_key(&table, sums, *count, &alerts);
	crm_table_close(&table);
	if (!allowed)
	{
		lock_and_check(sums, *count, &alerts);
		update_products(sums, *count);
	}
	crm_alerts_write(&alerts);
}

/* Adds a movement to a list. */
void
crm_movements_add(CrmMovements *movements, CrmMovement movement)
{
	if (movements->items == NULL)
	{
		movements->capacity = 16;
		movements->items = palloc(movements->capacity * sizeof(CrmMovement));
	}
	else if (movements->count == movements->capacity)
	{
		movements->capacity *= 2;
		movements->items = repalloc_huge(movements->items,
										 movements->capacity * sizeof(CrmMovement));
	}
	movements->items[movements->count++] = movement;
}

/* Sums movements by product. */
static int64 *
sum_movements(const CrmMovements *movements)
{
	int64	   *sums = palloc_extended((movements->count + 1) * CRM_STOCK_CELLS * sizeof(int64),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (size_t i = 0; i < movements->count; i++)
	{
		sums[i * CRM_STOCK_CELLS] = movements->items[i].product_id;
		sums[i * CRM_STOCK_CELLS + 1] = movements->items[i].quantity;
	}
	return sums;
}

/* Appends movements to the ledger by SPI. */
static void
write_by_spi(const CrmMovement *movements, size_t count)
{
	const int	cells = 4;
	int64	   *rows = palloc_extended((count + 1) * cells * sizeof(int64), MCXT_ALLOC_HUGE);
	char	  **reasons = palloc_extended((count + 1) * sizeof(char *), MCXT_ALLOC_HUGE);
	Datum		values[6];

	for (size_t i = 0; i < count; i++)
	{
		int64	   *row = rows + i * cells;

		row[0] = movements[i].product_id;
		row[1] = movements[i].quantity;
		row[2] = movements[i].sales_order_id;
		row[3] = movements[i].line_no;
		reasons[i] = unconstify(char *, movements[i].reason);
	}
	values[0] = crm_int64_column(rows, count, cells, 0);
	values[1] = crm_int64_column(rows, count, cells, 1);
	values[2] = crm_text_array(reasons, count);
	values[3] = crm_int64_column(rows, count, cells, 2);
	values[4] = crm_int64_column(rows, count, cells, 3);
	values[5] = CStringGetTextDatum(crm_actor());
	crm_execute_own(&write_movements, values, "stock_movement");
}

/* Tells whether a ledger row can be written below SPI: the table is as we made it. */
static bool
ledger_is_plain(Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), ledger_columns[i]) != 0)
			return false;
		if (ledger_columns[i + 1] == NULL && i + 1 < desc->natts)
			return false;
	}
	return crm_rows_allowed(relation, ledger_columns, ledger_checks);
}

/*
 * Appends movements to the ledger below SPI.  The foreign key to the product
 * needs no check: the product is locked, and what is locked exists.
 */
static void
write_by_key(CrmTable *table, const CrmMovement *movements, size_t count)
{
	Oid			sequence = crm_identity_sequence(table->relation, 1);
	Datum		actor = CStringGetTextDatum(crm_actor());

	for (size_t i = 0; i < count; i++)
	{
		const CrmMovement *movement = &movements[i];
		Datum		values[LEDGER_COLUMNS] = {0};
		bool		nulls[LEDGER_COLUMNS] = {0};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(nextval_internal(sequence, false));
		values[1] = Int64GetDatum(movement->product_id);
		values[2] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
		values[3] = Int64GetDatum(movement->quantity);
		values[4] = CStringGetTextDatum(movement->reason);
		values[5] = Int64GetDatum(movement->sales_order_id);
		nulls[5] = movement->sales_order_id == 0;
		values[6] = Int32GetDatum((int32) movement->line_no);
		nulls[6] = movement->line_no == 0;
		nulls[7] = true;
		values[8] = actor;
		crm_table_insert(table, values, nulls);
	}
}

/* Appends movements to the ledger; their products are locked and booked. */
void
crm_movements_write(const CrmMovement *movements, size_t count)
{
	CrmTable	table;
	bool		plain;

	if (count == 0)
		return;
	crm_table_open(&table, "stock_movement", RowExclusiveLock);
	plain = ledger_is_plain(table.relation);
	if (plain)
		write_by_key(&table, movements, count);
	crm_table_close(&table);
	if (!plain)
		write_by_spi(movements, count);
}

/* Refuses to sell anew what is deleted or no longer offered. */
void
crm_check_product_sold(int64 product_id, bool is_deleted, bool is_inactive)
{
	if (is_deleted)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_RECORD_DELETED),
				 errmsg("product %lld is deleted", (long long) product_id),
				 errhint("Restore it with crm.restore_product() first."),
				 crm_error_column("order_item", "product_id", NULL)));
	if (is_inactive)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_RECORD_DELETED),
				 errmsg("product %lld is not offered any more", (long long) product_id),
				 errdetail("Its active is false."),
				 errhint("Choose another product, or set active to true. A past sale goes into an order "
						 "that is inserted as completed."),
				 crm_error_column("order_item", "product_id", "order_item_active_check")));
}

/* Books movements: the stock of their products, then the ledger. */
void
crm_movements_book(const CrmMovements *movements)
{
	size_t		nsums = movements->count;
	size_t		nkept = 0;
	int64	   *sums;
	CrmMovement *kept;

	if (movements->count == 0)
		return;
	sums = sum_movements(movements);
	crm_stock_apply(sums, &nsums);
	kept = palloc_extended(movements->count * sizeof(CrmMovement), MCXT_ALLOC_HUGE);
	for (size_t i = 0; i < movements->count; i++)
	{
		int64	   *sum = crm_core_sums_find(sums, nsums, CRM_STOCK_WIDTH,
											 movements->items[i].product_id);

		CHECK_FOR_INTERRUPTS();
		if (movements->items[i].is_new_sale)
			crm_check_product_sold(sum[0], (sum[2] & CRM_STOCK_DELETED) != 0,
								   (sum[2] & CRM_STOCK_INACTIVE) && !movements->items[i].is_past_sale);
		if (sum[2] & CRM_STOCK_KEPT)
			kept[nkept++] = movements->items[i];
	}
	crm_movements_write(kept, nkept);
}
