/*
 * pg_progress.c
 *		Progress of long jobs, through the server's own progress slots.
 *
 * Each backend has a slot for one running command with a type and 20 numbers.
 * The core views ignore a type that they don't know, so a type of our own
 * needs neither shared memory nor preloading.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/crm_pg.h"
#include "pg/pg_progress.h"

CRM_FUNCTION_INFO_V1(crm_progress);
CRM_FUNCTION_INFO_V1(crm_progress_end);
CRM_FUNCTION_INFO_V1(crm_progress_list);

/* A command type that the server does not use: 'CR'. */
#define CRM_PROGRESS_COMMAND ((ProgressCommandType) 0x4352)

/* The numbers of a slot. */
enum
{
	PARAM_JOB,
	PARAM_PHASE,
	PARAM_DONE,
	PARAM_TOTAL,
	PARAM_STARTED
};

static const char *const jobs[] = {
	"install", "migrate", "import", "demo", "verify", "fold", "rebuild", "segments", "rfm", "clv",
	"attribution", "forecast", NULL
};

static const char *const phases[] = {
	"starting", "reading", "customers", "products", "stock", "orders", "lines", "interactions",
	"totals", "computing", "writing", "checking", "finishing", NULL
};

/* Whether this backend's slot holds a job of ours. */
static bool running = false;

/* Finds a word in a list, or raises with the list as hint. */
static int
find_word(const char *const *words, const char *word, const char *what)
{
	StringInfoData known;

	for (int i = 0; words[i] != NULL; i++)
	{
		if (strcmp(words[i], word) == 0)
			return i;
	}
	initStringInfo(&known);
	for (int i = 0; words[i] != NULL; i++)
		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "", words[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%.*s\"", what, pg_mbcharcliplen(word, (int) strlen(word), 60), word),
			 errhint("Use one of: %s.", known.data)));
}

/* Shows how far a job is; starts the display at its first call. */
void
crm_progress_report(const char *job, const char *phase, int64 done, int64 total)
{
	const int	params[] = {PARAM_JOB, PARAM_PHASE, PARAM_DONE, PARAM_TOTAL};
	int64		values[4];

	values[0] = find_word(jobs, job, "job");
	values[1] = find_word(phases, phase, "phase");
	values[2] = done;
	values[3] = total;
	if (!running || MyBEEntry == NULL || MyBEEntry->st_progress_command != CRM_PROGRESS_COMMAND)
	{
		pgstat_progress_start_command(CRM_PROGRESS_COMMAND, MyDatabaseId);
		pgstat_progress_update_param(PARAM_STARTED, GetCurrentTimestamp());
		running = true;
	}
	pgstat_progress_update_multi_param(4, params, values);
}

/* Ends the display. */
void
crm_progress_finish(void)
{
	if (running)
		pgstat_progress_end_command();
	running = false;
}

/* SQL: crm._progress(job, phase, done, total). */
Datum
crm_progress(PG_FUNCTION_ARGS)
{
	crm_progress_report(text_to_cstring(PG_GETARG_TEXT_PP(0)),
						text_to_cstring(PG_GETARG_TEXT_PP(1)),
						PG_GETARG_INT64(2), PG_GETARG_INT64(3));
	PG_RETURN_VOID();
}

/* SQL: crm._progress_end(). */
Datum
crm_progress_end(PG_FUNCTION_ARGS)
{
	crm_progress_finish();
	PG_RETURN_VOID();
}

/* Returns the word of a number, or "?" if it is out of the list. */
static const char *
word_of(const char *const *words, size_t count, int64 number)
{
	return number >= 0 && number < (int64) count ? words[number] : "?";
}

/* SQL: crm._progress_list(): one row for each job that is running. */
Datum
crm_progress_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	int			backends = pgstat_fetch_stat_numbackends();

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	for (int i = 1; i <= backends; i++)
	{
		LocalPgBackendStatus *local = crm_local_beentry(i);
		PgBackendStatus *entry = local == NULL ? NULL : &local->backendStatus;
		Datum		values[8];
		bool		nulls[8] = {0};

		if (entry == NULL || entry->st_progress_command != CRM_PROGRESS_COMMAND)
			continue;
		values[0] = Int32GetDatum(entry->st_procpid);
		values[1] = ObjectIdGetDatum(entry->st_databaseid);
		values[2] = ObjectIdGetDatum(entry->st_userid);
		values[3] = CStringGetTextDatum(word_of(jobs, lengthof(jobs) - 1,
												entry->st_progress_param[PARAM_JOB]));
		values[4] = CStringGetTextDatum(word_of(phases, lengthof(phases) - 1,
												entry->st_progress_param[PARAM_PHASE]));
		values[5] = Int64GetDatum(entry->st_progress_param[PARAM_DONE]);
		values[6] = Int64GetDatum(entry->st_progress_param[PARAM_TOTAL]);
		values[7] = TimestampTzGetDatum(entry->st_progress_param[PARAM_STARTED]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
