/*
 * pg_audit_table.c
 *		What the audit knows of a table: its key, its customer, its columns.
 *
 * Read from the catalog at the first statement of a session and kept until the
 * table changes, so that columns that users add are covered at once.
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/crm_pg.h"
#include "pg/pg_audit.h"

static HTAB *tables = NULL;

/* The shared columns: who changed the row and when stands in the log anyway. */
static const char *const left_out[] = {
	"created_at", "created_by", "updated_at", "updated_by", "row_version"
};

/* Notes that a table, or all of them, has to be read anew. */
static void
forget_table(Datum argument, Oid relation)
{
	HASH_SEQ_STATUS status;
	CrmAuditTable *table;

	if (relation != InvalidOid)
	{
		table = hash_search(tables, &relation, HASH_FIND, NULL);
		if (table != NULL)
			table->is_valid = false;
		return;
	}
	hash_seq_init(&status, tables);
	while ((table = hash_seq_search(&status)) != NULL)
		table->is_valid = false;
}

static void
create_tables(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(CrmAuditTable)};

	tables = hash_create("crm audit tables", 64, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(forget_table, (Datum) 0);
}

/* Tells whether the values of a column belong in the log. */
static bool
is_audited(Form_pg_attribute attribute)
{
	if (attribute->attisdropped || attribute->attgenerated != '\0')
		return false;
	for (size_t i = 0; i < lengthof(left_out); i++)
	{
		if (strcmp(NameStr(attribute->attname), left_out[i]) == 0)
			return false;
	}
	return true;
}

/* Tells whether the table's stamp trigger names a column as kept by the CRM. */
static bool
is_maintained(Relation relation, const char *column)
{
	const TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		size_t		length = strlen(trigger->tgname);

		if (length < 6 || strcmp(trigger->tgname + length - 6, "_stamp") != 0)
			continue;
		for (int j = 1; j < trigger->tgnargs; j++)
		{
			if (strcmp(trigger->tgargs[j], column) == 0)
				return true;
		}
	}
	return false;
}

/* Reads a column. */
static void
read_column(CrmAuditColumn *column, Relation relation, AttrNumber attno)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(relation), attno - 1);

	column->attno = attno;
	column->name = pstrdup(NameStr(attribute->attname));
	column->length = (int) strlen(column->name);
	column->is_maintained = is_maintained(relation, column->name);
	crm_json_type(&column->type, attribute->atttypid);
}

/* qsort comparator: the order that jsonb has its keys in. */
static int
compare_columns(const void *left, const void *right)
{
	const CrmAuditColumn *a = left;
	const CrmAuditColumn *b = right;

	return crm_json_compare_keys(a->name, a->length, b->name, b->length);
}

/* Reads the columns of the primary key. */
static void
read_key(CrmAuditTable *table, Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);
	Relation	index;
	const int2vector *key;
	int			count;

	(void) RelationGetIndexList(relation);
	if (!OidIsValid(relation->rd_pkindex))
		return;
	index = index_open(relation->rd_pkindex, AccessShareLock);
	key = &index->rd_index->indkey;
	count = index->rd_index->indnkeyatts;
	table->keys = palloc0(count * sizeof(CrmAuditColumn));
	if (TupleDescAttr(desc, key->values[0] - 1)->atttypid == INT8OID)
		table->row_id = key->values[0];
	for (int i = 0; i < count; i++)
		read_column(&table->keys[table->nkeys++], relation, key->values[i]);
	index_close(index, AccessShareLock);
	qsort(table->keys, table->nkeys, sizeof(CrmAuditColumn), compare_columns);
}

/* Returns the number of a bigint column, 0 if there is none of that name. */
static AttrNumber
bigint_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && attribute->atttypid == INT8OID &&
			strcmp(NameStr(attribute->attname), name) == 0)
			return (AttrNumber) (i + 1);
	}
	return 0;
}

/* Reads what is needed of a table, in its memory context. */
static void
read_table(CrmAuditTable *table, Relation relation)
{
	TupleDesc	desc = RelationGetDescr(relation);
	char	   *schema = get_namespace_name(RelationGetNamespace(relation));
	const char *name = RelationGetRelationName(relation);

	table->name = strcmp(schema, "crm") == 0 ? pstrdup(name) : psprintf("%s.%s", schema, name);
	table->row_id = 0;
	table->nkeys = 0;
	table->keys = NULL;
	read_key(table, relation);
	table->customer_id = bigint_column(desc, "customer_id");
	if (table->customer_id == 0)
		table->customer_id = bigint_column(desc, "converted_customer_id");
	table->columns = palloc0((desc->natts + 1) * sizeof(CrmAuditColumn));
	table->ncolumns = 0;
	for (AttrNumber attno = 1; attno <= desc->natts; attno++)
	{
		if (is_audited(TupleDescAttr(desc, attno - 1)))
			read_column(&table->columns[table->ncolumns++], relation, attno);
	}
	qsort(table->columns, table->ncolumns, sizeof(CrmAuditColumn), compare_columns);
}

/*
 * Returns what the audit knows of a table.  It stays usable to the end of the
 * transaction, even if the table changes meanwhile.
 */
CrmAuditTable *
crm_audit_table(Relation relation)
{
	Oid			key = RelationGetRelid(relation);
	CrmAuditTable *table;
	CrmAuditTable fresh = {.relation = key};
	MemoryContext caller;
	bool		found;

	if (tables == NULL)
		create_tables();
	table = hash_search(tables, &key, HASH_FIND, NULL);
	if (table != NULL && table->is_valid)
		return table;

	fresh.context = AllocSetContextCreate(CurrentMemoryContext, "crm audit table",
										  ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(fresh.context);
	fresh.is_valid = true;
	read_table(&fresh, relation);
	MemoryContextSwitchTo(caller);

	table = hash_search(tables, &key, HASH_ENTER, &found);
	if (found && table->context != NULL)
		MemoryContextSetParent(table->context, TopTransactionContext);
	MemoryContextSetParent(fresh.context, TopMemoryContext);
	*table = fresh;
	return table;
}
