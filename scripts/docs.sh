#!/bin/sh
# Builds the documentation site into a folder; a broken link or a page that is in no menu fails it.
set -eu
target=$(realpath -m "$1")
cd "$(dirname "$0")/.."
NO_MKDOCS_2_WARNING=1 exec .venv/bin/mkdocs build --strict --quiet --site-dir "$target"
