/*
 * pg_progress.h
 *		Progress of long jobs, readable from other sessions.
 */
#ifndef PG_PROGRESS_H
#define PG_PROGRESS_H

#include "postgres.h"

extern void crm_progress_report(const char *job, const char *phase, int64 done, int64 total);
extern void crm_progress_finish(void);

#endif							/* PG_PROGRESS_H */
