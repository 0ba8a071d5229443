#!/usr/bin/env bash
# src/core is pure C: no header of the server. Conditions on the server's version stand in crm_compat.h only.
set -u
bad=0
core=$(grep -nE '#[[:space:]]*include[[:space:]]*[<"](postgres(_ext|_fe)?\.h|c\.h|fmgr\.h|(access|catalog|commands|executor|lib|mb|nodes|parser|pg|port|storage|tcop|utils)/)' \
    -r src/core 2>/dev/null | grep -v '"pg_config')
[ -z "$core" ] || {
    printf 'headers of the server in src/core:\n%s\n' "$core"
    bad=1
}
version=$(grep -rnE 'PG_VERSION_NUM' --include='*.[chyl]' src 2>/dev/null | grep -vE '^[^:]*/crm_compat\.h:')
[ -z "$version" ] || {
    printf 'PG_VERSION_NUM outside crm_compat.h:\n%s\n' "$version"
    bad=1
}
exit $bad
