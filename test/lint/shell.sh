#!/usr/bin/env bash
# Runs shellcheck over every shell script of the project.
set -u
command -v shellcheck >/dev/null || {
    echo 'package shellcheck is missing'
    exit 77
}
scripts=()
while IFS= read -r f; do
    case $f in
        *.sh) scripts+=("$f") ;;
        *) if head -n 1 "$f" | grep -qE '^#!.*\b(ba)?sh\b'; then scripts+=("$f"); fi ;;
    esac
done < <(find .ci test docs -type f \( -name '*.sh' -o ! -name '*.*' \) | sort)
shellcheck -x --severity=warning "${scripts[@]}"
