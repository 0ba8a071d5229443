#!/usr/bin/env bash
# cppcheck over src/. The server's macros are unknown to it, so the declaring ones are given empty.
# A false finding is silenced in place: // cppcheck-suppress id
set -u
command -v cppcheck >/dev/null || {
    echo 'package cppcheck is missing'
    exit 77
}
mapfile -t files < <(find src -name '*.c' ! -name '*_scan.c' ! -name '*_gram.c' 2>/dev/null | sort)
[ ${#files[@]} -gt 0 ] || exit 0
cppcheck --quiet --std=c11 --language=c --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
    --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=unmatchedSuppression \
    --suppress=nullPointerRedundantCheck --suppress=varFuncNullUB --suppress=legacyUninitvar \
    --suppress=normalCheckLevelMaxBranches \
    -D'PG_FUNCTION_INFO_V1(f)=' -D'CRM_FUNCTION_INFO_V1(f)=' -D'PG_MODULE_MAGIC=' -DPGDLLEXPORT= \
    -D'PG_TRY(...)={' -D'PG_CATCH(...)=}{' -D'PG_FINALLY(...)=}{' -D'PG_END_TRY(...)=}' \
    -DPG_VERSION_NUM=150000 -Isrc "${files[@]}"
