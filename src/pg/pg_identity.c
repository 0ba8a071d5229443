/*
 * pg_identity.c
 *		Who acts: a login, or the person of a session token.
 *
 * A login acts as itself, after SET ROLE as the role set.  Inside a SECURITY
 * DEFINER function current_user would be crm_owner, so it is the outer user
 * that counts.  Behind a pool a verified token names the person; it lasts for
 * the transaction, for the user that began it, and it is read from here alone,
 * where no setting reaches.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "pg/crm_pg.h"
#include "pg/pg_scope.h"

/* The session of crm.begin_session(). */
static struct
{
	int64		staff_id;		/* the person; 0 for none, or ended */
	Oid			user;			/* the outer user that began it */
	SubTransactionId begun_in;	/* InvalidSubTransactionId: none was begun */
} session;

static void
forget_session(void)
{
	session.staff_id = 0;
	session.user = InvalidOid;
	session.begun_in = InvalidSubTransactionId;
}

/* Ends the session with its transaction, however that ends. */
static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			forget_session();
			break;
		default:
			break;
	}
}

/* Hands the session to the parent of its subtransaction, or ends it. */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void *arg)
{
	if (own != session.begun_in)
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		session.begun_in = parent;
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_session();
}

/* Binds a person, whose token was verified, to this transaction and user. */
void
crm_identity_begin(int64 staff_id)
{
	static bool watching = false;

	if (session.begun_in != InvalidSubTransactionId)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_SESSION_BEGUN),
				 errmsg("this transaction has had its session already"),
				 errdetail("A session lasts for one transaction and cannot be changed in it."),
				 errhint("Begin another transaction, then call crm.begin_session().")));
	if (!watching)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		watching = true;
	}
	session.user = GetOuterUserId();
	session.begun_in = GetCurrentSubTransactionId();
	session.staff_id = staff_id;
}

/* Ends the session; the transaction cannot begin another one. */
void
crm_identity_end(void)
{
	session.staff_id = 0;
}

/* Returns the person of the token in force, 0 where there is none. */
int64
crm_token_staff(void)
{
	return session.user == GetOuterUserId() ? session.staff_id : 0;
}

/* Tells whether a verified token is in force. */
bool
crm_has_token(void)
{
	return crm_token_staff() != 0;
}

/* Returns the key of the person who acts, 0 where nobody is known. */
int64
crm_acting_staff(void)
{
	return crm_person()->staff_id;
}

/* Returns the name of who acts, for created_by, updated_by and changed_by. */
const char *
crm_actor(void)
{
	static Oid	known_id = InvalidOid;
	static char known_name[NAMEDATALEN];
	Oid			id = GetOuterUserId();

	if (crm_has_token())
		return crm_person()->actor;
	if (id != known_id)
	{
		char	   *name = GetUserNameFromId(id, false);

		strlcpy(known_name, name, sizeof(known_name));
		known_id = id;
		pfree(name);
	}
	return known_name;
}
