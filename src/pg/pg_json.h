/*
 * pg_json.h
 *		Writing a jsonb object out of columns, without the parser's detours.
 *
 * Values come out as to_jsonb() writes them, but long ones are cut: what has
 * more than CRM_JSON_LIMIT bytes as text keeps its first CRM_JSON_KEPT
 * characters, followed by its length and its SHA-256.
 */
#ifndef PG_JSON_H
#define PG_JSON_H

#include "pg/crm_pg.h"

#include "lib/stringinfo.h"

#define CRM_JSON_LIMIT 8192
#define CRM_JSON_KEPT 1000

/* How the values of a type are written. */
typedef enum CrmJsonKind
{
	CRM_JSON_BOOL,
	CRM_JSON_INT2,
	CRM_JSON_INT4,
	CRM_JSON_INT8,
	CRM_JSON_NUMERIC,
	CRM_JSON_TEXT,
	CRM_JSON_DATETIME,
	CRM_JSON_JSONB,
	CRM_JSON_BYTEA,
	CRM_JSON_OTHER				/* by to_jsonb() itself */
} CrmJsonKind;

/* A type of values, looked up once. */
typedef struct CrmJsonType
{
	CrmJsonKind kind;
	Oid			type;			/* behind domains */
	int16		length;
	FmgrInfo	to_jsonb;		/* of CRM_JSON_OTHER */
} CrmJsonType;

/* The object being written. */
typedef struct CrmJson
{
	StringInfoData data;
	uint32		child;			/* keys and values so far */
	uint32		total;			/* their bytes */
} CrmJson;

extern void crm_json_type(CrmJsonType *json_type, Oid type);
extern void crm_json_begin(CrmJson *json, int pairs);
extern void crm_json_key(CrmJson *json, const char *key, int length);
extern void crm_json_value(CrmJson *json, CrmJsonType *type, Datum value, bool isnull);
extern Datum crm_json_end(CrmJson *json);
extern int	crm_json_compare_keys(const char *left, int left_length, const char *right,
								  int right_length);

#endif							/* PG_JSON_H */
