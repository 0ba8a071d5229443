/*
 * pg_products.c
 *		Triggers of crm.product and crm.stock_movement.
 *
 * A client may write product.stock_quantity: the difference becomes a movement
 * of reason 'adjust', a new product's stock one of reason 'opening'.  A client
 * may as well insert a movement: the product's stock follows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "core/crm_sums.h"
#include "pg/crm_pg.h"
#include "pg/pg_fill.h"
#include "pg/pg_stock.h"

CRM_FUNCTION_INFO_V1(crm_product_ai);
CRM_FUNCTION_INFO_V1(crm_product_au);
CRM_FUNCTION_INFO_V1(crm_stock_movement_fill);
CRM_FUNCTION_INFO_V1(crm_stock_movement_ai);

/* Refuses stock on a product that keeps none. */
static void
check_stocked(int64 product_id, bool is_stocked)
{
	if (is_stocked)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("product %lld keeps no stock", (long long) product_id),
			 errdetail("Its is_stocked is false."),
			 errhint("Set is_stocked to true first, or leave its stock alone."),
			 crm_error_column("product", "is_stocked", "product_is_stocked_check")));
}

/* Products of the list that stand on a line. */
static CrmPlan find_sold = {
	.sql = "SELECT k.key FROM pg_catalog.unnest($1) k(key) WHERE EXISTS ("
	"SELECT FROM crm.order_item i WHERE i.product_id OPERATOR(pg_catalog.=) k.key) ORDER BY 1 LIMIT 1",
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

/*
 * Refuses to begin or end keeping stock of products that were sold: canceling
 * such an order would give back what it never took, or keep what it took.
 */
static void
check_unsold(const int64 *products, size_t count)
{
	Datum		argument;

	if (count == 0)
		return;
	argument = crm_int64_array(products, count);
	if (crm_execute_latest(&find_sold, &argument) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_MAINTAINED_COLUMN),
			 errmsg("product.is_stocked cannot be changed: product %lld is on orders",
					(long long) crm_result_int64(0, 1)),
			 errhint("Set active to false and add another product."),
			 crm_error_column("product", "is_stocked", "product_is_stocked_check")));
}

/*
 * Books the difference between two states of a product: a movement for the
 * stock, and the alert that opens or closes.
 */
static void
note_product(int64 product_id, const CrmStockState *before, const CrmStockState *after,
			 const char *reason, CrmMovements *movements, CrmAlerts *alerts)
{
	int64		change = after->quantity - before->quantity;

	if (change != 0)
	{
		check_stocked(product_id, after->is_stocked);
		crm_movements_add(movements, (CrmMovement) {
						  .product_id = product_id, .quantity = change, .reason = reason});
	}
	crm_alerts_note(alerts, product_id, before, after);
}

/* AFTER INSERT on product: opening movements and alerts. */
Datum
crm_product_ai(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_product_ai");
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	CrmProductColumns columns = crm_product_columns(desc);
	const CrmStockState nothing = {0};
	CrmMovements movements = {0};
	CrmAlerts	alerts;
	CrmRows		rows;

	SPI_connect();
	crm_alerts_begin(&alerts, tuplestore_tuple_count(trigdata->tg_newtable));
	crm_rows_begin(&rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&rows))
	{
		CrmStockState state = crm_stock_state(rows.slot, &columns);

		note_product(crm_slot_int64(rows.slot, columns.product_id), &nothing, &state,
					 "opening", &movements, &alerts);
	}
	crm_rows_end(&rows);
	crm_movements_write(movements.items, movements.count);
	crm_alerts_write(&alerts);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* AFTER UPDATE on product: adjusting movements, alerts, deletions. */
Datum
crm_product_au(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_product_au");
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	CrmProductColumns columns;
	CrmMovements movements = {0};
	CrmAlerts	alerts;
	CrmRows		old_rows;
	CrmRows		new_rows;
	size_t		nswitched = 0;
	int64	   *switched;

	if (crm_is_own_write(trigdata->tg_relation))
		return PointerGetDatum(NULL);

	columns = crm_product_columns(desc);
	SPI_connect();
	crm_alerts_begin(&alerts, tuplestore_tuple_count(trigdata->tg_newtable));
	switched = palloc_extended((tuplestore_tuple_count(trigdata->tg_newtable) + 1) * sizeof(int64),
							   MCXT_ALLOC_HUGE);
	crm_rows_begin(&old_rows, trigdata->tg_oldtable, desc);
	crm_rows_begin(&new_rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&old_rows) && crm_rows_next(&new_rows))
	{
		CrmStockState before = crm_stock_state(old_rows.slot, &columns);
		CrmStockState after = crm_stock_state(new_rows.slot, &columns);
		int64		product_id = crm_slot_int64(new_rows.slot, columns.product_id);

		if (before.is_stocked != after.is_stocked)
			switched[nswitched++] = product_id;
		note_product(product_id, &before, &after, "adjust", &movements, &alerts);
	}
	crm_rows_end(&old_rows);
	crm_rows_end(&new_rows);
	check_unsold(switched, nswitched);
	crm_movements_write(movements.items, movements.count);
	crm_alerts_write(&alerts);
	crm_emit_deletions(trigdata, "product");
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* Refuses reasons that only the lines of orders may give; a word that is none is left to the CHECK. */
static void
check_reason(const CrmFill *fill)
{
	bool		isnull;
	Datum		value = crm_fill_get(fill, "reason", &isnull);
	const char *reason = isnull ? "" : TextDatumGetCString(value);

	if (strcmp(reason, "sale") != 0 && strcmp(reason, "cancel") != 0 && strcmp(reason, "return") != 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CRM_APPEND_ONLY),
			 errmsg("movements of reason \"%s\" are written by orders only", reason),
			 errhint("Use 'purchase' for incoming goods and 'adjust' for corrections."),
			 crm_error_column("stock_movement", "reason", "stock_movement_reason_check")));
}

/* Refuses a movement of a time that has not come yet; an infinite one is left to the CHECK. */
static void
check_moved_at(const CrmFill *fill)
{
	bool		isnull;
	TimestampTz moved_at = DatumGetTimestampTz(crm_fill_get(fill, "moved_at", &isnull));

	if (isnull || TIMESTAMP_NOT_FINITE(moved_at) || moved_at <= GetCurrentTimestamp())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("the stock moves in the future"),
			 errhint("Leave moved_at out, or give the time at which the goods moved."),
			 crm_error_column("stock_movement", "moved_at", "stock_movement_moved_at_check")));
}

/*
 * BEFORE INSERT on stock_movement, FOR EACH ROW: who wrote a client's movement
 * is for us to say, and what orders write is for orders alone.
 */
Datum
crm_stock_movement_fill(PG_FUNCTION_ARGS)
{
	CrmFill		fill;

	crm_fill_begin(&fill, fcinfo, "crm_stock_movement_fill");
	if (crm_is_own_write(fill.trigdata->tg_relation))
		return crm_fill_end(&fill);
	check_reason(&fill);
	check_moved_at(&fill);
	crm_fill_set(&fill, "created_by", CStringGetTextDatum(crm_actor()), false);
	return crm_fill_end(&fill);
}

/* AFTER INSERT on stock_movement: a client's movement changes the stock. */
Datum
crm_stock_movement_ai(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = crm_trigger_statement(fcinfo, "crm_stock_movement_ai");
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	product_id;
	AttrNumber	quantity;
	size_t		count = 0;
	int64	   *sums;
	CrmRows		rows;

	if (crm_is_own_write(trigdata->tg_relation))
		return PointerGetDatum(NULL);

	product_id = crm_column(desc, "product_id");
	quantity = crm_column(desc, "quantity");
	SPI_connect();
	sums = palloc_extended((tuplestore_tuple_count(trigdata->tg_newtable) + 1) *
						   CRM_STOCK_CELLS * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	crm_rows_begin(&rows, trigdata->tg_newtable, desc);
	while (crm_rows_next(&rows))
	{
		int64	   *sum = sums + CRM_STOCK_CELLS * count++;

		sum[0] = crm_slot_int64(rows.slot, product_id);
		sum[1] = crm_slot_int64(rows.slot, quantity);
	}
	crm_rows_end(&rows);
	crm_stock_apply(sums, &count);
	for (size_t i = 0; i < count; i++)
		check_stocked(sums[i * CRM_STOCK_CELLS], sums[i * CRM_STOCK_CELLS + 2] & CRM_STOCK_KEPT);
	SPI_finish();
	return PointerGetDatum(NULL);
}
