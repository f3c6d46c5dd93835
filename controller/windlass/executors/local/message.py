"""A launch as it goes to a warden: everything decided, nothing left to look up.

In: an open Attempt with its Launch, the log's path, the base environment. Out: the datagram (a dict, keys below).
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.executors.local import channel
from windlass.executors.local.environment import attempt_environment
from windlass.runs.model import LaunchPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.executors.local.attempts import Attempt
    from windlass.runs.model import AttemptKey, Launch


def launch_message(attempt: Attempt, log: Path, base: Mapping[str, str]) -> bytes:
    """Raises OSError when a launch too large for a datagram cannot be written to a file."""
    launch = attempt.launch
    assert launch is not None
    data = channel.encode(
        {
            "id": attempt.id,
            "title": title(launch.key),
            "folder": attempt.folder,
            "log": str(log),
            "note": _note(launch),
            "env": attempt_environment(base, launch, attempt.folder),
            "parts": _parts(launch, attempt.folder),
            "listed": bool(launch.parts),
            "inputs": launch.inputs,
            "working_directory": launch.working_directory,
            "output_limit": launch.output_limit,
            "kill_after": launch.kill_after,
            "quiet": launch.quiet_timeout,
            "masks": list(launch.masks),
            "packages": _packages(),
        }
    )
    if len(data) <= channel.LIMIT:
        return data
    return channel.encode({"id": attempt.id, "file": _aside(attempt.folder, data)})


def _parts(launch: Launch, folder: str) -> list[dict[str, Any]]:
    """At least one: a launch without parts is one that always runs, with the launch's environment and no limit."""
    parts = launch.parts or (LaunchPart(launch.script, launch.script_name, launch.argv),)
    return [
        {
            "argv": [word.replace("{script}", f"{folder}/{part.script_name}") for word in part.argv],
            "script": part.script,
            "script_name": part.script_name,
            "env": dict(part.env),
            "unset": part.unset,
            "runs": (part.on_success, part.on_failure),
            "timeout": part.timeout,
        }
        for part in parts
    ]


@cache
def _packages() -> str:
    """Where a warden, which starts without any, finds the library that it hides secrets with."""
    found = find_spec("ahocorasick_rs")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parents[1])


def title(key: AttemptKey) -> str:
    item = f"[{key.item}]" if key.item else ""
    return f"{key.run}/{key.path}{item}#{key.number}"


def _note(launch: Launch) -> str:
    """What the log begins with: lines of ours."""
    image = (f"windlass: image {launch.image} is ignored by the local runner",) if launch.image else ()
    ignored = [name for name in ("resources", "pod") if getattr(launch, name)]
    asked = (f"windlass: {name} of the step: ignored by the local runner" for name in ignored)
    return "\n".join((*image, *asked, *launch.notes))


def _aside(folder: str, data: bytes) -> str:
    """It may hold secrets, as the environment does: for this user only, and the warden deletes it."""
    os.makedirs(folder, 0o700, exist_ok=True)
    path = f"{folder}/launch"
    fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    return path
