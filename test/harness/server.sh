# shellcheck shell=bash
# Harnesses that need the server: regress and its variants, isolation, pgtap, tap, slow, requirements.
# Sourced by test/run.

SERVER= # empty: not yet; up; broken

# Builds crm as a user would and starts the cluster that most harnesses share.
need_server() {
    if [ -z "$SERVER" ]; then
        echo "building crm and starting a server" >"$WORK/tmp/now"
        SERVER=broken
        if tree_server "$ROOT" >"$PWD/build/check/install.log" 2>&1 &&
            tree_install "$PWD" "$ROOT" >>"$PWD/build/check/install.log" 2>&1 &&
            tree_start "$ROOT" "$WORK" >>"$PWD/build/check/install.log" 2>&1; then
            SERVER=up
            export PGHOST=$WORK PGUSER=postgres
        else
            begin server
            result start failed 0 "see build/check/install.log"
            excerpt "$PWD/build/check/install.log"
            end
        fi
    fi
    [ "$SERVER" = up ]
}

# unblocked: is there a server? Else all of TESTS fail.
unblocked() {
    local f name
    [ "$SERVER" != up ] || return 0
    for f in "${TESTS[@]}"; do
        name=${f##*/}
        result "${name%.*}" failed 0 "no server"
    done
    end
    return 1
}

# database NAME: a database with crm.
database() {
    "$ROOT$TREE_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d postgres -c "CREATE DATABASE $1" &&
        "$ROOT$TREE_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$1" -c 'CREATE EXTENSION crm'
}

# regress_suite PROGRAM OPTION…: one call of pg_regress or its twin over TESTS, then the result of each test.
# 15 prints "test x ... ok 12 ms", later versions "ok 1 - x 12 ms".
regress_suite() {
    local program=$1 f name names=() line ms log=$OUT/output.log status
    shift
    for f in "${TESTS[@]}"; do
        f=${f##*/}
        names+=("${f%.*}")
        # Without its expected file pg_regress would give up on all that follow; this way only that test fails.
        mkdir -p expected
        [ -e "expected/${f%.*}.out" ] || : >"expected/${f%.*}.out"
    done
    rm -rf results regression.diffs regression.out
    echo "$H" >"$WORK/tmp/now"
    timeout -k 10 "$LIMIT" "$program" --bindir="$ROOT$TREE_BIN" --inputdir=test --outputdir=. --load-extension=crm "$@" \
        "${names[@]}" >"$log" 2>&1 </dev/null
    status=$?
    for f in results regression.diffs regression.out; do
        [ ! -e "$f" ] || { rm -rf "${OUT:?}/$f" && cp -R "$f" "$OUT/$f"; }
    done
    for name in "${names[@]}"; do
        line=$(grep -E "^(test +$name +\.\.\. |(not )?ok +[0-9]+ +[-+] +$name( |\$))" "$log" | head -n 1)
        ms=$(printf '%s\n' "$line" | sed -n 's/.*[^0-9]\([0-9]\{1,\}\)\(\.[0-9]*\)\{0,1\} ms.*/\1/p')
        case $line in
            "test "*"... ok"* | "ok "*) result "$name" passed "${ms:-0}" ;;
            "") result "$name" failed 0 "did not run, see build/check/$H/output.log" ;;
            *)
                result "$name" failed "${ms:-0}" "see build/check/$H/regression.diffs"
                awk -v name="results/$name.out" '/^diff / { on = index($0, name) } on' regression.diffs 2>/dev/null |
                    grep -E '^[-+]' | head -n 12 | cut -c1-200 | sed 's/^/      /'
                ;;
        esac
    done
    if [ "$status" -ne 0 ] && [ "$H_FAILED" -eq 0 ]; then
        result "$(basename "$program")" failed 0 "exit $status, see build/check/$H/output.log"
        excerpt "$log"
    fi
}

run_regress() {
    select_tests regress test/sql/*.sql || return 0
    need_server
    begin regress
    unblocked || return 0
    regress_suite "$TREE_TESTLIB/regress/pg_regress" --dbname=crm_regress
    end
}

# The suite again on a module whose assertions are live; the others get the usual one back.
run_regress_assert() {
    local copy=$WORK/assert
    select_tests regress_assert test/sql/*.sql || return 0
    need_server
    begin regress_assert
    unblocked || return 0
    mkdir -p "$copy"
    cp -R Makefile crm.control sql src "$copy"
    if make -C "$copy" --no-print-directory clean with_llvm=no PG_CONFIG="$PG_CONFIG" >"$OUT/install.log" 2>&1 &&
        make -C "$copy" --no-print-directory -j2 with_llvm=no ASSERT=1 PG_CONFIG="$PG_CONFIG" >>"$OUT/install.log" 2>&1 &&
        cp "$copy/crm.so" "$ROOT$TREE_LIB/crm.new" && mv -f "$ROOT$TREE_LIB/crm.new" "$ROOT$TREE_LIB/crm.so"; then
        regress_suite "$TREE_TESTLIB/regress/pg_regress" --dbname=crm_regress_assert
        cp crm.so "$ROOT$TREE_LIB/crm.new" && mv -f "$ROOT$TREE_LIB/crm.new" "$ROOT$TREE_LIB/crm.so"
    else
        result build failed 0 "see build/check/$H/install.log"
        excerpt "$OUT/install.log"
    fi
    end
}

# The suite again with every plan that may be parallel forced to be.
run_regress_parallel() {
    local setting=debug_parallel_query
    [ "$TREE_MAJOR" -gt 15 ] || setting=force_parallel_mode
    select_tests regress_parallel test/sql/*.sql || return 0
    need_server
    begin regress_parallel
    unblocked || return 0
    PGOPTIONS="-c $setting=regress" regress_suite "$TREE_TESTLIB/regress/pg_regress" --dbname=crm_regress_parallel
    end
}

# The suite again with a schema of traps first in search_path: an operator, function or table of it that the CRM takes
# for the server's own or its own warns, which no expected output has. Slow, since each operator of a test springs one;
# test/pgtap/345_functions.sql does it with each function.
run_regress_hostile() {
    if [ -z "${CRM_SLOW:-}" ] && [ ${#SELECTION[@]} -eq 0 ]; then return 0; fi
    select_tests regress_hostile test/sql/*.sql || return 0
    need_server
    begin regress_hostile
    unblocked || return 0
    if ! { database crm_regress_hostile && hostile_tools; } >"$OUT/database.log" 2>&1; then
        result database failed 0 "see build/check/regress_hostile/database.log"
        excerpt "$OUT/database.log"
        end
        return
    fi
    regress_suite "$TREE_TESTLIB/regress/pg_regress" --use-existing --dbname=crm_regress_hostile
    # What a client does not get to see, as with client_min_messages, stands in the server's log.
    if grep -E ' pg_regress[^ ]* [^ ]*@crm_regress_hostile .*WARNING:  hostile: ' "$WORK/server.log" >"$OUT/hits.log"; then
        result hits failed 0 "$(wc -l <"$OUT/hits.log") hits, see build/check/regress_hostile/hits.log"
        head -n 3 "$OUT/hits.log" | cut -c1-200 | sed 's/^/      /'
    fi
    end
}

# Lays the traps, proves that one springs, and puts them first.
hostile_tools() {
    local psql=("$ROOT$TREE_BIN/psql" -X -q -At -v ON_ERROR_STOP=1 -d crm_regress_hostile)
    "${psql[@]}" -f test/harness/hostile.sql &&
        "${psql[@]}" -c "SET search_path = hostile, pg_catalog" \
            -c "CREATE FUNCTION crm.careless(a bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN a = 1; END'" \
            -c 'SELECT crm.careless(1)' -c 'DROP FUNCTION crm.careless(bigint)' 2>"$OUT/careless.log" &&
        grep -q 'WARNING:  hostile: operator =(bigint,integer)' "$OUT/careless.log" &&
        "${psql[@]}" -c 'ALTER DATABASE crm_regress_hostile SET search_path = hostile, pg_catalog, "$user", public'
}

run_isolation() {
    local i times repeat=1
    [ -z "${CRM_SLOW:-}" ] || repeat=50
    repeat=${CRM_ISOLATION_REPEAT:-$repeat}
    select_tests isolation test/specs/*.spec || return 0
    need_server
    begin isolation
    unblocked || return 0
    times=("${TIMES[@]}")
    for ((i = 1; ; i++)); do
        regress_suite "$TREE_TESTLIB/isolation/pg_isolation_regress" --dbname=crm_isolation
        if [ "$i" -ge "$repeat" ] || [ "$H_FAILED" -gt 0 ]; then break; fi
        # shellcheck disable=SC2034 # read in result.sh
        H_PASSED=0
        TIMES=("${times[@]}")
    done
    [ "$H_FAILED" -eq 0 ] || [ "$repeat" -eq 1 ] || say "  in round $i of $repeat"
    end
}

# pgTAP and the tools of tests live in a schema of their own, so that crm's database looks as a user's does.
run_pgtap() {
    local f
    select_tests pgtap test/pgtap/*.sql || return 0
    need_server
    begin pgtap
    unblocked || return 0
    without "postgresql-$TREE_MAJOR-pgtap" libtap-parser-sourcehandler-pgtap-perl && return
    if ! { database crm_pgtap && pgtap_tools; } >"$OUT/database.log" 2>&1; then
        result database failed 0 "see build/check/pgtap/database.log"
        excerpt "$OUT/database.log"
        end
        return
    fi
    for f in "${TESTS[@]}"; do
        f=${f%.sql}
        one "${f##*/}" pg_prove --psql-bin "$ROOT$TREE_BIN/psql" -v -d crm_pgtap "$f.sql"
        skipped_inside "${f##*/}"
    done
    end
}

pgtap_tools() {
    local check=
    [ ! -f "$TREE_SHARE/extension/plpgsql_check.control" ] || check='CREATE EXTENSION plpgsql_check SCHEMA tap;'
    "$ROOT$TREE_BIN/psql" -X -q -v ON_ERROR_STOP=1 -d crm_pgtap <<SQL
CREATE SCHEMA tap;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE EXTENSION pgtap SCHEMA tap;
$check
ALTER DATABASE crm_pgtap SET search_path = "\$user", public, tap;
SQL
}

# perl_suite HARNESS JOBS FILE…: TAP programs that make clusters of their own, some at a time.
perl_suite() {
    local harness=$1 jobs=$2 f name ms status
    shift 2
    select_tests "$harness" "$@" || return 0
    need_server
    begin "$harness"
    unblocked || return 0
    without libipc-run-perl && return
    for f in "${TESTS[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
        name=${f##*/}
        perl_test "$f" "${name%.pl}" &
    done
    wait
    for f in "${TESTS[@]}"; do
        name=${f##*/}
        name=${name%.pl}
        read -r status ms <"$OUT/$name.end" || status=1 ms=0
        judge "$name" "$status" "$ms"
        skipped_inside "$name"
        rm -f "$OUT/$name.end"
        [ "$status" -ne 0 ] || rm -rf "${OUT:?}/$name"
    done
    end
}

# perl_test FILE NAME: one such program, with folders of its own for data and logs.
perl_test() {
    local start status data=$WORK/tap/$2
    start=$(now_ms)
    mkdir -p "$data" "$OUT/$2"
    (
        unset PGHOST PGUSER
        # 15 keeps logs and data below TESTDIR, later versions in folders of their own.
        export TESTDIR=$data TESTDATADIR=$data/data TESTLOGDIR=$OUT/$2 PG_REGRESS=$TREE_TESTLIB/regress/pg_regress
        timeout -k 10 "$LIMIT" env PATH="$ROOT$TREE_BIN:$PATH" prove -v -I "$TREE_TESTLIB/perl" -I test/t "$1" >"$OUT/$2.log" 2>&1 </dev/null
    )
    status=$?
    [ ! -d "$data/tmp_check/log" ] || cp -R "$data/tmp_check/log/." "$OUT/$2/"
    rm -rf "$data"
    printf '%s %s\n' "$status" $(($(now_ms) - start)) >"$OUT/$2.end"
}

run_tap() {
    perl_suite tap 2 test/t/*.pl
}

run_slow() {
    [ -n "${CRM_SLOW:-}" ] || return 0
    perl_suite slow 1 test/slow/*.pl
}

# The walk through the requirements reads what ran green, so it comes last.
run_requirements() {
    [ -x test/requirements/walk ] || return 0
    select_tests requirements test/requirements/walk || return 0
    need_server
    begin requirements
    unblocked || return 0
    database crm_requirements >"$OUT/database.log" 2>&1
    [ ${#SELECTION[@]} -eq 0 ] || export CRM_PARTIAL=1
    one walk env PGDATABASE=crm_requirements PATH="$ROOT$TREE_BIN:$PATH" GREEN="$GREEN" SKIPPED="$GREEN.skipped" \
        test/requirements/walk
    end
}

# A process of the shared server that died is a failure, whichever test it was.
check_server_log() {
    [ "$SERVER" = up ] || return 0
    grep -nE 'PANIC:|TRAP:|was terminated by signal|terminating any other active server processes' "$WORK/server.log" \
        >"$WORK/tmp/crashes" || return 0
    begin server
    result log failed 0 "a server process died, see build/check/server.log"
    head -n 5 "$WORK/tmp/crashes" | cut -c1-200 | sed 's/^/      /'
    end
}
