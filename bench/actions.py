"""Built-in actions: how long an action is under way before it does its work, beside a Python that does nothing.

Of each action that is Python alone: its program as a step starts it, with inputs that end it at once. What is seen is
therefore start, imports, reading of inputs, and the smallest piece of work that it can do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.figure import ENV, Figure, cost, median_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = Path(__file__).resolve().parents[1] / "actions-library"
RUNS = 9
# Refused at once, or done at once, by the action's own code; an address where nothing listens.
INPUTS: dict[str, dict[str, Any]] = {
    "archive": {"from": ["none"], "to": "x.tar.gz"},
    "echo": {"text": "hello"},
    "files": {"do": "delete", "from": ["none"], "optional": True},
    "format": {"template": "hello"},
    "http-request": {"url": "http://127.0.0.1:9/"},
    "notify": {"to": "webhook", "url": "http://127.0.0.1:9/", "text": "hello"},
    "s3": {"command": "delete", "bucket": "shop"},
    "send-email": {"server": "127.0.0.1:9", "from": "a@example.com", "to": ["b@example.com"], "subject": "x"},
    "sql": {"database": "sqlite:x.db", "statement": "SELECT 1"},
    "wait-for": {"file": "."},
}


def figures() -> Iterator[Figure]:
    python = median_of(partial(_run, [sys.executable, "-u", "-c", ""], ENV, Path.cwd()), RUNS) * 1000
    with tempfile.TemporaryDirectory() as folder:
        for name, given in INPUTS.items():
            words, env = _prepared(Path(folder), name, given)
            seen, note = cost(partial(_run, words, env, Path(folder)), RUNS, 1)
            yield Figure(f"std/{name} starts", seen * 1000, "ms", "≤ 60", python, "an empty Python program", note=note)


def _prepared(folder: Path, name: str, given: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    document = yaml.safe_load((LIBRARY / name / "action.yaml").read_text())
    declared = document["inputs"]
    assert given.keys() <= declared.keys(), f"{name} has no inputs {given.keys() - declared.keys()}"
    values = {one: of["default"] for one, of in declared.items() if "default" in of} | given
    inputs = folder / f"{name}.json"
    inputs.write_text(json.dumps(dict.fromkeys(declared) | values))
    env = ENV | {"WINDLASS_INPUTS": str(inputs), "WINDLASS_OUTPUT": str(folder / f"{name}.output")}
    for one, value in values.items():
        env[f"INPUT_{one.upper().replace('-', '_')}"] = value if isinstance(value, str) else json.dumps(value)
    return [sys.executable, "-u", str(LIBRARY / name / document["entrypoint"])], env


def _run(words: list[str], env: dict[str, str], folder: Path) -> None:
    """Whether it succeeds is not the question here; that it ends by itself is."""
    done = subprocess.run(
        words, env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr, done.stderr
