/*
 * crm_lines.h
 *		What the lines of orders do to totals and stock.
 *
 * A statement on order lines becomes a list of effects: a line that was put in
 * has sign +1, one that was taken out sign -1, and a changed line is both, the
 * old one directly before the new one.  From the list follow the sums by order
 * and the movements of stock.
 */
#ifndef CRM_LINES_H
#define CRM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crm_status.h"

/*
 * Largest quantity, price, amount of a line and total of an order; the CHECKs
 * of the tables say the same.  A hundred such totals fit into numeric(18,4).
 */
#define CRM_LIMIT INT64_C(1000000000000)

/* Amounts are counted in 1/10,000. */
#define CRM_AMOUNT_UNITS 10000

/* One line as a statement put it in or took it out. */
typedef struct CrmLine
{
	int64_t		sales_order_id;
	int64_t		line_no;
	int64_t		product_id;
	int64_t		quantity;		/* 0 or more */
	int64_t		amount;			/* line_total in 1/10,000 */
	int64_t		base;			/* line_base in 1/10,000 */
	int			sign;			/* +1 put in, -1 taken out */
} CrmLine;

/* Why stock moves, as stock_movement.reason says it. */
typedef enum CrmMoveReason
{
	CRM_MOVE_SALE,				/* a sale's line takes stock */
	CRM_MOVE_RETURN,			/* a return's line adds stock */
	CRM_MOVE_CANCEL				/* either is taken back */
} CrmMoveReason;

/*
 * Sums by order are rows of (order, amount, base, lines): what is added to the
 * totals, and how many lines were put in less those taken out.
 */
#define CRM_ORDER_WIDTH 3
#define CRM_ORDER_CELLS (CRM_ORDER_WIDTH + 1)

/*
 * Sums the lines by order.  sums has room for nlines rows; on CRM_OK the first
 * *norders hold the sums in ascending order of their key; on CRM_OVERFLOW
 * sums[0] is the order that comes to too much.
 */
extern CrmStatus crm_core_lines_by_order(const CrmLine *lines, size_t nlines,
										 int64_t *sums, size_t *norders);

/*
 * Takes the next effect off a list, at *position, which it moves on.  A line
 * whose quantity changed comes out as one effect of the difference.
 */
extern CrmLine crm_core_lines_next(const CrmLine *lines, size_t nlines, size_t *position);

/*
 * Tells the signed quantity by which an effect moves its product's stock, and
 * why.  0 means that it does not: the order is canceled, or nothing changed.
 */
extern int64_t crm_core_line_movement(const CrmLine *line, bool is_return, bool is_canceled,
									  CrmMoveReason *reason);

#endif							/* CRM_LINES_H */
