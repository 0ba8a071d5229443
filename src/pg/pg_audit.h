/*
 * pg_audit.h
 *		What the files of the audit share.
 */
#ifndef PG_AUDIT_H
#define PG_AUDIT_H

#include "pg/crm_pg.h"
#include "pg/pg_json.h"

/* A column whose values the log holds. */
typedef struct CrmAuditColumn
{
	AttrNumber	attno;
	bool		is_maintained;	/* the CRM itself keeps it up to date */
	char	   *name;
	int			length;			/* of the name */
	CrmJsonType type;
} CrmAuditColumn;

/* What the audit knows of a table; columns stand in the order of jsonb's keys. */
typedef struct CrmAuditTable
{
	Oid			relation;		/* hash key */
	bool		is_valid;		/* nothing of the table has changed since it was read */
	MemoryContext context;		/* holds all that follows */
	char	   *name;			/* with its schema unless that is crm */
	AttrNumber	row_id;			/* leading column of the key if that is a bigint, or 0 */
	AttrNumber	customer_id;	/* or 0 */
	int			nkeys;
	CrmAuditColumn *keys;
	int			ncolumns;
	CrmAuditColumn *columns;
} CrmAuditTable;

/* One entry of the log; cells of a NULL are not read. */
typedef struct CrmAuditEntry
{
	const char *operation;
	bool		has_row_id;
	int64		row_id;
	bool		has_row_key;
	Datum		row_key;
	bool		has_customer_id;
	int64		customer_id;
	bool		has_old;
	Datum		old_values;
	bool		has_new;
	Datum		new_values;
} CrmAuditEntry;

/* Entries on their way into the log. */
typedef struct CrmAuditLog CrmAuditLog;

extern CrmAuditTable *crm_audit_table(Relation relation);
extern CrmAuditLog *crm_audit_log_open(const char *table_name);
extern MemoryContext crm_audit_log_memory(CrmAuditLog *log);
extern void crm_audit_log_add(CrmAuditLog *log, const CrmAuditEntry *entry);
extern void crm_audit_log_close(CrmAuditLog *log);

#endif							/* PG_AUDIT_H */
