/*
 * crm_token.c
 *		Reads and writes session tokens (see crm_token.h).
 */
#include "core/crm_token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "crm1.";
static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Where reading stands. */
typedef struct Reader
{
	const char *next;
	const char *end;
} Reader;

/* Takes a fixed text. */
static bool
take_text(Reader *reader, const char *text)
{
	size_t		length = strlen(text);

	if ((size_t) (reader->end - reader->next) < length || memcmp(reader->next, text, length) != 0)
		return false;
	reader->next += length;
	return true;
}

/* Takes a number from 1 to max and the dot after it. */
static bool
take_number(Reader *reader, int64_t max, int64_t *value)
{
	*value = 0;
	if (reader->next == reader->end || *reader->next == '0')
		return false;
	for (; reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9'; reader->next++)
	{
		int			digit = *reader->next - '0';

		if (*value > (max - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	return *value > 0 && take_text(reader, ".");
}

/* Returns the value of a base64url character, -1 if it is none. */
static int
value64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/*
 * Takes the MAC, which must end the text.  Of the last character two bits are
 * left over; they must be 0, or a MAC would have four spellings.
 */
static bool
take_mac(Reader *reader, uint8_t *mac)
{
	uint32_t	bits = 0;
	int			held = 0;
	size_t		written = 0;

	if (reader->end - reader->next != CRM_TOKEN_MAC_TEXT)
		return false;
	for (; reader->next < reader->end; reader->next++)
	{
		int			value = value64(*reader->next);

		if (value < 0)
			return false;
		bits = (bits << 6 | (uint32_t) value) & 0xfff;
		held += 6;
		if (held >= 8)
		{
			held -= 8;
			mac[written++] = (uint8_t) (bits >> held);
		}
	}
	return (bits & ((1u << held) - 1)) == 0;
}

CrmStatus
crm_core_token_parse(const char *text, size_t length, CrmToken *token, size_t *signed_length)
{
	Reader		reader = {text, text + length};
	int64_t		key_id;

	if (length > CRM_TOKEN_MAX ||
		!take_text(&reader, prefix) ||
		!take_number(&reader, INT32_MAX, &key_id) ||
		!take_number(&reader, INT64_MAX, &token->staff_id) ||
		!take_number(&reader, INT64_MAX, &token->expires))
		return CRM_INVALID_ARGUMENT;
	token->key_id = (int32_t) key_id;
	*signed_length = (size_t) (reader.next - text) - 1;
	return take_mac(&reader, token->mac) ? CRM_OK : CRM_INVALID_ARGUMENT;
}

CrmStatus
crm_core_token_signed_part(const CrmToken *token, char *text, size_t *length)
{
	int			written;

	if (token->key_id < 1 || token->staff_id < 1 || token->expires < 1)
		return CRM_INVALID_ARGUMENT;
	written = snprintf(text, CRM_TOKEN_MAX + 1, "%s%" PRId32 ".%" PRId64 ".%" PRId64, prefix,
					   token->key_id, token->staff_id, token->expires);
	*length = (size_t) written;
	return CRM_OK;
}

/* Writes the text of a MAC, without an end mark. */
static void
put_mac(const uint8_t *mac, char *text)
{
	uint32_t	bits = 0;
	int			held = 0;

	for (int i = 0; i < CRM_TOKEN_MAC_BYTES; i++)
	{
		bits = (bits << 8 | mac[i]) & 0x3fff;
		for (held += 8; held >= 6; held -= 6)
			*text++ = digits64[bits >> (held - 6) & 63];
	}
	*text = digits64[bits << (6 - held) & 63];
}

CrmStatus
crm_core_token_format(const CrmToken *token, char *text, size_t *length)
{
	CrmStatus	status = crm_core_token_signed_part(token, text, length);

	if (status != CRM_OK)
		return status;
	text[(*length)++] = '.';
	put_mac(token->mac, text + *length);
	*length += CRM_TOKEN_MAC_TEXT;
	text[*length] = '\0';
	return CRM_OK;
}

bool
crm_core_token_mac_equal(const uint8_t *left, const uint8_t *right)
{
	volatile uint8_t difference = 0;

	for (int i = 0; i < CRM_TOKEN_MAC_BYTES; i++)
		difference = difference | (uint8_t) (left[i] ^ right[i]);
	return difference == 0;
}
