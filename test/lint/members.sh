#!/usr/bin/env bash
# Modules of sql/code: the guard and the search path stand first; nothing existing is adopted or replaced,
# since a member script that does takes over objects which somebody else has planted.
set -u
bad=0
offend() {
    printf '%s\n' "$*"
    bad=1
}

modules=(sql/code/*.sql)
[ -e "${modules[0]}" ] || exit 0
header=sql/code/00_header.sql
[ "${modules[0]}" = "$header" ] || offend "$header must be the first module, not ${modules[0]}"
if [ -f "$header" ]; then
    [ "$(sed -n 1p "$header")" = '\echo Use "CREATE EXTENSION crm" to load this file. \quit' ] ||
        offend "$header:1: must be: \\echo Use \"CREATE EXTENSION crm\" to load this file. \\quit"
    [ "$(sed -n 2p "$header")" = 'SET LOCAL search_path = pg_catalog, pg_temp;' ] ||
        offend "$header:2: must be: SET LOCAL search_path = pg_catalog, pg_temp;"
fi
for f in "${modules[@]}"; do
    [ "$f" != sql/code/05_roles.sql ] || continue # roles outlive a database, so they may exist
    found=$(sed 's/--.*//' "$f" | grep -niE 'OR +REPLACE|IF +NOT +EXISTS|@ext[a-z]+@')
    [ -z "$found" ] || offend "$(printf '%s\n' "$found" | sed "s|^|$f:|")"
done
exit $bad
