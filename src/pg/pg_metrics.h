/*
 * pg_metrics.h
 *		The figures of customers that follow from their orders.
 */
#ifndef PG_METRICS_H
#define PG_METRICS_H

#include "pg/pg_orders.h"

/* The sums are those of core/crm_lines.h; the orders are locked, their totals written. */
extern void crm_metrics_of_lines(const CrmOrders *orders, const int64 *sums, size_t norders);
extern void crm_metrics_recount(int64 *customers, size_t count);

#endif							/* PG_METRICS_H */
