/*
 * pg_status.c
 *		Turns status codes of the pure C core into errors.
 */
#include "postgres.h"

#include "pg/crm_pg.h"

/* Raises the error that belongs to a status; returns on CRM_OK. */
void
crm_check_status(CrmStatus status)
{
	switch (status)
	{
		case CRM_OK:
			return;
		case CRM_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sum out of range"),
					 errdetail("The rows of one statement add up to more than a bigint or an amount can hold."),
					 errhint("Check the quantities and prices, or split the statement.")));
			break;
		case CRM_INVALID_ARGUMENT:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument out of range")));
			break;
	}
}
