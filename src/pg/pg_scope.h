/*
 * pg_scope.h
 *		The person who acts, with roles, team and regions.
 */
#ifndef CRM_PG_SCOPE_H
#define CRM_PG_SCOPE_H

#include "postgres.h"

#include "utils/array.h"

/* The roles that a person can have, in the order of their names in pg_scope.c. */
typedef enum CrmRole
{
	CRM_ROLE_ADMIN,
	CRM_ROLE_SALES_MANAGER,
	CRM_ROLE_SALES_REP,
	CRM_ROLE_MARKETING_MANAGER,
	CRM_ROLE_MARKETING_ANALYST,
	CRM_ROLE_SUPPORT_AGENT,
	CRM_ROLE_BI,
	CRM_ROLE_AUDITOR,
	CRM_ROLE_COUNT
} CrmRole;

typedef struct CrmPerson
{
	int64		staff_id;		/* 0 for nobody, or one who is not active */
	bool		is_top;			/* no superior */
	bool		roles[CRM_ROLE_COUNT];
	ArrayType  *regions;		/* of a sales rep, with all below; never NULL */
	ArrayType  *team;			/* the person and all below */
	ArrayType  *team_regions;	/* of the team, with all below */
	char		actor[NAMEDATALEN];
} CrmPerson;

extern const CrmPerson *crm_person(void);

#endif							/* CRM_PG_SCOPE_H */
