/*
 * crm_status.h
 *		Result codes of the pure C core.
 *
 * The core never raises errors: it returns one of these, and src/pg turns it
 * into an SQLSTATE (pg_status.c).
 */
#ifndef CRM_STATUS_H
#define CRM_STATUS_H

typedef enum CrmStatus
{
	CRM_OK = 0,
	CRM_INVALID_ARGUMENT,		/* a value outside the documented range */
	CRM_OVERFLOW				/* a sum or product left the int64 range */
} CrmStatus;

#endif							/* CRM_STATUS_H */
