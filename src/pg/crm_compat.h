/*
 * crm_compat.h
 *		Differences between PostgreSQL majors; PG_VERSION_NUM stands nowhere else.
 */
#ifndef CRM_COMPAT_H
#define CRM_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/backend_status.h"

#if PG_VERSION_NUM < 150000
#error "crm needs PostgreSQL 15 or later"
#endif

/*
 * Before 16 fmgr.h declares the function itself without PGDLLEXPORT, which
 * hidden visibility would take out of the library: declare it first.
 */
#define CRM_FUNCTION_INFO_V1(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/* The status array of other backends got other accessor names in 16. */
#if PG_VERSION_NUM < 160000
#define crm_local_beentry(i) pgstat_fetch_stat_local_beentry(i)
#else
#define crm_local_beentry(i) pgstat_get_local_beentry_by_index(i)
#endif

#endif							/* CRM_COMPAT_H */
