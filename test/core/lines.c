/* Lines of orders: sums by order and movements of stock, from known cases to a random replay. */
#include <string.h>

#include "check.h"
#include "core/crm_lines.h"
#include "core/crm_sums.h"

static const CrmLine old_line = {.sales_order_id = 9, .line_no = 1, .product_id = 5, .quantity = 4,
.amount = 400, .base = 800, .sign = -1};

/* A copy of old_line as it was put in, with another quantity. */
static CrmLine
put_in(int64_t quantity)
{
	CrmLine		line = old_line;

	line.sign = 1;
	line.quantity = quantity;
	line.amount = quantity * 100;
	line.base = quantity * 200;
	return line;
}

static void
check_sums(void)
{
	CrmLine		lines[] = {put_in(2), old_line, put_in(7)};
	int64_t		sums[3 * CRM_ORDER_CELLS];
	size_t		n;

	lines[0].sales_order_id = 10;
	CHECK(crm_core_lines_by_order(lines, 3, sums, &n) == CRM_OK && n == 2, "two orders");
	CHECK(sums[0] == 9 && sums[1] == 300 && sums[2] == 600 && sums[3] == 0, "a change adds the difference");
	CHECK(sums[4] == 10 && sums[5] == 200 && sums[6] == 400 && sums[7] == 1, "a new line adds itself");
}

static void
check_change(int64_t to, int64_t expected, CrmMoveReason expected_reason, const char *what)
{
	CrmLine		lines[] = {old_line, put_in(to)};
	size_t		position = 0;
	CrmLine		line = crm_core_lines_next(lines, 2, &position);
	CrmMoveReason reason;
	int64_t		moved = crm_core_line_movement(&line, false, false, &reason);

	CHECK(position == 2 && moved == expected && (moved == 0 || reason == expected_reason), what);
}

static void
check_movements(void)
{
	CrmLine		sold = put_in(3);
	CrmMoveReason reason;

	CHECK(crm_core_line_movement(&sold, false, false, &reason) == -3 && reason == CRM_MOVE_SALE, "a sale takes");
	CHECK(crm_core_line_movement(&sold, true, false, &reason) == 3 && reason == CRM_MOVE_RETURN, "a return adds");
	CHECK(crm_core_line_movement(&sold, false, true, &reason) == 0, "a canceled order moves nothing");
	CHECK(crm_core_line_movement(&old_line, false, false, &reason) == 4 && reason == CRM_MOVE_CANCEL,
		  "a line taken out gives back");
	CHECK(crm_core_line_movement(&old_line, true, false, &reason) == -4 && reason == CRM_MOVE_CANCEL,
		  "a return's line taken out takes again");
	check_change(9, -5, CRM_MOVE_SALE, "more of a product takes the difference");
	check_change(1, 3, CRM_MOVE_CANCEL, "less of a product gives the difference back");
	check_change(4, 0, CRM_MOVE_SALE, "an equal quantity moves nothing");
}

static void
check_not_a_change(void)
{
	CrmLine		lines[] = {old_line, put_in(9)};
	size_t		position = 0;

	lines[1].product_id = 6;
	CHECK(crm_core_lines_next(lines, 2, &position).sign == -1 && position == 1, "another product is no change");
	lines[1] = put_in(9);
	lines[1].sales_order_id = 8;
	position = 0;
	CHECK(crm_core_lines_next(lines, 2, &position).sign == -1 && position == 1, "another order is no change");
}

int
main(void)
{
	check_sums();
	check_movements();
	check_not_a_change();
	return failures != 0;
}
