# shellcheck shell=bash
# Harnesses that need no server: lint, build, core, fuzz. Sourced by test/run.

run_lint() {
    local f slow=()
    [ -z "${CRM_SLOW:-}" ] || slow=(test/lint/slow/*.sh)
    select_tests lint test/lint/*.sh "${slow[@]}" || return 0
    begin lint
    for f in "${TESTS[@]}"; do
        f=${f##*/}
        one "${f%.sh}" bash "$(printf '%s\n' "${TESTS[@]}" | grep "/$f\$")"
    done
    end
}

# The strict build with each compiler, and each file of the core alone, without the server's headers.
run_build() {
    local t dir
    compgen -G 'src/*/*.c' >/dev/null || return 0
    TESTS=()
    for t in core gcc clang; do
        if [ "$t" = core ] && ! compgen -G 'src/core/*.c' >/dev/null; then continue; fi
        if wanted build "$t"; then TESTS+=("$t"); fi
    done
    [ ${#TESTS[@]} -gt 0 ] || return 0
    begin build
    for t in "${TESTS[@]}"; do
        if [ "$t" = core ]; then
            one core gcc -std=c11 -fsyntax-only -O2 -Wall -Wextra -Wshadow -Wmissing-prototypes -Wvla -Werror \
                -Isrc src/core/*.c
        elif ! command -v "$t" >/dev/null; then
            result "$t" skipped 0 "package $t is missing"
        else
            dir=$WORK/build-$t
            mkdir -p "$dir"
            cp -R Makefile crm.control sql src "$dir"
            one "$t" make -C "$dir" --no-print-directory -j2 with_llvm=no WERROR=1 ASSERT=1 CC="$t" PG_CONFIG="$PG_CONFIG"
        fi
    done
    end
}

# core_objects COMPILER DIR FLAG…: the core, compiled once for many programs.
core_objects() {
    local cc=$1 dir=$2 f
    shift 2
    mkdir -p "$dir"
    for f in src/core/*.c; do
        [ -e "$f" ] || continue
        "$cc" "$@" -Isrc -c "$f" -o "$dir/$(basename "$f" .c).o" || return
    done
}

# core_suite COMPILER OBJECT-FLAGS COMMAND…: compiles the core, then runs the command for each test's name.
core_suite() {
    local cc=$1 flags f
    read -ra flags <<<"$2"
    shift 2
    if ! core_objects "$cc" "$WORK/$H" "${flags[@]}" >"$OUT/objects.log" 2>&1; then
        result objects failed 0 "see build/check/$H/objects.log"
        excerpt "$OUT/objects.log"
        return
    fi
    for f in "${TESTS[@]}"; do
        f=${f##*/}
        one "${f%.c}" bash "test/harness/$H" "${f%.c}" "$WORK/$H" "$@"
    done
}

run_core() {
    select_tests core test/core/*.c || return 0
    begin core
    core_suite gcc '-std=c11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
    end
}

run_fuzz() {
    local seconds=5
    [ -z "${CRM_SLOW:-}" ] || seconds=600
    select_tests fuzz test/fuzz/*.c || return 0
    begin fuzz
    without clang libclang-rt-dev && return
    core_suite clang '-std=c11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' \
        "${FUZZ_SECONDS:-$seconds}"
    end
}
