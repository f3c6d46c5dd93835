#!/bin/sh
# What the tests need beside Python packages: PostgreSQL's server programs, from the distribution.
#
# The tests start their own throw-away servers from /usr/lib/postgresql/*/bin or from PATH; a server that
# runs on this machine is never touched. Does nothing when the programs are there already.
set -eu

has_postgresql() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_postgresql && exit 0

by_hand() {
    echo "The tests need PostgreSQL's server programs (initdb, postgres), and $1." >&2
    echo "Install them, then try again:  sudo apt-get install postgresql" >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || by_hand "this machine has no apt-get"
[ "$(id -u)" = 0 ] || by_hand "only root may install packages"

echo "Installing PostgreSQL for the tests (apt-get install postgresql)"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null || by_hand "apt-get update failed"
apt-get install -y -qq --no-install-recommends postgresql </dev/null >/dev/null || by_hand "apt-get install failed"
has_postgresql || by_hand "they are missing after the installation"
