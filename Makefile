# crm: a PostgreSQL extension (PGXS). `make help` lists the goals.

EXTENSION  = crm
MODULE_big = crm
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" crm.control)

CODE   := $(sort $(wildcard sql/code/*.sql))
SCHEMA := $(sort $(wildcard sql/schema/*.sql))
HDRS   := $(wildcard src/*.h src/core/*.h src/pg/*.h)
OBJS    = $(patsubst %.c,%.o,$(sort $(wildcard src/core/*.c src/pg/*.c)))

DATA       = $(wildcard sql/upgrade/*--*--*.sql)
DATA_built = sql/crm--$(EXTVERSION).sql sql/crm-schema--$(EXTVERSION).sql

# Tests: pg_regress takes ./sql/NAME.sql before test/sql/NAME.sql, so no test starts with a digit.
REGRESS        = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --load-extension=crm
ISOLATION      = $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/iso_*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=crm
TAP_TESTS      = $(if $(wildcard test/t/*.pl),1)
PROVE_TESTS    = $(sort $(wildcard test/t/*.pl))
EXTRA_CLEAN    = sql/crm--$(EXTVERSION).sql sql/crm-schema--$(EXTVERSION).sql \
                 results regression.diffs regression.out tmp_check tmp_check_iso output_iso log build

PG_CONFIG  ?= pg_config
PG_CPPFLAGS = -Isrc -DCRM_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -fvisibility=hidden

# Goals of ours; PGXS is left out for them, since it owns a `check` that only refuses.
OURS := help check check-slow check-majors demo demo-stop docs bench-orders bench-audit bench-rls dist
ifeq ($(filter $(OURS),$(MAKECMDGOALS)),)

PGMAJOR := $(shell $(PG_CONFIG) --version 2>/dev/null | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
ifeq ($(PGMAJOR),)
$(error $(PG_CONFIG) not found: install the server's development package or set PG_CONFIG)
endif
ifeq ($(shell [ $(PGMAJOR) -ge 15 ] && echo yes),)
$(error crm needs PostgreSQL 15 or later, $(PG_CONFIG) is of $(PGMAJOR))
endif
ifeq ($(PGMAJOR),15)
# 15 leaves PGDLLEXPORT empty: with hidden visibility nothing at all would be exported.
PG_CPPFLAGS += -DPGDLLEXPORT='__attribute__((visibility("default")))'
endif

# Options for developers: WERROR=1 (strict warnings are errors), ASSERT=1 (our assertions are live).
ifeq ($(WERROR),1)
PG_CPPFLAGS += -isystem $(shell $(PG_CONFIG) --includedir-server) -isystem $(shell $(PG_CONFIG) --includedir)
PG_CFLAGS   += -Wall -Wextra -Wshadow -Wmissing-prototypes -Wvla -Wno-unused-parameter -Werror
ifneq ($(findstring clang,$(CC)),)
PG_CFLAGS   += -Wno-unknown-warning-option -Wno-ignored-optimization-argument
endif
endif
ifeq ($(ASSERT),1)
PG_CPPFLAGS += -DUSE_ASSERT_CHECKING
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS) $(OBJS:.o=.bc): $(HDRS)

# The code script begins with the guard that stands in its first module.
sql/crm--$(EXTVERSION).sql: $(CODE) crm.control
	cat $(CODE) > $@.tmp && mv $@.tmp $@

sql/crm-schema--$(EXTVERSION).sql: $(SCHEMA) crm.control
	for f in $(SCHEMA); do printf -- '-- file: %s\n' "$${f##*/}"; cat "$$f" || exit; done > $@.tmp && mv $@.tmp $@

else

help:
	@echo 'make, make install, make installcheck   build, install, test against a running server'
	@echo 'make check [T="name ..."]                all tests in a throw-away server of their own'
	@echo 'make check-slow, make check-majors       the long tests; the tests on other PostgreSQL versions'
	@echo 'make demo, make demo-stop                a private server with demo data; stop and remove it'
	@echo 'make docs, make dist                     reference pages; source archive'
	@echo 'make bench-orders, make bench-audit      cost of an order; cost of its audit'
	@echo 'make bench-rls                           cost of row-level security'
	@echo 'options: PG_CONFIG=path WERROR=1 ASSERT=1 with_llvm=no'

check check-slow check-majors:
	@PG_CONFIG='$(PG_CONFIG)' test/run $@ $(T)

demo:
	@PG_CONFIG='$(PG_CONFIG)' docs/demo/run start

demo-stop:
	@PG_CONFIG='$(PG_CONFIG)' docs/demo/run stop

docs:
	@PG_CONFIG='$(PG_CONFIG)' docs/reference/generate

bench-orders:
	@PG_CONFIG='$(PG_CONFIG)' test/bench/run orders

bench-audit:
	@PG_CONFIG='$(PG_CONFIG)' test/bench/run audit

bench-rls:
	@PG_CONFIG='$(PG_CONFIG)' test/bench/run rls

dist:
	git archive --format=zip --prefix=crm-$(EXTVERSION)/ -o crm-$(EXTVERSION).zip HEAD

.PHONY: $(OURS)

endif
