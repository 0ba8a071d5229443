/*
 * pg_json.c
 *		Writing a jsonb object out of columns (see pg_json.h).
 *
 * The format is that of PostgreSQL's utils/jsonb.h: a header, one entry for
 * each key and then for each value, then their bytes.  An entry holds a
 * length, every JB_OFFSET_STRIDE'th one the offset of its end.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "pg/crm_pg.h"
#include "pg/pg_json.h"

/* A value of another type with more bytes than this is not written out at all. */
#define OTHER_LIMIT 65536

/* Makes to_jsonb() ready to be called for values of a type. */
static void
prepare_to_jsonb(FmgrInfo *function, Oid type)
{
	Node	   *argument = (Node *) makeNullConst(type, -1, InvalidOid);
	Node	   *call = (Node *) makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument), InvalidOid,
											 InvalidOid, COERCE_EXPLICIT_CALL);

	fmgr_info_cxt(F_TO_JSONB, function, CurrentMemoryContext);
	fmgr_info_set_expr(call, function);
}

/* Tells how values of a type are written; keeps what it makes in the current memory context. */
void
crm_json_type(CrmJsonType *json_type, Oid type)
{
	static const struct
	{
		Oid			type;
		CrmJsonKind kind;
	}			known[] = {
		{BOOLOID, CRM_JSON_BOOL}, {INT2OID, CRM_JSON_INT2}, {INT4OID, CRM_JSON_INT4},
		{INT8OID, CRM_JSON_INT8}, {NUMERICOID, CRM_JSON_NUMERIC}, {TEXTOID, CRM_JSON_TEXT},
		{VARCHAROID, CRM_JSON_TEXT}, {DATEOID, CRM_JSON_DATETIME},
		{TIMESTAMPOID, CRM_JSON_DATETIME}, {TIMESTAMPTZOID, CRM_JSON_DATETIME},
		{JSONBOID, CRM_JSON_JSONB}, {BYTEAOID, CRM_JSON_BYTEA}
	};

	json_type->type = getBaseType(type);
	json_type->length = get_typlen(type);
	for (size_t i = 0; i < lengthof(known); i++)
	{
		if (known[i].type == json_type->type)
		{
			json_type->kind = known[i].kind;
			return;
		}
	}
	json_type->kind = CRM_JSON_OTHER;
	prepare_to_jsonb(&json_type->to_jsonb, type);
}

/* Orders keys as jsonb does: by length, then by bytes. */
int
crm_json_compare_keys(const char *left, int left_length, const char *right, int right_length)
{
	if (left_length != right_length)
		return left_length < right_length ? -1 : 1;
	return memcmp(left, right, left_length);
}

/* Starts an object of so many pairs; all keys have to follow, then all values. */
void
crm_json_begin(CrmJson *json, int pairs)
{
	uint32		header = (uint32) pairs | JB_FOBJECT;
	int			fixed = VARHDRSZ + (int) sizeof(header) + 2 * pairs * (int) sizeof(JEntry);

	json->child = 0;
	json->total = 0;
	initStringInfo(&json->data);
	enlargeStringInfo(&json->data, fixed);
	memset(json->data.data, 0, fixed);
	memcpy(json->data.data + VARHDRSZ, &header, sizeof(header));
	json->data.len = fixed;
}

/* Writes the entry of what was appended since the buffer had the length from. */
static void
end_child(CrmJson *json, uint32 type, int from)
{
	uint32		length = (uint32) (json->data.len - from);
	JEntry		entry = type | length;

	json->total += length;
	if (json->total > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the row is too large for the audit log")));
	if (json->child % JB_OFFSET_STRIDE == 0)
		entry = type | json->total | JENTRY_HAS_OFF;
	memcpy(json->data.data + VARHDRSZ + sizeof(uint32) + json->child * sizeof(JEntry), &entry,
		   sizeof(JEntry));
	json->child++;
}

/* Adds a key. */
void
crm_json_key(CrmJson *json, const char *key, int length)
{
	int			from = json->data.len;

	appendBinaryStringInfo(&json->data, key, length);
	end_child(json, JENTRY_ISSTRING, from);
}

/* Appends bytes that have to begin at a multiple of four. */
static void
append_aligned(CrmJson *json, const void *bytes, int length)
{
	while (json->data.len % sizeof(int) != 0)
		appendStringInfoCharMacro(&json->data, '\0');
	appendBinaryStringInfo(&json->data, bytes, length);
}

/* Returns the length and the SHA-256 of bytes, as cut values end. */
static char *
digest(const char *bytes, int length)
{
	Datum		copy = PointerGetDatum(cstring_to_text_with_len(bytes, length));
	bytea	   *hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, copy));
	char		hex[65];

	hex[hex_encode(VARDATA_ANY(hash), VARSIZE_ANY_EXHDR(hash), hex)] = '\0';
	return psprintf("(%d bytes, sha256 %s)", length, hex);
}

/* Adds a string, cut where it is too long. */
static void
add_string(CrmJson *json, const char *text, int length)
{
	int			from = json->data.len;
	bool		is_long = length > CRM_JSON_LIMIT;
	int			kept = is_long ? pg_mbcharcliplen(text, length, CRM_JSON_KEPT) : length;

	appendBinaryStringInfo(&json->data, text, kept);
	if (is_long)
		appendStringInfo(&json->data, "... %s", digest(text, length));
	end_child(json, JENTRY_ISSTRING, from);
}

/* Adds bytes in hexadecimal form, whatever bytea_output says. */
static void
add_bytea(CrmJson *json, bytea *value)
{
	const char *bytes = VARDATA_ANY(value);
	int			length = (int) VARSIZE_ANY_EXHDR(value);
	int			from = json->data.len;
	bool		is_long = 2 + (int64) length * 2 > CRM_JSON_LIMIT;
	int			kept = is_long ? (CRM_JSON_KEPT - 2) / 2 : length;

	enlargeStringInfo(&json->data, 2 + 2 * kept);
	appendStringInfoString(&json->data, "\\x");
	json->data.len += (int) hex_encode(bytes, kept, json->data.data + json->data.len);
	if (is_long)
		appendStringInfo(&json->data, "... %s", digest(bytes, length));
	end_child(json, JENTRY_ISSTRING, from);
}

/* Adds a number; those that JSON has no form for become strings. */
static void
add_numeric(CrmJson *json, Numeric number)
{
	int			from = json->data.len;

	if (numeric_is_nan(number) || numeric_is_inf(number))
	{
		char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
															   NumericGetDatum(number)));

		add_string(json, text, (int) strlen(text));
		return;
	}
	append_aligned(json, number, (int) VARSIZE_ANY(number));
	end_child(json, JENTRY_ISNUMERIC, from);
}

/* Adds true or false. */
static void
add_bool(CrmJson *json, bool value)
{
	end_child(json, value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, json->data.len);
}

/* Adds the scalar that a jsonb consists of. */
static void
add_scalar(CrmJson *json, Jsonb *jsonb)
{
	JsonbValue *scalar = getIthJsonbValueFromContainer(&jsonb->root, 0);

	switch (scalar->type)
	{
		case jbvNull:
			end_child(json, JENTRY_ISNULL, json->data.len);
			break;
		case jbvBool:
			add_bool(json, scalar->val.boolean);
			break;
		case jbvNumeric:
			add_numeric(json, scalar->val.numeric);
			break;
		default:
			add_string(json, scalar->val.string.val, scalar->val.string.len);
			break;
	}
}

/* Adds a jsonb; a long one as its text, cut. */
static void
add_jsonb(CrmJson *json, Jsonb *jsonb)
{
	int			from = json->data.len;

	if (JB_ROOT_IS_SCALAR(jsonb))
		add_scalar(json, jsonb);
	else if (VARSIZE(jsonb) > CRM_JSON_LIMIT)
	{
		char	   *text = JsonbToCString(NULL, &jsonb->root, (int) VARSIZE(jsonb));

		add_string(json, text, (int) strlen(text));
	}
	else
	{
		append_aligned(json, VARDATA(jsonb), (int) VARSIZE(jsonb) - VARHDRSZ);
		end_child(json, JENTRY_ISCONTAINER, from);
	}
}

/* Adds a value of a type without a way of its own; of a huge one only length and digest. */
static void
add_other(CrmJson *json, CrmJsonType *type, Datum value)
{
	if (type->length == -1 && toast_raw_datum_size(value) > OTHER_LIMIT)
	{
		struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
		char	   *text = digest(VARDATA_ANY(bytes), (int) VARSIZE_ANY_EXHDR(bytes));

		add_string(json, text, (int) strlen(text));
		return;
	}
	add_jsonb(json, DatumGetJsonbP(FunctionCall1(&type->to_jsonb, value)));
}

/* Adds a value; the current memory context gets what it takes on the way. */
void
crm_json_value(CrmJson *json, CrmJsonType *type, Datum value, bool isnull)
{
	text	   *string;
	char		buffer[MAXDATELEN + 1];

	if (isnull)
	{
		end_child(json, JENTRY_ISNULL, json->data.len);
		return;
	}
	switch (type->kind)
	{
		case CRM_JSON_BOOL:
			add_bool(json, DatumGetBool(value));
			break;
		case CRM_JSON_INT2:
			add_numeric(json, int64_to_numeric(DatumGetInt16(value)));
			break;
		case CRM_JSON_INT4:
			add_numeric(json, int64_to_numeric(DatumGetInt32(value)));
			break;
		case CRM_JSON_INT8:
			add_numeric(json, int64_to_numeric(DatumGetInt64(value)));
			break;
		case CRM_JSON_NUMERIC:
			add_numeric(json, DatumGetNumeric(value));
			break;
		case CRM_JSON_TEXT:
			string = DatumGetTextPP(value);
			add_string(json, VARDATA_ANY(string), (int) VARSIZE_ANY_EXHDR(string));
			break;
		case CRM_JSON_DATETIME:
			JsonEncodeDateTime(buffer, value, type->type, NULL);
			add_string(json, buffer, (int) strlen(buffer));
			break;
		case CRM_JSON_JSONB:
			add_jsonb(json, DatumGetJsonbP(value));
			break;
		case CRM_JSON_BYTEA:
			add_bytea(json, DatumGetByteaPP(value));
			break;
		case CRM_JSON_OTHER:
			add_other(json, type, value);
			break;
	}
}

/* Returns the finished object. */
Datum
crm_json_end(CrmJson *json)
{
	SET_VARSIZE(json->data.data, json->data.len);
	return PointerGetDatum(json->data.data);
}
