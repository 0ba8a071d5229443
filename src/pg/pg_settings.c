/*
 * pg_settings.c
 *		Settings of the prefix crm.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "pg/crm_pg.h"

int			crm_install_mode = CRM_INSTALL_AUTO;
bool		crm_notify = false;
char	   *crm_change_note = NULL;

static const struct config_enum_entry install_modes[] = {
	{"auto", CRM_INSTALL_AUTO, false},
	{"on", CRM_INSTALL_ON, false},
	{"off", CRM_INSTALL_OFF, false},
	{NULL, 0, false}
};

/* Defines all settings, in alphabetical order, and reserves the prefix. */
void
crm_settings_init(void)
{
	DefineCustomStringVariable("crm.change_note",
							   "Text kept with status changes and deletions.",
							   "Usually set for one transaction with SET LOCAL; empty means none.",
							   &crm_change_note, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("crm.install",
							 "Whether CREATE EXTENSION crm creates the tables.",
							 "auto skips them while a dump is being restored, since they come with the dump.",
							 &crm_install_mode, CRM_INSTALL_AUTO, install_modes,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("crm.notify",
							 "Sends NOTIFY crm_stock when a low-stock alert opens or closes.",
							 NULL, &crm_notify, false, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("crm");
}
