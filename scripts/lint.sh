#!/bin/sh
# Every check that needs no test run. All of them run, so that one visit shows everything; any failure fails.
set -u
cd "$(dirname "$0")/.."
failed=""

check() { # NAME COMMAND…
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        failed="$failed $name"
        printf 'FAILED  %s\n%s\n' "$name" "$output"
    fi
}

check "style" .venv/bin/ruff check .
check "format" .venv/bin/ruff format --check .
check "types" .venv/bin/mypy
check "layers" .venv/bin/lint-imports
check "json-schemas" .venv/bin/python -m windlass_schemas.json_schema --check
check "custom-resources" .venv/bin/python -m windlass_schemas.resources.crd --check
check "statements" .venv/bin/python -m windlass.store.compile --check
check "reference-pages" .venv/bin/python scripts/reference.py --check
check "documentation" scripts/docs.sh "$(mktemp -d)/site"

[ -z "$failed" ] || { echo "lint failed:$failed" >&2; exit 1; }
