/* check.h: one line per checked statement, counted by the caller. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int	failures = 0;

#define CHECK(condition, what) \
	do { \
		if (condition) \
			printf("ok - %s\n", what); \
		else { \
			printf("not ok - %s (%s:%d)\n", what, __FILE__, __LINE__); \
			failures++; \
		} \
	} while (0)

#endif
