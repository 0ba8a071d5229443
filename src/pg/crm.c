/*
 * crm.c
 *		Library entry.
 */
#include "postgres.h"

#include "fmgr.h"

#include "pg/crm_pg.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/* Registers the settings; everything else is set up where it is used. */
void
_PG_init(void)
{
	crm_settings_init();
}
