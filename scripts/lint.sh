#!/bin/sh
# Every check that needs no test run, side by side. All of them run, so that one visit shows everything; any failure
# fails.
set -u
cd "$(dirname "$0")/.."
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
names=""

check() { # NAME COMMAND…
    name=$1
    shift
    names="$names $name"
    { "$@" >"$said/$name" 2>&1 || touch "$said/$name.failed"; } &
}

# Without what it learnt the last time, mypy takes longer than all the others together: a fresh clone begins with that of
# the one before. A copy, for two of them may run at once.
types() {
    kept=${XDG_CACHE_HOME:-$HOME/.cache}/windlass/mypy
    if [ -d .mypy_cache ]; then
        .venv/bin/mypy
        return
    fi
    [ ! -d "$kept" ] || cp -R "$kept" .mypy_cache
    .venv/bin/mypy || return
    mkdir -p "${kept%/*}"
    { cp -R .mypy_cache "$kept.$$" && rm -rf "$kept" && mv -T "$kept.$$" "$kept"; } || rm -rf "$kept.$$"
}

check "types" types
check "documentation" scripts/docs.sh "$said/site"
check "style" .venv/bin/ruff check .
check "format" .venv/bin/ruff format --check .
check "layers" .venv/bin/lint-imports
check "json-schemas" .venv/bin/python -m windlass_schemas.json_schema --check
check "custom-resources" .venv/bin/python -m windlass_schemas.resources.crd --check
check "statements" .venv/bin/python -m windlass.store.compile --check
check "reference-pages" .venv/bin/python scripts/reference.py --check
wait

failed=""
for name in $names; do
    if [ -e "$said/$name.failed" ]; then
        failed="$failed $name"
        printf 'FAILED  %s\n' "$name"
        cat "$said/$name"
    else
        echo "ok      $name"
    fi
done
[ -z "$failed" ] || { echo "lint failed:$failed" >&2; exit 1; }
