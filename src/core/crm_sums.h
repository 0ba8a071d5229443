/*
 * crm_sums.h
 *		Sums by key: rows of int64 whose first cell is the key.
 *
 * Statement-level triggers turn the rows of one statement into (key, value...)
 * rows, add up equal keys and then visit the keys in ascending order.  The
 * ascending order is the project's lock order, so it is part of the contract.
 */
#ifndef CRM_SUMS_H
#define CRM_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "core/crm_status.h"

/* Largest number of value cells behind a key. */
#define CRM_SUMS_MAX_WIDTH 4

/*
 * Sorts rows by key and adds up rows of equal key, in place.
 *
 * rows points to *nrows rows of (1 + width) cells.  On CRM_OK *nrows is the
 * number of distinct keys and the rows stand in ascending order of key.  On
 * CRM_OVERFLOW a sum left the int64 range: rows[0] is its key, and the rest of
 * the contents is undefined.
 */
extern CrmStatus crm_core_sums_merge(int64_t *rows, size_t *nrows, int width);

/* Finds the row of a key in merged rows; NULL if there is none. */
extern int64_t *crm_core_sums_find(int64_t *rows, size_t nrows, int width, int64_t key);

#endif							/* CRM_SUMS_H */
