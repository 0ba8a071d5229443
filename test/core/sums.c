/* Sums by key: known cases, overflow, and 200,000 random rows against a plain quadratic-free count. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/crm_sums.h"

#define KEYS 1000
#define ROWS 200000

static uint64_t state = 20260101;

/* A small generator of our own, so that every platform sees the same rows. */
static uint64_t
next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
check_known(void)
{
	int64_t		rows[] = {7, 1, 10, 3, 2, 20, 7, 4, 40, -5, 8, 80};
	size_t		n = 4;

	CHECK(crm_core_sums_merge(rows, &n, 2) == CRM_OK, "merge succeeds");
	CHECK(n == 3, "equal keys become one row");
	CHECK(rows[0] == -5 && rows[3] == 3 && rows[6] == 7, "keys ascend, negative first");
	CHECK(rows[7] == 5 && rows[8] == 50, "values of equal keys are added");
	CHECK(crm_core_sums_find(rows, n, 2, 3) == rows + 3, "a key is found");
	CHECK(crm_core_sums_find(rows, n, 2, 4) == NULL, "a missing key is not found");
}

static void
check_edges(void)
{
	int64_t		row[] = {1, 5};
	int64_t		keys[] = {3, 1, 3, 2};
	size_t		n = 0;

	CHECK(crm_core_sums_merge(row, &n, 1) == CRM_OK && n == 0, "no row stays no row");
	CHECK(crm_core_sums_find(row, 0, 1, 1) == NULL, "nothing is found in no row");
	n = 1;
	CHECK(crm_core_sums_merge(row, &n, 1) == CRM_OK && n == 1 && row[1] == 5, "one row stays");
	n = 4;
	CHECK(crm_core_sums_merge(keys, &n, 0) == CRM_OK && n == 3 && keys[2] == 3, "keys without values");
	CHECK(crm_core_sums_merge(keys, &n, CRM_SUMS_MAX_WIDTH + 1) == CRM_INVALID_ARGUMENT, "too wide");
	CHECK(crm_core_sums_merge(keys, &n, -1) == CRM_INVALID_ARGUMENT, "negative width");
}

static void
check_overflow(void)
{
	int64_t		high[] = {1, INT64_MAX, 1, 1};
	int64_t		low[] = {1, INT64_MIN, 1, -1};
	int64_t		close[] = {1, INT64_MAX, 1, INT64_MIN};
	int64_t		which[] = {7, 5, 9, INT64_MAX, 7, 6, 9, 1};
	size_t		n = 2;

	CHECK(crm_core_sums_merge(high, &n, 1) == CRM_OVERFLOW, "overflow above");
	n = 2;
	CHECK(crm_core_sums_merge(low, &n, 1) == CRM_OVERFLOW, "overflow below");
	n = 2;
	CHECK(crm_core_sums_merge(close, &n, 1) == CRM_OK && close[1] == -1, "extremes that cancel");
	n = 4;
	CHECK(crm_core_sums_merge(which, &n, 1) == CRM_OVERFLOW && which[0] == 9, "whose sum overflows is told");
}

static void
check_random(void)
{
	int64_t    *rows = malloc(ROWS * 2 * sizeof(int64_t));
	int64_t		expected[KEYS] = {0};
	int			seen[KEYS] = {0};
	size_t		n = ROWS;
	size_t		distinct = 0;
	int			same = 1;

	for (int i = 0; i < ROWS; i++)
	{
		int64_t		key = (int64_t) (next_random() % KEYS);
		int64_t		value = (int64_t) (next_random() % 2001) - 1000;

		rows[2 * i] = key;
		rows[2 * i + 1] = value;
		expected[key] += value;
		distinct += !seen[key];
		seen[key] = 1;
	}
	CHECK(crm_core_sums_merge(rows, &n, 1) == CRM_OK && n == distinct, "random rows merge");
	for (size_t i = 0; i < n; i++)
		same = same && rows[2 * i + 1] == expected[rows[2 * i]] && (i == 0 || rows[2 * i] > rows[2 * i - 2]);
	CHECK(same, "random sums equal the count by key, in ascending order");
	free(rows);
}

int
main(void)
{
	check_known();
	check_edges();
	check_overflow();
	check_random();
	return failures != 0;
}
