/*
 * crm_compat.h
 *		Differences between PostgreSQL majors; PG_VERSION_NUM stands nowhere else.
 */
#ifndef CRM_COMPAT_H
#define CRM_COMPAT_H

#include "postgres.h"

#include "access/tableam.h"
#include "commands/extension.h"
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

/* Which index entries an update needs: a flag before 16, an enum since. */
#if PG_VERSION_NUM < 160000
typedef bool CrmIndexUpdate;
#define CRM_ALL_INDEXES true
#define crm_needs_index_entries(update) (update)
#define crm_insert_index_entries(result, slot, estate, update) \
	((void) (update), list_free(ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)))
#else
typedef TU_UpdateIndexes CrmIndexUpdate;
#define CRM_ALL_INDEXES TU_All
#define crm_needs_index_entries(update) ((update) != TU_None)
#define crm_insert_index_entries(result, slot, estate, update) \
	list_free(ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, \
									(update) == TU_Summarizing))
#endif

/* Index scans got an argument for instrumentation in 18. */
#if PG_VERSION_NUM < 180000
#define crm_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#else
#define crm_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#endif

/* The sequence of an identity column is asked for by relation since 17. */
#if PG_VERSION_NUM < 170000
#define crm_identity_sequence(relation, attno) \
	getIdentitySequence(RelationGetRelid(relation), attno, false)
#else
#define crm_identity_sequence(relation, attno) getIdentitySequence(relation, attno, false)
#endif

/* Control files lie in the server's own folder before 18, along a path since. */
#if PG_VERSION_NUM < 180000
#define crm_control_path "$system"
#else
#define crm_control_path Extension_control_path
#endif

#endif							/* CRM_COMPAT_H */
