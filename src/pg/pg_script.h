/*
 * pg_script.h
 *		Running a schema script on a schema that may be there already.
 */
#ifndef PG_SCRIPT_H
#define PG_SCRIPT_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* A schema script and what may be left as it is. */
typedef struct CrmScript
{
	const char *text;
	bool		keep_comments;	/* comments that are there stay as they are */
	bool		keep_rows;		/* tables that are there get no first rows */
} CrmScript;

extern char *crm_script_path(const char *name);
extern char *crm_read_script(const char *name);
extern void crm_check_structure(const char *script, const List *statements, const List *unwanted);
extern List *crm_run_script(const CrmScript *script);

#endif							/* PG_SCRIPT_H */
