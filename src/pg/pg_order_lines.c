/*
 * pg_order_lines.c
 *		crm._order_lines(): the items of an order, from JSON to checked rows.
 *
 * An item is an object with product_id and quantity, and optionally unit_price
 * and discount_rate.  Anything else is refused with the item's number, so that
 * a misspelt price can't silently become the list price.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "core/crm_lines.h"
#include "pg/crm_pg.h"

CRM_FUNCTION_INFO_V1(crm_order_lines);

/* The keys of an item, in the order of the result's columns after line_no. */
typedef enum ItemKey
{
	KEY_PRODUCT_ID,
	KEY_QUANTITY,
	KEY_UNIT_PRICE,
	KEY_DISCOUNT_RATE,
	NKEYS
} ItemKey;

static const char *const key_names[NKEYS] = {
	"product_id", "quantity", "unit_price", "discount_rate"
};

#define ITEM_HINT "An item looks like {\"product_id\": 1, \"quantity\": 2, \"unit_price\": 9.5, " \
	"\"discount_rate\": 0.1}; the last two are optional."

/* Up to this many bytes of what the client sent stand in a message. */
#define MAX_SHOWN 60

/* Returns the beginning of a text for a message, cut between characters. */
static const char *
shown(const char *text, int length)
{
	if (length <= MAX_SHOWN)
		return pnstrdup(text, length);
	return psprintf("%.*s...", pg_mbcliplen(text, length, MAX_SHOWN), text);
}

/* An item as the checks see it. */
typedef struct OrderItem
{
	int			position;		/* from 1 */
	int			count;			/* of all items */
} OrderItem;

/* Raises what is wrong with an item. */
static void
raise_code(int sqlstate, const OrderItem *item, const char *problem)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("item %d: %s", item->position, problem),
			 errdetail("Position %d of %d in items, counted from 1.", item->position, item->count),
			 errhint(ITEM_HINT)));
}

/* Raises that an item holds a value that it may not. */
static void
raise_item(const OrderItem *item, const char *problem)
{
	raise_code(ERRCODE_INVALID_PARAMETER_VALUE, item, problem);
}

/* Finds the key of an item. */
static ItemKey
find_key(const OrderItem *item, const JsonbValue *name)
{
	for (int key = 0; key < NKEYS; key++)
	{
		if ((int) strlen(key_names[key]) == name->val.string.len &&
			memcmp(key_names[key], name->val.string.val, name->val.string.len) == 0)
			return key;
	}
	raise_item(item, psprintf("unknown key \"%s\"",
							  shown(name->val.string.val, name->val.string.len)));
	return NKEYS;
}

/* Tells whether a number lies within limits, both included. */
static bool
within(Numeric number, int64 low, int64 high)
{
	Datum		value = NumericGetDatum(number);

	return DatumGetBool(DirectFunctionCall2(numeric_ge, value, NumericGetDatum(int64_to_numeric(low)))) &&
		DatumGetBool(DirectFunctionCall2(numeric_le, value, NumericGetDatum(int64_to_numeric(high))));
}

/* Returns a number as a bigint from 1 to a limit, or raises. */
static Datum
positive_integer(const OrderItem *item, ItemKey key, Numeric number, int64 limit)
{
	Datum		value = NumericGetDatum(number);
	Datum		whole = DirectFunctionCall2(numeric_trunc, value, Int32GetDatum(0));

	if (!within(number, 1, limit) ||
		!DatumGetBool(DirectFunctionCall2(numeric_eq, value, whole)))
	{
		const char *text = numeric_normalize(number);

		raise_item(item, psprintf("%s must be a whole number from 1 to %lld, not %s", key_names[key],
								  (long long) limit, shown(text, (int) strlen(text))));
	}
	return DirectFunctionCall1(numeric_int8, value);
}

/* Returns the checked value of a key. */
static Datum
item_value(const OrderItem *item, ItemKey key, const JsonbValue *value)
{
	if (value->type == jbvNull)
		raise_code(ERRCODE_NULL_VALUE_NOT_ALLOWED, item,
				   psprintf("%s must not be null", key_names[key]));
	if (value->type != jbvNumeric)
		raise_item(item, psprintf("%s must be a number", key_names[key]));
	switch (key)
	{
		case KEY_PRODUCT_ID:
			return positive_integer(item, key, value->val.numeric, PG_INT64_MAX);
		case KEY_QUANTITY:
			return positive_integer(item, key, value->val.numeric, CRM_LIMIT);
		case KEY_UNIT_PRICE:
			if (!within(value->val.numeric, 0, CRM_LIMIT))
				raise_item(item, psprintf("unit_price must lie from 0 to %lld", (long long) CRM_LIMIT));
			break;
		default:
			if (!within(value->val.numeric, 0, 1))
				raise_item(item, "discount_rate must lie from 0 to 1: 0.1 is 10 percent");
			break;
	}
	return NumericGetDatum(value->val.numeric);
}

/* Refuses an item that comes to more than a line may; without a price the line says so. */
static void
check_amount(const OrderItem *item, const Datum *values, const bool *nulls)
{
	Datum		amount;

	if (nulls[KEY_UNIT_PRICE])
		return;
	amount = DirectFunctionCall2(numeric_mul, DirectFunctionCall1(int8_numeric, values[KEY_QUANTITY]),
								 values[KEY_UNIT_PRICE]);
	if (!within(DatumGetNumeric(amount), 0, CRM_LIMIT))
		raise_item(item, psprintf("quantity times unit_price is more than %lld", (long long) CRM_LIMIT));
}

/* Reads one object; the iterator stands behind its begin token. */
static void
read_item(const OrderItem *item, JsonbIterator **iterator, Datum *values, bool *nulls)
{
	JsonbValue	value;

	memset(nulls, true, NKEYS * sizeof(bool));
	while (JsonbIteratorNext(iterator, &value, true) == WJB_KEY)
	{
		ItemKey		key = find_key(item, &value);

		(void) JsonbIteratorNext(iterator, &value, true);
		if (value.type == jbvNull && key >= KEY_UNIT_PRICE)
			continue;
		values[key] = item_value(item, key, &value);
		nulls[key] = false;
	}
	for (int key = KEY_PRODUCT_ID; key <= KEY_QUANTITY; key++)
	{
		if (nulls[key])
			raise_item(item, psprintf("%s is missing", key_names[key]));
	}
	check_amount(item, values, nulls);
}

/* Refuses anything but an array of at least one item. */
static void
check_items(Jsonb *items)
{
	if (!JB_ROOT_IS_ARRAY(items) || JB_ROOT_IS_SCALAR(items))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("items must be a JSON array"),
				 errhint(ITEM_HINT)));
	if (JB_ROOT_COUNT(items) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CRM_NO_LINES),
				 errmsg("an order needs at least one item"),
				 errhint(ITEM_HINT)));
}

/* SQL: crm._order_lines(items jsonb): one row an item, line_no counting from 1. */
Datum
crm_order_lines(PG_FUNCTION_ARGS)
{
	Jsonb	   *items = PG_GETARG_JSONB_P(0);
	ReturnSetInfo *result;
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	OrderItem	item = {0};

	check_items(items);
	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	item.count = JB_ROOT_COUNT(items);
	iterator = JsonbIteratorInit(&items->root);
	(void) JsonbIteratorNext(&iterator, &value, false);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_END_ARRAY)
	{
		Datum		values[NKEYS + 1];
		bool		nulls[NKEYS + 1] = {0};

		CHECK_FOR_INTERRUPTS();
		item.position++;
		if (token != WJB_BEGIN_OBJECT)
			raise_item(&item, "must be an object");
		values[0] = Int32GetDatum(item.position);
		read_item(&item, &iterator, values + 1, nulls + 1);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
