# shellcheck shell=bash
# Functions that make a throw-away PostgreSQL server with crm in it; sourced by test/run and docs/demo/run.
#
# Nothing outside the given folders is written: binaries are copied, the server's share and library
# folders become trees of links, and crm is installed into that private tree with DESTDIR.
# The server refuses to run as root, so root works through an ordinary user (tree_as_user).

tree_fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Forgets the caller's connection settings and the options of an outer make.
tree_clean_env() {
    unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGOPTIONS PGSERVICE PGSERVICEFILE \
        PGDATA PGTZ PGDATESTYLE PGCLIENTENCODING PGAPPNAME PGCONNECT_TIMEOUT PGSSLMODE PSQLRC \
        MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES T CDPATH GREP_OPTIONS
    export LC_ALL=C.UTF-8 PSQLRC=/dev/null
    umask 022
}

# Sets PG_CONFIG (absolute), TREE_MAJOR, TREE_BIN, TREE_SHARE, TREE_LIB and TREE_TESTLIB.
tree_find_server() {
    local p
    PG_CONFIG=$(command -v "${PG_CONFIG:-pg_config}") || return 1
    p=$("$PG_CONFIG" --version) || return 1
    TREE_MAJOR=$(printf '%s\n' "$p" | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
    TREE_BIN=$("$PG_CONFIG" --bindir)
    TREE_SHARE=$("$PG_CONFIG" --sharedir)
    TREE_LIB=$("$PG_CONFIG" --pkglibdir)
    p=$("$PG_CONFIG" --pgxs)
    TREE_TESTLIB=$(dirname "$(dirname "$p")")/test
    export PG_CONFIG TREE_MAJOR TREE_BIN TREE_SHARE TREE_LIB TREE_TESTLIB
    [ -x "$TREE_BIN/postgres" ] && [ -f "$p" ]
}

# Prints the ordinary user that root works through.
tree_user() {
    if id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# tree_as_user HOME: sets TREE_AS, the words before a command that runs as the ordinary user when root.
tree_as_user() {
    local user
    # shellcheck disable=SC2034 # for the caller
    TREE_AS=(env HOME="$1")
    if [ "$(id -u)" -eq 0 ]; then
        user=$(tree_user)
        # shellcheck disable=SC2034
        TREE_AS=(setpriv --reuid "$(id -u "$user")" --regid "$(id -g "$user")" --clear-groups
            env HOME="$1" USER="$user" LOGNAME="$user")
    fi
}

# tree_give DIR: hands a folder to the user of tree_as_user.
tree_give() {
    local user
    [ "$(id -u)" -eq 0 ] || return 0
    user=$(tree_user)
    chown -R "$(id -u "$user"):$(id -g "$user")" "$1"
}

# tree_copy_source FROM TO: copies the sources without build products (git's idea of them where it has one).
tree_copy_source() {
    local from=$1 to=$2 list=$2.list f
    mkdir -p "$to"
    if [ -e "$from/.git" ] &&
        git -c safe.directory="$from" -C "$from" ls-files -z -co --exclude-standard >"$list" 2>/dev/null &&
        [ -s "$list" ]; then
        (
            cd "$from" || exit
            while IFS= read -r -d '' f; do
                if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\0' "$f"; fi
            done <"$list" | tar -cf - --null --no-recursion -T -
        ) | tar -xf - -C "$to" --no-same-owner
    else
        tar -cf - -C "$from" --exclude=./.git --exclude=./build --exclude=./results --exclude=./tmp_check \
            --exclude=./tmp_check_iso --exclude=./output_iso --exclude=./log --exclude='./regression.*' \
            --exclude='*.o' --exclude='*.bc' --exclude='*.so' --exclude='./sql/crm-*.sql' . |
            tar -xf - -C "$to" --no-same-owner
    fi
    rm -f "$list"
    [ -f "$to/Makefile" ] && [ -f "$to/crm.control" ]
}

# tree_server ROOT: makes the private copy of the server.
tree_server() {
    local root=$1
    mkdir -p "$root$TREE_BIN" "$root$TREE_SHARE" "$root$TREE_LIB" || return
    # Real copies: PostgreSQL resolves links of its own executable and finds its folders from there.
    cp -L "$TREE_BIN"/* "$root$TREE_BIN/" || return
    cp -rs "$TREE_SHARE/." "$root$TREE_SHARE/" || return
    cp -rs "$TREE_LIB/." "$root$TREE_LIB/" || return
    # What the links brought of an installed crm.
    rm -rf "$root$TREE_LIB"/bitcode/crm "$root$TREE_LIB"/bitcode/crm.index.bc
    rm -f "$root$TREE_SHARE"/extension/crm* "$root$TREE_LIB"/crm.so
}

# tree_install SOURCE ROOT [MAKE OPTIONS…]: builds crm in SOURCE and installs it into the private copy.
tree_install() {
    local src=$1 root=$2
    shift 2
    make -C "$src" --no-print-directory -j2 with_llvm=no PG_CONFIG="$PG_CONFIG" "$@" &&
        make -C "$src" --no-print-directory install with_llvm=no PG_CONFIG="$PG_CONFIG" DESTDIR="$root" "$@"
}

# tree_start ROOT DIR: makes a cluster in DIR/data and starts it on a unix socket in DIR.
tree_start() {
    local root=$1 dir=$2
    if [ ! -f "$dir/data/PG_VERSION" ]; then
        "$root$TREE_BIN/initdb" --no-sync -A trust -U postgres --locale=C.UTF-8 -D "$dir/data" >"$dir/initdb.log" 2>&1 || {
            cat "$dir/initdb.log" >&2
            return 1
        }
        cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
fsync = off
log_line_prefix = '%m [%p] %q%a %u@%d %e '
log_lock_waits = on
CONF
    fi
    "$root$TREE_BIN/pg_ctl" -w -t 120 -s -D "$dir/data" -l "$dir/server.log" start || {
        tail -n 20 "$dir/server.log" >&2
        return 1
    }
}

# tree_stop ROOT DIR MODE: stops that cluster if it runs.
tree_stop() {
    [ -f "$2/data/postmaster.pid" ] || return 0
    "$1$TREE_BIN/pg_ctl" -w -t 60 -s -m "${3:-immediate}" -D "$2/data" stop
}

# tree_sweep DIR: ends what was left behind by a run in DIR: servers whose program lies there, and whatever
# carries TREE_WORK=DIR in its environment.
tree_sweep() {
    local sig p again
    for sig in TERM TERM QUIT KILL; do
        again=
        for p in /proc/[0-9]*; do
            case $(readlink "$p/exe" 2>/dev/null) in
                "$1"/*) ;;
                *) grep -qzxF "TREE_WORK=$1" "$p/environ" 2>/dev/null || continue ;;
            esac
            kill -s "$sig" "${p#/proc/}" 2>/dev/null && again=1
        done
        [ -n "$again" ] || return 0
        sleep 0.3
    done
}
