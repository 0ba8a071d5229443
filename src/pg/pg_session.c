/*
 * pg_session.c
 *		Sessions of pooled applications: signed tokens (form: core/crm_token.h).
 *
 * The functions are SECURITY DEFINER and belong to crm_owner, the only role
 * that can read keys; the server takes that user back off, also on error.
 * Nothing is written, so that sessions begin on a standby as well.  Keys and
 * staff are read as they are now, whatever snapshot the transaction has: a key
 * that was retired is refused at once.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hmac.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "core/crm_token.h"
#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_begin_session);
CRM_FUNCTION_INFO_V1(crm_end_session);
CRM_FUNCTION_INFO_V1(crm_issue_token);

/* How far ahead the end of a token may lie, in seconds. */
#define LONGEST_LIFE SECS_PER_DAY

/* Seconds from 1970 to 2000, where PostgreSQL counts from. */
#define EPOCH_SHIFT ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* The secret of a key that is valid at a time, and whether a member of staff is active. */
static CrmPlan read_key = {
	.sql = "SELECT (SELECT pg_catalog.decode(k.secret, 'hex') FROM crm_state.token_key k "
	"WHERE k.token_key_id OPERATOR(pg_catalog.=) $1 "
	"AND (k.valid_until IS NULL OR k.valid_until OPERATOR(pg_catalog.>) $2)), "
	"EXISTS (SELECT FROM crm.staff s WHERE s.staff_id OPERATOR(pg_catalog.=) $3 AND s.active)",
	.nargs = 3,
	.argtypes = {INT4OID, TIMESTAMPTZOID, INT8OID},
};

/* The key that tokens are issued with: the youngest that is valid at a time. */
static CrmPlan read_youngest_key = {
	.sql = "SELECT k.token_key_id, pg_catalog.decode(k.secret, 'hex') FROM crm_state.token_key k "
	"WHERE k.secret IS NOT NULL AND (k.valid_until IS NULL OR k.valid_until OPERATOR(pg_catalog.>) $1) "
	"ORDER BY k.created_at DESC, k.token_key_id DESC LIMIT 1",
	.nargs = 1,
	.argtypes = {TIMESTAMPTZOID},
};

/* Whether a member of staff is active. */
static CrmPlan read_staff = {
	.sql = "SELECT EXISTS (SELECT FROM crm.staff s WHERE s.staff_id OPERATOR(pg_catalog.=) $1 AND s.active)",
	.nargs = 1,
	.argtypes = {INT8OID},
};

/* Turns a time into whole seconds since 1970, rounded down. */
static int64
unix_seconds(TimestampTz at)
{
	int64		seconds = at / USECS_PER_SEC;

	if (at % USECS_PER_SEC < 0)
		seconds--;
	return seconds + EPOCH_SHIFT;
}

/*
 * Refuses a token.  The client learns what it could tell from the token's text
 * alone; what only we know goes to the server's log.
 */
static void
refuse(const char *detail, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_CRM_SESSION_REFUSED),
			 errmsg("session token refused"),
			 errdetail("%s", detail),
			 errdetail_log("%s", reason),
			 errhint("Make another token; the server's log says more.")));
}

/* Computes the HMAC-SHA256 of a text; a secret that is not there counts as an empty one. */
static void
sign(bytea *secret, const char *text, size_t length, uint8 *mac)
{
	const uint8 *key = secret ? (const uint8 *) VARDATA_ANY(secret) : (const uint8 *) "";
	size_t		key_length = secret ? VARSIZE_ANY_EXHDR(secret) : 0;
	pg_hmac_ctx *hmac = pg_hmac_create(PG_SHA256);

	if (hmac == NULL ||
		pg_hmac_init(hmac, key, key_length) < 0 ||
		pg_hmac_update(hmac, (const uint8 *) text, length) < 0 ||
		pg_hmac_final(hmac, mac, CRM_TOKEN_MAC_BYTES) < 0)
		elog(ERROR, "could not compute an HMAC: %s", hmac ? pg_hmac_error(hmac) : "out of memory");
	pg_hmac_free(hmac);
}

/* Returns a secret of the last result, NULL if there is none. */
static bytea *
result_secret(int column)
{
	bool		isnull;
	Datum		value = crm_result(0, column, &isnull);

	return isnull ? NULL : DatumGetByteaPP(value);
}

/* Checks the end of a token, which its text tells to everybody. */
static void
check_end(const CrmToken *token, TimestampTz now)
{
	int64		seconds = unix_seconds(now);

	if (token->expires <= seconds)
		refuse("The token has expired.",
			   psprintf("The token of staff " INT64_FORMAT " expired " INT64_FORMAT " seconds ago.",
						token->staff_id, seconds - token->expires));
	if (token->expires > seconds + LONGEST_LIFE)
		refuse("The end of the token lies more than 24 hours ahead.",
			   psprintf("The token of staff " INT64_FORMAT " would end in " INT64_FORMAT " seconds, beyond 24 hours.",
						token->staff_id, token->expires - seconds));
}

/* Checks signature, key and person.  The client is not told which of them is wrong. */
static void
check_signature(const CrmToken *token, const char *text, size_t signed_length, TimestampTz now)
{
	static const char *const detail = "Its signature, its key or its member of staff is not valid.";
	Datum		values[3] = {Int32GetDatum(token->key_id), TimestampTzGetDatum(now), Int64GetDatum(token->staff_id)};
	uint8		mac[CRM_TOKEN_MAC_BYTES];
	bytea	   *secret;
	bool		is_active;
	bool		is_equal;

	SPI_connect();
	(void) crm_execute_latest(&read_key, values);
	secret = result_secret(1);
	is_active = crm_result_bool(0, 2);
	sign(secret, text, signed_length, mac);
	is_equal = crm_core_token_mac_equal(mac, token->mac);
	SPI_finish();

	if (secret == NULL)
		refuse(detail, psprintf("Key %d is unknown, retired or past its end.", token->key_id));
	if (!is_equal)
		refuse(detail, psprintf("The signature is not that of key %d.", token->key_id));
	if (!is_active)
		refuse(detail, psprintf("Staff " INT64_FORMAT " is unknown or not active.", token->staff_id));
}

/*
 * Verifies a token and lets its person act until the transaction ends; returns
 * the person's key.
 */
Datum
crm_begin_session(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	CrmToken	token;
	size_t		signed_length;
	text	   *argument;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("token must not be NULL"),
				 errhint("Make one as docs/pooled-apps.md shows.")));
	argument = PG_GETARG_TEXT_PP(0);
	if (crm_core_token_parse(VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument), &token, &signed_length) != CRM_OK)
		refuse("It has not the form crm1.KEY.STAFF.EXPIRES.MAC of at most 200 characters.",
			   psprintf("A text of %d bytes has not the form of a token.", (int) VARSIZE_ANY_EXHDR(argument)));
	check_end(&token, now);
	check_signature(&token, VARDATA_ANY(argument), signed_length, now);
	crm_identity_begin(token.staff_id);
	if (!IsTransactionBlock())
		ereport(NOTICE,
				(errmsg("the session ends with this statement, which is its whole transaction"),
				 errhint("Send BEGIN first.")));
	PG_RETURN_INT64(token.staff_id);
}

/* Ends the session; without one it does nothing. */
Datum
crm_end_session(PG_FUNCTION_ARGS)
{
	crm_identity_end();
	PG_RETURN_VOID();
}

/* Computes the end of a token that is to live for a while, in seconds since 1970. */
static int64
end_of_life(TimestampTz now, Datum ttl)
{
	TimestampTz end = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now), ttl));

	if (end < now + USECS_PER_SEC || end > now + LONGEST_LIFE * USECS_PER_SEC)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ttl must lie from 1 second to 24 hours"),
				 errhint("A few minutes are enough for a request: the application makes a token for each.")));
	return unix_seconds(end);
}

/* Makes a token for a member of staff, signed with the youngest key. */
Datum
crm_issue_token(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentTimestamp();
	Datum		argument;
	CrmToken	token;
	char		text[CRM_TOKEN_MAX + 1];
	size_t		length;
	bool		isnull;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", PG_ARGISNULL(0) ? "staff_id" : "ttl")));
	token.staff_id = PG_GETARG_INT64(0);
	token.expires = end_of_life(now, PG_GETARG_DATUM(1));

	SPI_connect();
	argument = Int64GetDatum(token.staff_id);
	(void) crm_execute_latest(&read_staff, &argument);
	if (!crm_result_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("staff " INT64_FORMAT " does not exist or is not active", token.staff_id),
				 errhint("Look it up in crm.staff."),
				 crm_error_column("staff", "staff_id", NULL)));
	argument = TimestampTzGetDatum(now);
	if (crm_execute_latest(&read_youngest_key, &argument) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
				 errmsg("there is no key to sign tokens with"),
				 errhint("Set one with crm.set_token_key().")));
	token.key_id = DatumGetInt32(crm_result(0, 1, &isnull));
	crm_check_status(crm_core_token_signed_part(&token, text, &length));
	sign(result_secret(2), text, length, token.mac);
	SPI_finish();

	crm_check_status(crm_core_token_format(&token, text, &length));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text, (int) length));
}
