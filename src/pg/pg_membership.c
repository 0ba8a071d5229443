/*
 * pg_membership.c
 *		Giving a login a role and taking it, with an entry in the audit.
 *
 * Memberships stand in a catalogue of the server, which has no triggers.  So
 * whoever changes one through the CRM does it here, where the entry is written
 * in the same step: it cannot be written without the change, nor left out.
 */
#include "postgres.h"

#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/syscache.h"

#include "pg/crm_pg.h"
#include "pg/pg_audit.h"

CRM_FUNCTION_INFO_V1(crm_set_membership);

/* Tells whether a login is a direct member of a role. */
static bool
is_member(Oid login, Oid role)
{
	CatCList   *list = SearchSysCacheList1(AUTHMEMMEMROLE, ObjectIdGetDatum(login));
	bool		found = false;

	for (int i = 0; i < list->n_members && !found; i++)
	{
		Form_pg_auth_members member = (Form_pg_auth_members) GETSTRUCT(&list->members[i]->tuple);

		found = member->roleid == role;
	}
	ReleaseSysCacheList(list);
	return found;
}

/* Runs GRANT or REVOKE with the rights of the caller. */
static void
change_membership(const char *login, const char *role, bool is_given)
{
	char	   *sql = psprintf(is_given ? "GRANT %s TO %s" : "REVOKE %s FROM %s",
							   quote_identifier(role), quote_identifier(login));
	int			code;

	SPI_connect();
	code = SPI_execute(sql, false, 0);
	if (code < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(code));
	SPI_finish();
}

/* Returns login and role as a JSON object. */
static Datum
membership_json(const char *login, const char *role)
{
	CrmJson		json;
	CrmJsonType text_type;

	crm_json_type(&text_type, TEXTOID);
	crm_json_begin(&json, 2);
	crm_json_key(&json, "role", 4);
	crm_json_key(&json, "login", 5);
	crm_json_value(&json, &text_type, CStringGetTextDatum(role), false);
	crm_json_value(&json, &text_type, CStringGetTextDatum(login), false);
	return crm_json_end(&json);
}

/* Writes the entry; as the owner of the log, on which the caller has no right. */
static void
log_membership(const char *login, const char *role, bool is_given)
{
	CrmAuditEntry entry = {.operation = is_given ? "insert" : "delete", .has_row_key = true};
	CrmAuditLog *log;
	MemoryContext caller_context;
	Oid			caller;
	int			security;

	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(get_role_oid("crm_owner", false), security | SECURITY_LOCAL_USERID_CHANGE);
	log = crm_audit_log_open("pg_catalog.pg_auth_members");
	caller_context = MemoryContextSwitchTo(crm_audit_log_memory(log));
	entry.row_key = membership_json(login, role);
	entry.has_new = is_given;
	entry.has_old = !is_given;
	entry.new_values = entry.row_key;
	entry.old_values = entry.row_key;
	MemoryContextSwitchTo(caller_context);
	crm_audit_log_add(log, &entry);
	crm_audit_log_close(log);
	SetUserIdAndSecContext(caller, security);
}

/*
 * SQL: crm._set_membership(login, role, is_given): makes the login a member of
 * the role, or takes it out.  Returns whether that changed anything.
 */
Datum
crm_set_membership(PG_FUNCTION_ARGS)
{
	char	   *login = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *role = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		is_given = PG_GETARG_BOOL(2);
	Oid			login_id = get_role_oid(login, true);
	Oid			role_id = get_role_oid(role, true);
	bool		before;
	bool		is_changed;

	if (!OidIsValid(login_id) || !OidIsValid(role_id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no such login or role"),
				 errhint("Call crm.grant_role() or crm.revoke_role(), which name it.")));
	before = is_member(login_id, role_id);
	change_membership(login, role, is_given);
	is_changed = is_member(login_id, role_id) != before;
	if (is_changed)
		log_membership(login, role, is_given);
	PG_RETURN_BOOL(is_changed);
}
