#!/usr/bin/env bash
# Modules are named NN_name.sql and lie in sub-folders of sql/: pg_regress takes ./sql/NAME.sql before
# test/sql/NAME.sql, so what stands there would run instead of a test of that name.
set -u
bad=0
while IFS= read -r f; do
    case ${f##*/} in
        [0-9][0-9]_*.sql) ;;
        *)
            echo "$f: a module is named NN_name.sql"
            bad=1
            ;;
    esac
done < <(find sql/code sql/schema -name '*.sql' 2>/dev/null | sort)
for f in sql/*.sql; do
    case $f in
        'sql/*.sql' | sql/crm--*.sql | sql/crm-schema--*.sql) ;;
        *)
            echo "$f: lies where pg_regress looks for tests"
            bad=1
            ;;
    esac
done
exit $bad
