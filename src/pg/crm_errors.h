/*
 * crm_errors.h
 *		SQLSTATEs of the class RM: errors of the CRM's own rules.
 *
 * Each code stands once here and once in crm.error_catalog; a test compares
 * both.  Errors that PostgreSQL has a code for keep the standard one.
 */
#ifndef CRM_ERRORS_H
#define CRM_ERRORS_H

#include "utils/elog.h"

#define ERRCODE_CRM_INSUFFICIENT_STOCK	MAKE_SQLSTATE('R','M','0','0','1')
#define ERRCODE_CRM_INVALID_TRANSITION	MAKE_SQLSTATE('R','M','0','0','2')
#define ERRCODE_CRM_VERSION_CONFLICT	MAKE_SQLSTATE('R','M','0','0','3')
#define ERRCODE_CRM_RATE_MISSING		MAKE_SQLSTATE('R','M','0','1','0')
#define ERRCODE_CRM_RECORD_DELETED		MAKE_SQLSTATE('R','M','0','1','1')
#define ERRCODE_CRM_DOCUMENT_FROZEN		MAKE_SQLSTATE('R','M','0','1','2')
#define ERRCODE_CRM_NO_LINES			MAKE_SQLSTATE('R','M','0','1','3')
#define ERRCODE_CRM_RETURN_EXCEEDS_SALE	MAKE_SQLSTATE('R','M','0','1','4')
#define ERRCODE_CRM_MAINTAINED_COLUMN	MAKE_SQLSTATE('R','M','0','1','5')
#define ERRCODE_CRM_CYCLE				MAKE_SQLSTATE('R','M','0','1','6')
#define ERRCODE_CRM_APPEND_ONLY			MAKE_SQLSTATE('R','M','0','1','7')
#define ERRCODE_CRM_TOO_MANY_CONTACTS	MAKE_SQLSTATE('R','M','0','1','8')
#define ERRCODE_CRM_SCHEMA_VERSION		MAKE_SQLSTATE('R','M','0','1','9')
#define ERRCODE_CRM_SESSION_REFUSED		MAKE_SQLSTATE('R','M','0','2','0')
#define ERRCODE_CRM_SESSION_BEGUN		MAKE_SQLSTATE('R','M','0','2','1')
#define ERRCODE_CRM_OUT_OF_SCOPE		MAKE_SQLSTATE('R','M','0','2','2')
#define ERRCODE_CRM_ERASURE_REFUSED		MAKE_SQLSTATE('R','M','0','2','3')

#endif							/* CRM_ERRORS_H */
