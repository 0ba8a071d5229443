/*
 * Any text: what is read as a session token is written again as the same text, lies in range, and its signed
 * part is the text before the last dot.
 */
#include <stdlib.h>
#include <string.h>

#include "core/crm_token.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly its size, so that a byte read beyond is seen. */
	char	   *text = malloc(size + 1);
	char		again[CRM_TOKEN_MAX + 1];
	CrmToken	token;
	size_t		signed_length;
	size_t		length;

	if (size > 0)
		memcpy(text, data, size);
	text = realloc(text, size > 0 ? size : 1);
	if (crm_core_token_parse(text, size, &token, &signed_length) == CRM_OK)
	{
		if (token.key_id < 1 || token.staff_id < 1 || token.expires < 1 || size > CRM_TOKEN_MAX)
			abort();
		if (crm_core_token_format(&token, again, &length) != CRM_OK || length != size ||
			memcmp(again, text, size) != 0)
			abort();
		if (crm_core_token_signed_part(&token, again, &length) != CRM_OK || length != signed_length ||
			memcmp(again, text, length) != 0 || text[length] != '.')
			abort();
	}
	free(text);
	return 0;
}
