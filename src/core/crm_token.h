/*
 * crm_token.h
 *		The form of session tokens of pooled applications.
 *
 * A token is ASCII text of five parts with a dot between:
 *
 *		crm1.KEY.STAFF.EXPIRES.MAC
 *
 * KEY is the number of the signing key (1 to 2^31 - 1), STAFF the person's key
 * and EXPIRES the end of the token in seconds since 1970-01-01 00:00 UTC (both
 * 1 to 2^63 - 1), in decimal digits without sign, blank or leading zero.  MAC is
 * the HMAC-SHA256, under that key, of all that stands before the last dot, in
 * base64url without padding: 43 characters.  Each token has one spelling only.
 */
#ifndef CRM_TOKEN_H
#define CRM_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crm_status.h"

/* No token is longer, in bytes; what is longer is not even read. */
#define CRM_TOKEN_MAX 200

/* Length of an HMAC-SHA256 in bytes, and of its text. */
#define CRM_TOKEN_MAC_BYTES 32
#define CRM_TOKEN_MAC_TEXT 43

/* What a token says. */
typedef struct CrmToken
{
	int32_t		key_id;
	int64_t		staff_id;
	int64_t		expires;		/* seconds since 1970 */
	uint8_t		mac[CRM_TOKEN_MAC_BYTES];
} CrmToken;

/*
 * Reads a token.  *signed_length becomes the number of its bytes that the MAC
 * covers.  CRM_INVALID_ARGUMENT: the text has another form.
 */
extern CrmStatus crm_core_token_parse(const char *text, size_t length, CrmToken *token, size_t *signed_length);

/*
 * Writes what the MAC covers, with an end mark, into text, which has room for
 * CRM_TOKEN_MAX + 1 bytes; *length becomes its length.  token->mac is not used.
 */
extern CrmStatus crm_core_token_signed_part(const CrmToken *token, char *text, size_t *length);

/* Writes the whole token likewise. */
extern CrmStatus crm_core_token_format(const CrmToken *token, char *text, size_t *length);

/* Compares two MACs in a time that does not depend on where they differ. */
extern bool crm_core_token_mac_equal(const uint8_t *left, const uint8_t *right);

#endif							/* CRM_TOKEN_H */
