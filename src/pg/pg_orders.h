/*
 * pg_orders.h
 *		Orders as the triggers of orders and their lines see them.
 */
#ifndef PG_ORDERS_H
#define PG_ORDERS_H

#include "pg/crm_pg.h"

/* A locked order: what the rules of lines and of statuses need of it. */
typedef struct CrmOrder
{
	int64		sales_order_id;
	int64		customer_id;
	TimestampTz order_date;
	int64		line_count;		/* before the sums were added */
	int64		returns_order_id;	/* the sale that a return takes back, or 0 */
	bool		is_return;
	bool		is_pending;
	bool		is_canceled;
	bool		is_finished;	/* completed or canceled */
} CrmOrder;

/* Locked orders in ascending order of their key. */
typedef struct CrmOrders
{
	CrmOrder   *items;
	size_t		count;
} CrmOrders;

/* The sums are those of core/crm_lines.h. */
extern void crm_orders_lock_and_add(CrmOrders *orders, int64 *sums, size_t norders);
extern void crm_orders_raise_total(int64 sales_order_id);
extern const CrmOrder *crm_orders_find(const CrmOrders *orders, int64 sales_order_id);
extern int64 crm_orders_find_empty(const int64 *keys, size_t count);
extern void crm_orders_check_returns(const CrmOrders *orders, bool only_inserts);

#endif							/* PG_ORDERS_H */
