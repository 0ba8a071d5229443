#!/usr/bin/env bash
# clang-tidy's bug-finding checks over src/.
set -u
command -v clang-tidy >/dev/null || {
    echo 'package clang-tidy is missing'
    exit 77
}
mapfile -t files < <(find src -name '*.c' ! -name '*_scan.c' ! -name '*_gram.c' 2>/dev/null | sort)
[ ${#files[@]} -gt 0 ] || exit 0
clang-tidy --quiet --warnings-as-errors='*' \
    --checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-narrowing-conversions,-bugprone-macro-parentheses,-bugprone-implicit-widening-of-multiplication-result,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling' \
    "${files[@]}" -- -std=gnu11 -Isrc -isystem "$("${PG_CONFIG:-pg_config}" --includedir-server)" \
    -DPGDLLEXPORT='__attribute__((visibility("default")))' -DCRM_VERSION='"0"' -D_GNU_SOURCE
