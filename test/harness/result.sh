# shellcheck shell=bash
# What the harnesses share: selection of tests, results, logs. Sourced by test/run.
#
# H is the harness that runs, OUT its folder of logs, TESTS its selected files.

PASSED=0 FAILED=0 SKIPPED=0
FAILURES=() SKIPS=() TIMES=()
declare -A MATCHED

say() {
    printf '%s\n' "$*"
    : >"$WORK/tmp/said"
}

# Prints what runs when nothing was printed for a minute. Its output ends with ours.
heartbeat() {
    local _
    mkfifo "$WORK/tmp/never"
    (
        exec 9<>"$WORK/tmp/never"
        while true; do
            read -r -t 60 _ <&9
            if [ $(($(date +%s) - $(stat -c %Y "$WORK/tmp/said"))) -ge 55 ]; then
                say "  still in $(cat "$WORK/tmp/now" 2>/dev/null)"
            fi
        done
    ) &
    BEAT=$!
    disown "$BEAT"
}

now_ms() {
    printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}

seconds() { # milliseconds
    printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# wanted HARNESS NAME: does the selection hold this test?
wanted() {
    local pattern hit=1
    [ ${#SELECTION[@]} -gt 0 ] || {
        # Only named, or in the slow run.
        [ "$1" != regress_parallel ] || [ -n "${CRM_SLOW:-}" ]
        return
    }
    for pattern in "${SELECTION[@]}"; do
        # shellcheck disable=SC2254 # patterns are meant
        case $1 in $pattern) MATCHED[$pattern]=1 hit=0 ;; esac
        # shellcheck disable=SC2254
        case $2 in $pattern) MATCHED[$pattern]=1 hit=0 ;; esac
        # shellcheck disable=SC2254
        case ${2#[0-9][0-9][0-9]_} in $pattern) MATCHED[$pattern]=1 hit=0 ;; esac
        # shellcheck disable=SC2254
        case $1/$2 in $pattern) MATCHED[$pattern]=1 hit=0 ;; esac
    done
    return $hit
}

# select_tests HARNESS FILE…: sets TESTS to the wanted files.
select_tests() {
    local harness=$1 f name
    shift
    TESTS=()
    for f; do
        [ -e "$f" ] || continue
        name=${f##*/}
        if wanted "$harness" "${name%.*}"; then TESTS+=("$f"); fi
    done
    [ ${#TESTS[@]} -gt 0 ]
}

begin() { # harness
    H=$1 H_PASSED=0 H_FAILED=0 H_SKIPPED=0
    H_START=$(now_ms)
    OUT=$PWD/build/check/$1
    mkdir -p "$OUT"
    echo "$1" >"$WORK/tmp/now"
}

end() {
    say "$H: $H_PASSED passed, $H_FAILED failed, $H_SKIPPED skipped ($(seconds $(($(now_ms) - H_START))) s)"
    PASSED=$((PASSED + H_PASSED)) FAILED=$((FAILED + H_FAILED)) SKIPPED=$((SKIPPED + H_SKIPPED))
}

# result NAME passed|failed|skipped MILLISECONDS [REASON]
result() {
    TIMES+=("$3 $H/$1")
    case $2 in
        passed)
            H_PASSED=$((H_PASSED + 1))
            printf '%s/%s\n' "$H" "$1" >>"$GREEN"
            ;;
        failed)
            H_FAILED=$((H_FAILED + 1))
            FAILURES+=("$H/$1${4:+: $4}")
            say "  FAILED $H/$1"
            ;;
        skipped)
            printf '%s/%s\n' "$H" "$1" >>"$GREEN.skipped"
            H_SKIPPED=$((H_SKIPPED + 1))
            SKIPS+=("$H/$1: ${4:-no reason given}")
            ;;
    esac
}

# without PACKAGE…: if one of these Debian packages (or what it would bring) is missing, skips all of TESTS.
without() {
    local package f name
    for package; do
        test/packages probe "$package" && continue
        for f in "${TESTS[@]}"; do
            name=${f##*/}
            result "${name%.*}" skipped 0 "package $package is missing"
        done
        end
        return 0
    done
    return 1
}

# one NAME COMMAND…: runs a test with its output in a log. Exit 0 passes, 77 skips (the last line says why).
one() {
    local name=$1 start status
    shift
    start=$(now_ms)
    echo "$H/$name" >"$WORK/tmp/now"
    timeout -k 10 "$LIMIT" "$@" >"$OUT/$name.log" 2>&1 </dev/null
    status=$?
    judge "$name" "$status" $(($(now_ms) - start))
}

# judge NAME STATUS MILLISECONDS: turns the end of a test with a log into its result.
judge() {
    local name=$1 status=$2 ms=$3 log=$OUT/$1.log where=build/check/$H/$1.log
    # What prove says of a file that skips as a whole, with exit 0.
    if [ "$status" -eq 0 ] && grep -q '^Result: NOTESTS' "$log"; then
        status=1
        if grep -q '\.\. skipped: ' "$log"; then
            sed 's/.*\.\. skipped: //; q' "$log" >>"$log.reason" && mv "$log.reason" "$log"
            status=77
        fi
    fi
    case $status in
        0) result "$name" passed "$ms" ;;
        77) result "$name" skipped "$ms" "$(tail -n 1 "$log")" ;;
        124 | 137) result "$name" failed "$ms" "no end within $LIMIT s, see $where" ;;
        *)
            result "$name" failed "$ms" "see $where"
            excerpt "$log"
            # What a program of PostgreSQL::Test said before it died.
            log=$OUT/$name/regress_log_$name
            [ ! -s "$log" ] || tail -n 6 "$log" | cut -c1-200 | sed 's/^/      /'
            ;;
    esac
}

# excerpt LOG: the first lines that say what went wrong.
excerpt() {
    local lines
    lines=$(grep -nE '^ *not ok|^[^ ]+:[0-9]+:[0-9]+: (fatal )?error|ERROR:|FATAL:|runtime error|SUMMARY:|Dubious|^# +(Failed|got|expected|have|want)' "$1" |
        head -n 12)
    [ -n "$lines" ] || lines=$(tail -n 12 "$1")
    printf '%s\n' "$lines" | cut -c1-200 | sed 's/^/      /'
}

# skipped_inside NAME: lists the assertions that a passed file left out.
skipped_inside() {
    local line
    while IFS= read -r line; do
        SKIPS+=("$H/$1, in part: $line")
    done < <(sed -n 's/^ *ok [0-9]\{1,\}.*# *[Ss][Kk][Ii][Pp][^ ]* *\(.*\)/\1/p' "$OUT/$1.log" | sort -u)
}

report() {
    local line pattern
    for pattern in "${SELECTION[@]}"; do
        [ -z "${MATCHED[$pattern]:-}" ] || continue
        FAILED=$((FAILED + 1))
        FAILURES+=("no test is named $pattern")
    done
    if [ ${#TIMES[@]} -gt 0 ]; then
        printf '\nslowest:\n'
        printf '%s\n' "${TIMES[@]}" | sort -rn | head -n 10 | while read -r line pattern; do
            printf '  %7s s  %s\n' "$(seconds "$line")" "$pattern"
        done
    fi
    if [ ${#SKIPS[@]} -gt 0 ]; then
        printf '\nskipped:\n'
        printf '  SKIP %s\n' "${SKIPS[@]}"
    fi
    if [ ${#FAILURES[@]} -gt 0 ]; then
        printf '\nfailed:\n'
        printf '  %s\n' "${FAILURES[@]}"
    fi
    printf '\n%s passed, %s failed, %s skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
    if [ $((PASSED + FAILED)) -eq 0 ]; then
        echo "nothing ran" >&2
        return 1
    fi
    [ "$FAILED" -eq 0 ]
}
