/*
 * crm_lines.c
 *		What the lines of orders do to totals and stock (see crm_lines.h).
 */
#include "core/crm_lines.h"

#include "core/crm_sums.h"

CrmStatus
crm_core_lines_by_order(const CrmLine *lines, size_t nlines, int64_t *sums, size_t *norders)
{
	for (size_t i = 0; i < nlines; i++)
	{
		int64_t    *sum = sums + i * CRM_ORDER_CELLS;

		sum[0] = lines[i].sales_order_id;
		sum[1] = lines[i].sign * lines[i].amount;
		sum[2] = lines[i].sign * lines[i].base;
		sum[3] = lines[i].sign;
	}
	*norders = nlines;
	return crm_core_sums_merge(sums, norders, CRM_ORDER_WIDTH);
}

/* Tells whether two effects are the old and the new state of one line. */
static bool
is_change(const CrmLine *old_line, const CrmLine *new_line)
{
	return old_line->sign == -1 && new_line->sign == 1 &&
		old_line->sales_order_id == new_line->sales_order_id &&
		old_line->line_no == new_line->line_no &&
		old_line->product_id == new_line->product_id;
}

CrmLine
crm_core_lines_next(const CrmLine *lines, size_t nlines, size_t *position)
{
	CrmLine		line = lines[(*position)++];

	if (*position < nlines && is_change(&line, &lines[*position]))
	{
		const CrmLine *changed = &lines[(*position)++];
		int64_t		difference = changed->quantity - line.quantity;

		line = *changed;
		line.sign = difference < 0 ? -1 : 1;
		line.quantity = difference < 0 ? -difference : difference;
	}
	return line;
}

int64_t
crm_core_line_movement(const CrmLine *line, bool is_return, bool is_canceled,
					   CrmMoveReason *reason)
{
	if (line->sign < 0)
		*reason = CRM_MOVE_CANCEL;
	else
		*reason = is_return ? CRM_MOVE_RETURN : CRM_MOVE_SALE;
	if (is_canceled)
		return 0;
	return line->sign * (is_return ? line->quantity : -line->quantity);
}
