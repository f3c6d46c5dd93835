#!/bin/sh
# Makes .venv and installs what a lock file pins, every file checked against its hash.
#
# In: "run" (what Windlass needs) or "dev" (that and the tools of contributors). Out: .venv with Windlass itself
# installed in place, so that an edit of the code is live. Bytecode is compiled here, once, because the time that
# `windlass` takes to start depends on it and because some environments forbid Python to write it later.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
run) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*) echo "usage: scripts/venv.sh run|dev" >&2; exit 2 ;;
esac

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || stop "There is no $python on PATH. Install Python 3.11 or newer."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "Windlass needs Python 3.11 or newer; $python is $("$python" --version)." \
        "Name another one:  make PYTHON=/path/to/python3.12 up"

install_venv_package() {
    minor=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null 2>&1 ||
        stop "$python cannot make virtual environments (its venv or ensurepip module is missing)."
    [ "$(id -u)" = 0 ] ||
        stop "$python cannot make virtual environments, and only root may install the package for it." \
            "Install it, then try again:  sudo apt-get install $minor"
    echo "Installing $minor (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null || stop "apt-get update failed; $minor is needed."
    apt-get install -y -qq --no-install-recommends "$minor" </dev/null >/dev/null ||
        apt-get install -y -qq --no-install-recommends python3-venv </dev/null >/dev/null ||
        stop "apt-get could not install $minor, which is needed to make a virtual environment."
}

if ! [ -x .venv/bin/python ] || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_venv_package
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

pip() {
    .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet "$@" </dev/null
}

echo "Installing $lock"
pip install --no-compile --require-hashes --requirement "$lock"
pip install --no-compile --no-deps --no-build-isolation --editable .

site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Some packages ship templates that end in .py and do not compile: they are not ours to judge.
.venv/bin/python -m compileall -q -j 0 "$site" >/dev/null || true
.venv/bin/python -m compileall -q controller schemas

touch ".venv/.installed-$1"
[ "$1" = run ] || touch .venv/.installed-run
