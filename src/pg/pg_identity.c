/*
 * pg_identity.c
 *		Who acts: the name that created_by, updated_by and changed_by keep.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "pg/crm_pg.h"

/*
 * Returns the login of this session.  Inside a SECURITY DEFINER function
 * current_user would be crm_owner, so it is the session user that counts.
 */
const char *
crm_actor(void)
{
	static Oid	known_id = InvalidOid;
	static char known_name[NAMEDATALEN];
	Oid			id = GetSessionUserId();

	if (id != known_id)
	{
		char	   *name = GetUserNameFromId(id, false);

		strlcpy(known_name, name, sizeof(known_name));
		known_id = id;
		pfree(name);
	}
	return known_name;
}
