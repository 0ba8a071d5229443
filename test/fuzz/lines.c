/*
 * Any list of line effects: the sums by order and the movements of stock add up
 * to what the effects say, whatever their order and however they are netted.
 */
#include <stdlib.h>
#include <string.h>

#include "core/crm_lines.h"
#include "core/crm_sums.h"

#define MAX_LINES 64

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Makes a line of four bytes. */
static CrmLine
make_line(const uint8_t *byte)
{
	CrmLine		line = {.sales_order_id = byte[0] % 4, .line_no = byte[1] % 3, .product_id = byte[1] % 5,
	.quantity = byte[2], .amount = byte[2] * 100, .base = byte[2] * 250, .sign = byte[3] & 1 ? 1 : -1};

	return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CrmLine		lines[MAX_LINES];
	int64_t		sums[MAX_LINES * CRM_ORDER_CELLS];
	size_t		n = size / 4 > MAX_LINES ? MAX_LINES : size / 4;
	size_t		norders;
	size_t		position = 0;
	int64_t		amount = 0;
	int64_t		stock = 0;

	for (size_t i = 0; i < n; i++)
	{
		lines[i] = make_line(data + 4 * i);
		amount += lines[i].sign * lines[i].amount;
		stock -= lines[i].sign * lines[i].quantity;
	}
	if (crm_core_lines_by_order(lines, n, sums, &norders) != CRM_OK)
		abort();
	for (size_t i = 0; i < norders; i++)
	{
		amount -= sums[i * CRM_ORDER_CELLS + 1];
		if (i > 0 && sums[i * CRM_ORDER_CELLS] <= sums[(i - 1) * CRM_ORDER_CELLS])
			abort();
	}
	while (position < n)
	{
		CrmLine		line = crm_core_lines_next(lines, n, &position);
		CrmMoveReason reason;

		stock -= crm_core_line_movement(&line, false, false, &reason);
	}
	if (amount != 0 || stock != 0)
		abort();
	return 0;
}
