/*
 * crm_sums.c
 *		Sums by key (see crm_sums.h).
 */
#include "core/crm_sums.h"

#include <stdlib.h>
#include <string.h>

/* Orders two rows by their key, the first cell. */
static int
compare_keys(const void *left, const void *right)
{
	int64_t		a = *(const int64_t *) left;
	int64_t		b = *(const int64_t *) right;

	return (a > b) - (a < b);
}

/* Adds the values of one row to another of the same key. */
static CrmStatus
add_values(int64_t *into, const int64_t *from, int width)
{
	for (int i = 1; i <= width; i++)
	{
		if (__builtin_add_overflow(into[i], from[i], &into[i]))
			return CRM_OVERFLOW;
	}
	return CRM_OK;
}

CrmStatus
crm_core_sums_merge(int64_t *rows, size_t *nrows, int width)
{
	size_t		cells = (size_t) width + 1;
	size_t		last = 0;

	if (width < 0 || width > CRM_SUMS_MAX_WIDTH)
		return CRM_INVALID_ARGUMENT;
	if (*nrows < 2)
		return CRM_OK;

	qsort(rows, *nrows, cells * sizeof(int64_t), compare_keys);
	for (size_t i = 1; i < *nrows; i++)
	{
		int64_t    *row = rows + i * cells;
		int64_t    *kept = rows + last * cells;

		if (row[0] == kept[0])
		{
			CrmStatus	status = add_values(kept, row, width);

			if (status != CRM_OK)
			{
				rows[0] = row[0];
				return status;
			}
		}
		else
		{
			last++;
			memmove(rows + last * cells, row, cells * sizeof(int64_t));
		}
	}
	*nrows = last + 1;
	return CRM_OK;
}

int64_t *
crm_core_sums_find(int64_t *rows, size_t nrows, int width, int64_t key)
{
	if (nrows == 0)
		return NULL;
	return bsearch(&key, rows, nrows, ((size_t) width + 1) * sizeof(int64_t), compare_keys);
}
