#!/bin/sh
# Writes every generated file anew. They are checked in; `make lint` fails when one is stale.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m windlass_schemas.json_schema
.venv/bin/python -m windlass_schemas.resources.crd
.venv/bin/python -m windlass.store.compile
.venv/bin/python scripts/reference.py
