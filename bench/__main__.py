"""`make bench`: each figure with its floor and their ratio, measured in the same run.

In: nothing, or the names of figures. Out: a table on stdout; `--write` puts it into bench/RESULTS.md with the machine's
description. Nothing here fails on a slow machine: figures are for people. A part that breaks is
reported, the others go on.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import traceback
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench.figure import ENV, Figure, command

PARTS = (
    *("command-line", "check", "authors", "actions", "scale", "engine"),
    *("groups", "store", "server", "secrets", "docker", "kubernetes", "kubernetes-failover"),
)
RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)}; all when absent")
    parser.add_argument("--write", action="store_true", help="write bench/RESULTS.md")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    # Bytecode is compiled at installation; here it may be missing, or forbidden by the environment.
    command([sys.executable, "-m", "compileall", "-q", "controller", "schemas"], cwd=RESULTS.parents[1], env=ENV)
    load = os.getloadavg()[0]
    figures: list[Figure] = []
    failed = 0
    for name in arguments.parts or PARTS:
        try:
            for figure in import_module(f"bench.{name.replace('-', '_')}").figures():
                figures.append(figure)
                print(figure.line(), flush=True)
        except Exception:
            failed = 1
            traceback.print_exc()
        if arguments.write:  # after each part: the last ones take long
            RESULTS.write_text(_page(figures, load), encoding="utf-8")
    return failed


def _page(figures: list[Figure], load: float) -> str:
    rows = "\n".join(figure.row() for figure in figures)
    return (
        "# Figures\n\n"
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `make bench`: {os.cpu_count()} cores, {platform.system()}, "
        f"CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{load:.1f} processes wanting them before the start (load average). The floor of each figure is measured "
        "in the same run; the ratio is what travels between machines.\n\n"
        "| figure | seen | goal | floor | what the floor is | ratio |\n| --- | --- | --- | --- | --- | --- |\n"
        f"{rows}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
