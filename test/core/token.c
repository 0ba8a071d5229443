/*
 * Session tokens: the form, each way to miss it, and every bit of a token flipped.  The MACs were computed by
 * Python's hmac and by openssl under the key 000102...1f (docs/pooled-apps.md has the same vectors).
 */
#include <string.h>

#include "check.h"
#include "core/crm_token.h"

#define VECTOR "crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4A"
#define MAC43 "mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4A"

static const CrmToken vector = {
	.key_id = 1, .staff_id = 42, .expires = 1893456000,
	.mac = {0x98, 0x56, 0x34, 0xb0, 0x20, 0xdb, 0x3f, 0x2d, 0x2c, 0xce, 0xb3, 0x9b, 0x1d, 0xb6, 0x7c, 0x66,
	0xdb, 0xc2, 0x20, 0x77, 0x64, 0xb1, 0x7e, 0xa8, 0x74, 0xa7, 0xc0, 0x2e, 0xac, 0xb9, 0x4b, 0x80}
};

/* Largest numbers; its MAC holds both characters that base64url has of its own. */
#define LARGEST "crm1.2147483647.9223372036854775807.9223372036854775807.JFt0-fcuPDFWNxf7FmTyIQQPGxR04_a4mgmFS9UXnMI"

static const uint8_t largest_mac[CRM_TOKEN_MAC_BYTES] = {
	0x24, 0x5b, 0x74, 0xf9, 0xf7, 0x2e, 0x3c, 0x31, 0x56, 0x37, 0x17, 0xfb, 0x16, 0x64, 0xf2, 0x21,
	0x04, 0x0f, 0x1b, 0x14, 0x74, 0xe3, 0xf6, 0xb8, 0x9a, 0x09, 0x85, 0x4b, 0xd5, 0x17, 0x9c, 0xc2
};

static void
check_vectors(void)
{
	CrmToken	token;
	char		text[CRM_TOKEN_MAX + 1];
	size_t		length;

	CHECK(crm_core_token_parse(VECTOR, strlen(VECTOR), &token, &length) == CRM_OK, "the vector is read");
	CHECK(token.key_id == 1 && token.staff_id == 42 && token.expires == 1893456000, "with its numbers");
	CHECK(length == strlen("crm1.1.42.1893456000"), "its signed part ends before the last dot");
	CHECK(memcmp(token.mac, vector.mac, sizeof(token.mac)) == 0, "and its MAC");
	CHECK(crm_core_token_format(&vector, text, &length) == CRM_OK && strcmp(text, VECTOR) == 0 &&
		  length == strlen(VECTOR), "the vector is written");
	CHECK(crm_core_token_signed_part(&vector, text, &length) == CRM_OK &&
		  strcmp(text, "crm1.1.42.1893456000") == 0 && length == strlen(text), "so is its signed part");

	CHECK(crm_core_token_parse(LARGEST, strlen(LARGEST), &token, &length) == CRM_OK && token.key_id == INT32_MAX &&
		  token.staff_id == INT64_MAX && token.expires == INT64_MAX, "the largest numbers are read");
	CHECK(memcmp(token.mac, largest_mac, sizeof(largest_mac)) == 0, "minus and underscore as well");
	CHECK(crm_core_token_format(&token, text, &length) == CRM_OK && strcmp(text, LARGEST) == 0 &&
		  length <= CRM_TOKEN_MAX, "and written, within the limit");
}

static void
check_refused_numbers(void)
{
	CrmToken	token = vector;
	char		text[CRM_TOKEN_MAX + 1];
	size_t		length;

	token.key_id = 0;
	CHECK(crm_core_token_format(&token, text, &length) == CRM_INVALID_ARGUMENT, "key 0 is not written");
	token = vector;
	token.staff_id = 0;
	CHECK(crm_core_token_format(&token, text, &length) == CRM_INVALID_ARGUMENT, "nor is person 0");
	token = vector;
	token.expires = -1;
	CHECK(crm_core_token_signed_part(&token, text, &length) == CRM_INVALID_ARGUMENT, "nor an end before 1970");
}

static void
check_other_forms(void)
{
	static const char *const bad[] = {
		"", "crm1", "crm1.", "crm1.1.42.1893456000", "crm1.1.42.1893456000.", "CRM1.1.42.1893456000." MAC43,
		"crm2.1.42.1893456000." MAC43, " " VECTOR, VECTOR " ", VECTOR "\n", VECTOR "=", VECTOR ".", VECTOR "A",
		"crm1..42.1893456000." MAC43, "crm1.1..1893456000." MAC43, "crm1.1.42.." MAC43, "crm1.1.42." MAC43,
		"crm1.0.42.1893456000." MAC43, "crm1.1.0.1893456000." MAC43, "crm1.1.42.0." MAC43,
		"crm1.01.42.1893456000." MAC43, "crm1.1.042.1893456000." MAC43, "crm1.1.42.01893456000." MAC43,
		"crm1.+1.42.1893456000." MAC43, "crm1.1.-42.1893456000." MAC43, "crm1.1.42.+1893456000." MAC43,
		"crm1. 1.42.1893456000." MAC43, "crm1.1.42 .1893456000." MAC43, "crm1.1.42.1.893456000." MAC43,
		"crm1.1.42.1893456000.0." MAC43, "crm1.1,42.1893456000." MAC43, "crm1.0x1.42.1893456000." MAC43,
		"crm1.1.42.1e9." MAC43, "crm1.2147483648.42.1893456000." MAC43, "crm1.4294967297.42.1893456000." MAC43,
		"crm1.1.9223372036854775808.1893456000." MAC43, "crm1.1.18446744073709551658.1893456000." MAC43,
		"crm1.1.42.99999999999999999999." MAC43,
		/* The two bits that the last character leaves over */
		"crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4B",
		"crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4C",
		"crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S4D",
		/* base64 of the other alphabet */
		"crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S/A",
		"crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S+A",
		"crm1.1.42.1893456000.mFY0sCDbPy0szrObHbZ8ZtvCIHdksX6odKfALqy5S\xc3\xa4",
	};
	CrmToken	token;
	size_t		length;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(crm_core_token_parse(bad[i], strlen(bad[i]), &token, &length) == CRM_INVALID_ARGUMENT, bad[i][0] ? bad[i] : "empty");
}

/* All prefixes, and digits up to and beyond the longest text. */
static void
check_lengths(void)
{
	CrmToken	token;
	char		text[CRM_TOKEN_MAX + 2];
	size_t		length;
	int			read = 0;

	for (size_t i = 0; i < strlen(VECTOR); i++)
		read += crm_core_token_parse(VECTOR, i, &token, &length) == CRM_OK;
	CHECK(read == 0, "no prefix of a token is one");
	memset(text, '1', sizeof(text));
	memcpy(text, "crm1.", 5);
	for (size_t i = 5; i <= sizeof(text); i++)
		read += crm_core_token_parse(text, i, &token, &length) == CRM_OK;
	CHECK(read == 0, "nor are digits without end");
}

/* Each token has one spelling: a flipped bit breaks the form, or gives another token that is written as flipped. */
static void
check_bits(void)
{
	char		flipped[] = VECTOR;
	char		text[CRM_TOKEN_MAX + 1];
	int			same = 0;
	int			respelled = 0;

	for (size_t bit = 0; bit < 8 * strlen(VECTOR); bit++)
	{
		CrmToken	token;
		size_t		length;

		flipped[bit / 8] ^= (char) (1 << bit % 8);
		if (crm_core_token_parse(flipped, strlen(VECTOR), &token, &length) == CRM_OK)
		{
			same += token.key_id == vector.key_id && token.staff_id == vector.staff_id &&
				token.expires == vector.expires && crm_core_token_mac_equal(token.mac, vector.mac);
			respelled += crm_core_token_format(&token, text, &length) != CRM_OK || strcmp(text, flipped) != 0;
		}
		flipped[bit / 8] ^= (char) (1 << bit % 8);
	}
	CHECK(same == 0, "no flipped bit leaves a token the same");
	CHECK(respelled == 0, "and each that is a token is written as it was read");
}

static void
check_compare(void)
{
	uint8_t		other[CRM_TOKEN_MAC_BYTES];
	int			equal = 0;

	CHECK(crm_core_token_mac_equal(vector.mac, vector.mac), "a MAC equals itself");
	for (int bit = 0; bit < 8 * CRM_TOKEN_MAC_BYTES; bit++)
	{
		memcpy(other, vector.mac, sizeof(other));
		other[bit / 8] ^= (uint8_t) (1 << bit % 8);
		equal += crm_core_token_mac_equal(vector.mac, other);
	}
	CHECK(equal == 0, "and none that differs in a bit");
}

int
main(void)
{
	check_vectors();
	check_refused_numbers();
	check_other_forms();
	check_lengths();
	check_bits();
	check_compare();
	return failures != 0;
}
