#!/bin/sh
# Writes requirements.lock, requirements-dev.lock, requirements-image.lock (what our image holds: the extras, without the
# tools) and those of the servers and tools of the tests: every package of every platform, with hashes.
#
# Arguments go to `uv pip compile`, for example --upgrade. The files name packages, versions and hashes
# and no place to fetch them from: that is the business of whoever installs.
set -eu
cd "$(dirname "$0")/.."

compile() { # OUTPUT EXTRA-ARGUMENTS…
    output=$1
    shift
    echo "Locking $output"
    .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" --quiet --output-file "$output" "$@" >/dev/null
}

compile requirements.lock pyproject.toml --group build "$@"
compile requirements-dev.lock pyproject.toml --all-extras --group build --group dev --constraint requirements.lock "$@"
compile requirements-openbao.lock --group pyproject.toml:openbao-server "$@"
compile requirements-image.lock pyproject.toml --all-extras --constraint requirements-dev.lock "$@"
compile requirements-s3.lock --group pyproject.toml:s3-server "$@"
compile requirements-ansible.lock --group pyproject.toml:ansible "$@"
