"""Whose containers: a label that says which controller made them, and what is left of controllers that are gone.

In: the controller's folder, the engine. Out: the owner's name, kept in that folder; the removal of containers and
networks that nobody will ever ask for again: an owner's own whose attempts are over (they could not be removed when
they ended), and those of `windlass run` on this machine whose process was killed.
"""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING

from windlass import log
from windlass.executors.docker.api import EngineAway, Refused
from windlass.executors.docker.container import OWNER
from windlass.executors.process_identity import boot_id, start_time
from windlass.runs.model import AttemptKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from windlass.executors.docker.api import Engine

FILE = "docker-owner"
HERE = "run"  # begins the owner's name of a command whose containers nobody adopts


def owner_of(data: Path, *, lasting: bool) -> str:
    """`lasting`: a server, whose next life adopts what runs. Raises OSError."""
    if not lasting:
        return f"{HERE}.{boot_id()}.{os.getpid()}.{start_time(os.getpid())}"
    path = data / FILE
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        made = f"up.{secrets.token_hex(8)}"
        data.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_text(made, encoding="ascii")
        half.replace(path)
        return made


def sweep(engine: Engine, owner: str, is_open: Callable[[AttemptKey], bool]) -> None:
    """Look once; what cannot be removed now stays for the next look."""
    ours = json.dumps({"label": [OWNER]})
    try:
        containers = engine.json("GET", "/containers/json", all="1", filters=ours)
        networks = engine.json("GET", "/networks", filters=ours)
    except (EngineAway, Refused) as error:
        log.event("docker.not-swept", level="warning", error=str(error))
        return
    for kind, listed, query in (("containers", containers, {"force": "1", "v": "1"}), ("networks", networks, {})):
        for found in listed:
            if _is_left(found.get("Labels") or {}, owner, is_open):
                _remove(engine, f"/{kind}/{found['Id']}", query)


def _remove(engine: Engine, path: str, query: Mapping[str, str]) -> None:
    try:
        with engine.exchange("DELETE", path, query=query) as answer:
            answer.read()
        log.event("docker.swept", path=path)
    except (EngineAway, Refused) as error:
        log.event("docker.not-swept", level="warning", path=path, error=str(error))


def _is_left(has: dict[str, str], owner: str, is_open: Callable[[AttemptKey], bool]) -> bool:
    whose = has.get(OWNER, "")
    if whose == owner:
        return not is_open(_key(has))
    return whose.startswith(f"{HERE}.{boot_id()}.") and not _lives(whose)


def _key(has: dict[str, str]) -> AttemptKey:
    number = has.get("windlass.attempt", "")
    run, path, item = (has.get(f"windlass.{name}", "") for name in ("run", "step", "item"))
    return AttemptKey(run, path, item, int(number) if number.isdigit() else 0)


def _lives(whose: str) -> bool:
    _, _, pid, made = whose.split(".", 3)
    return pid.isdigit() and str(start_time(int(pid))) == made
