"""Who may import what: the pure core, one place for each outside library, and what `--help` may load.

import-linter guards the layers; these rules are about libraries outside of Windlass.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.conftest import House, Import

# Decision 2 of docs/architecture.md: no I/O, clock, randomness or environment in the core.
IMPURE = {
    "asyncio", "ctypes", "io", "locale", "multiprocessing", "os", "pathlib", "platform", "random", "secrets",
    "select", "selectors", "shutil", "signal", "socket", "sqlalchemy", "sqlite3", "subprocess", "sys", "tempfile",
    "threading", "time", "uuid",
}  # fmt: skip
IMPURE_NAMES = {"urllib.request", "windlass.log", "windlass.settings"}
IMPURE_CALLS = {"now", "today", "utcnow", "system_now"}

# Each outside library is imported below these folders or files only (relative to controller/ or schemas/).
PLACES = {
    "aiohttp": ("windlass/kube",),
    "alembic": ("windlass/store",),
    "cel_expr_python": ("windlass/expressions",),
    "cronsim": ("windlass/triggers/cron.py",),
    "fastapi": ("windlass/web",),
    "fastapi_offline": ("windlass/web/docs.py",),
    "kubernetes": ("windlass/kube/access.py",),
    "msgspec": ("windlass/kube", "windlass/executors/kubernetes"),
    "azure": ("windlass/secrets/azurekeyvault.py",),
    "boto3": ("windlass/secrets/aws.py",),
    "botocore": ("windlass/secrets/aws.py",),
    "google": ("windlass/secrets/gcpsecrets.py",),
    "httpx2": ("windlass/cli/client.py", "windlass/secrets/asking.py", "windlass/web/peer.py"),
    "kopf": ("windlass/operator/watching.py",),
    "prometheus_client": ("windlass/web",),
    "obstore": ("windlass/artifacts/objects.py",),
    "psycopg": ("windlass/store",),
    "ruamel": ("windlass/loading/layout.py",),
    "sqlalchemy": ("windlass/store",),
    "sqlite3": ("windlass/store",),
    "standardwebhooks": ("windlass/triggers", "windlass/web"),
    "starlette": ("windlass/web",),
    "structlog": ("windlass/log.py",),
    "uvicorn": ("windlass/web",),
    "uvloop": ("windlass/web",),
    "pyrage": ("windlass/secrets/sops/age.py",),
    "yaml": (
        "windlass/loading",
        "windlass/cli/table.py",
        "windlass/secrets/sops/yaml_tree.py",
        "windlass_schemas/resources/crd.py",
    ),
}
# `windlass --help` in under 50 ms: what it may load beyond a bare interpreter, apart from modules that begin with `_`.
FOR_HELP = {
    "windlass", "windlass.cli", "windlass.cli.main", "windlass.cli.verbs", "windlass.cli.verb_parser",
    "pydantic.plugin._loader",  # what stands in for it: no file is read
    "argparse", "gettext", "locale", "re", "shutil", "textwrap",  # argparse, and the width of the terminal
    "bz2", "errno", "fnmatch", "lzma", "zlib",  # shutil
    "dataclasses", "copy", "inspect", "reprlib",  # dataclasses, and below: inspect
    "ast", "dis", "importlib", "keyword", "linecache", "opcode", "token", "tokenize", "weakref",
    "collections", "contextlib", "copyreg", "enum", "functools", "itertools", "operator", "types", "typing", "warnings",
    "abc", "codecs", "gc", "genericpath", "io", "os", "posixpath", "stat",  # what `site` loads as well
}  # fmt: skip
# What commands that start often do without: each of these takes from 2 to 100 ms.
SERVER = {
    "aiohttp", "alembic", "asyncio", "cryptography", "email", "fastapi", "http", "httpx2", "importlib.metadata", "kopf",
    "kubernetes", "msgspec", "multiprocessing", "obstore", "prometheus_client", "psycopg", "ruamel", "sqlalchemy",
    "ssl", "structlog", "uvicorn", "windlass.kube", "windlass.web", "windlass.wiring", "zipfile",
}  # fmt: skip
NOT_FOR = {
    "run": SERVER,
    "check": SERVER | {"sqlite3", "subprocess", "windlass.executors", "windlass.plan.model", "windlass.runs.model"},
}
SMALL = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: small}\nsteps:\n  - run: 'true'\n"


@pytest.mark.parametrize("part", ["plan", "runs"])
def test_the_core_is_pure(house: House, part: str) -> None:
    impure = [
        _place(house, found)
        for path in house.code(f"controller/windlass/{part}")
        for found in house.imports(path)
        if not found.typing_only and (_top(found) in IMPURE or found.module in IMPURE_NAMES)
    ]
    assert not impure, f"{part}/ takes everything as an argument: {impure}"


@pytest.mark.parametrize("part", ["plan", "runs"])
def test_the_core_asks_no_clock(house: House, part: str) -> None:
    asked = [
        f"{house.relative(path)}: {call}"
        for path in house.code(f"controller/windlass/{part}")
        for call in IMPURE_CALLS
        if f".{call}(" in path.read_text()
    ]
    assert not asked, f"`now` is an argument: {asked}"


def test_outside_libraries_have_one_place(house: House) -> None:
    strays = [
        _place(house, found)
        for path in house.code()
        for found in house.imports(path)
        if _top(found) in PLACES and not found.typing_only and not _is_at_home(house, found)
    ]
    assert not strays, f"imported outside of its one place: {strays}"


def test_every_place_is_used(house: House) -> None:
    used = {_top(found) for path in house.code() for found in house.imports(path)}
    assert set(PLACES) <= used, f"no longer imported, drop it here: {set(PLACES) - used}"


def test_help_loads_only_what_it_needs() -> None:
    script = (
        "bare = set(sys.modules)\n"
        "sys.argv = ['windlass', '--help']\n"
        "from windlass.cli.main import entry\n"
        "try:\n    entry()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n'.join(set(sys.modules) - bare), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", _with_path(script)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: windlass")
    loaded = {module for module in done.stderr.split() if not _is_part_of(module, FOR_HELP)}
    assert not loaded, f"`windlass --help` loads {sorted(loaded)}"


@pytest.mark.parametrize(("verb", "words"), [("check", "--no-cache"), ("run", "workflows/small.yaml")])
def test_what_starts_often_loads_nothing_heavy(verb: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind: Repository\n")
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/small.yaml").write_text(SMALL)
    script = (
        "import sys\n"
        f"sys.argv = ['windlass', {verb!r}, {words!r}]\n"
        "from windlass.cli.main import entry\n"
        "try:\n    entry()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    env = {**os.environ, "WINDLASS_DATA": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    words_of_python = [sys.executable, "-c", script]
    done = subprocess.run(words_of_python, capture_output=True, text=True, check=True, cwd=tmp_path, env=env)
    loaded = NOT_FOR[verb] & set(done.stderr.split())
    assert "pydantic" in done.stderr
    assert not loaded, f"`windlass {verb}` loads {sorted(loaded)}"


def _is_part_of(module: str, allowed: set[str]) -> bool:
    """Private modules and those below an allowed package of the standard library come with it."""
    top = module.partition(".")[0]
    return module.startswith("_") or module in allowed or (top in allowed and top != "windlass")


def _with_path(script: str) -> str:
    # -S leaves out site-packages' .pth files, which load modules of their own; the path is given by hand instead.
    return f"import sys\nsys.path[:0] = {[path for path in sys.path if path]!r}\n{script}"


def _top(found: Import) -> str:
    return found.module.partition(".")[0]


def _place(house: House, found: Import) -> str:
    return f"{house.relative(found.file)}:{found.line} imports {found.module}"


def _is_at_home(house: House, found: Import) -> bool:
    inside = house.relative(found.file).partition("/")[2]
    return any(inside == place or inside.startswith(f"{place}/") for place in PLACES[_top(found)])
