#!/usr/bin/env bash
# Each test of pg_regress and each isolation spec has its one expected file and each expected file its test;
# specs begin with iso_ (they share expected/ with the others); tests of pg_regress never begin with a digit.
set -u
bad=0
offend() {
    printf '%s\n' "$*"
    bad=1
}

for f in test/sql/*.sql test/specs/*.spec; do
    [ -e "$f" ] || continue
    name=${f##*/}
    name=${name%.*}
    case $f in
        test/specs/iso_*) ;;
        test/specs/*) offend "$f: the name of a spec begins with iso_" ;;
        test/sql/iso_*) offend "$f: only specs begin with iso_" ;;
        test/sql/[0-9]*) offend "$f: begins with a digit, as only modules do" ;;
    esac
    [ -f "expected/$name.out" ] || offend "$f: has no expected/$name.out"
    [ ! -e "sql/$name.sql" ] || offend "$f: sql/$name.sql would run instead"
done
for f in expected/*; do
    [ -e "$f" ] || continue
    name=${f##*/}
    name=${name%.out}
    [ -f "test/sql/$name.sql" ] || [ -f "test/specs/$name.spec" ] || offend "$f: belongs to no test"
done
for f in test/pgtap/* test/t/* test/slow/*; do
    case $f in
        *'/*' | test/pgtap/[0-9][0-9][0-9]_*.sql | test/t/[0-9][0-9][0-9]_*.pl | test/slow/[0-9][0-9][0-9]_*.pl) ;;
        test/t/*.pm | test/slow/*.pm) ;;
        *) offend "$f: is named NNN_area.sql (pgtap), NNN_area.pl or Name.pm (t, slow), else it does not run" ;;
    esac
done
exit $bad
