/*
 * pg_stock.h
 *		Stock as the triggers of products, movements and order lines use it.
 */
#ifndef PG_STOCK_H
#define PG_STOCK_H

#include "pg/crm_pg.h"

/* One movement to book: what a line of an order does to a product's stock. */
typedef struct CrmMovement
{
	int64		product_id;
	int64		quantity;		/* signed: positive adds to the stock */
	const char *reason;			/* a value of stock_movement.reason */
	int64		sales_order_id; /* 0 = none */
	int64		line_no;		/* 0 = none */
	bool		is_new_sale;	/* refused for a deleted product */
	bool		is_past_sale;	/* the order is over: the product need not be active */
} CrmMovement;

/* A growing list of movements. */
typedef struct CrmMovements
{
	CrmMovement *items;
	size_t		count;
	size_t		capacity;
} CrmMovements;

/* What decides whether a product is low. */
typedef struct CrmStockState
{
	int64		quantity;
	int64		reorder_level;
	bool		is_stocked;
	bool		is_active;
	bool		is_deleted;
} CrmStockState;

/* The columns of crm.product that stock depends on. */
typedef struct CrmProductColumns
{
	AttrNumber	product_id;
	AttrNumber	stock_quantity;
	AttrNumber	reorder_level;
	AttrNumber	is_stocked;
	AttrNumber	active;
	AttrNumber	deleted_at;
} CrmProductColumns;

/* Products that became low or ceased to be: rows of (product, stock, level). */
typedef struct CrmAlerts
{
	int64	   *opened;
	int64	   *closed;
	size_t		nopened;
	size_t		nclosed;
} CrmAlerts;

/*
 * Sums by product are rows of three cells: the product, the signed quantity,
 * and, once applied, what the locked product is: a set of marks.
 */
#define CRM_STOCK_WIDTH 2
#define CRM_STOCK_CELLS (CRM_STOCK_WIDTH + 1)

#define CRM_STOCK_KEPT 1		/* the product keeps stock */
#define CRM_STOCK_INACTIVE 2
#define CRM_STOCK_DELETED 4

extern void crm_movements_add(CrmMovements *movements, CrmMovement movement);
extern void crm_movements_write(const CrmMovement *movements, size_t count);
extern void crm_check_product_sold(int64 product_id, bool is_deleted, bool is_inactive);
extern void crm_movements_book(const CrmMovements *movements);
extern CrmProductColumns crm_product_columns(TupleDesc desc);
extern CrmStockState crm_stock_state(TupleTableSlot *slot, const CrmProductColumns *columns);
extern void crm_stock_apply(int64 *sums, size_t *count);
extern void crm_alerts_begin(CrmAlerts *alerts, size_t capacity);
extern void crm_alerts_note(CrmAlerts *alerts, int64 product_id,
							const CrmStockState *before, const CrmStockState *after);
extern void crm_alerts_write(CrmAlerts *alerts);

#endif							/* PG_STOCK_H */
