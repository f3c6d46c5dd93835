"""A launch as a container: its name, its labels, its environment and what it executes.

In: a Launch. Out: the body of the engine's `create`, and the name, which follows from the attempt alone: whoever asks
twice gets the same container. Pure.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.executors.containers.folder import ROOT, moved, work_directory
from windlass.executors.docker.bounds import host_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from windlass.runs.model import AttemptKey, Launch

# Whatever the engine's default is: nothing is thrown away until it is read. (`local` loses ends of long lines, this one
# bytes that are not UTF-8, which become U+FFFD.)
LOG = {"Type": "json-file", "Config": {}}
OWNER = "windlass.owner"  # a label: the controller that made it
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def container_name(key: AttemptKey) -> str:
    """Readable, and different for different attempts: what the digest covers, no two attempts share."""
    digest = hashlib.sha256("\0".join((key.run, key.path, key.item, str(key.number))).encode("utf-8", "surrogatepass"))
    readable = _UNSAFE.sub("-", f"{key.run}-{key.path}")[:80].strip("-")
    return f"windlass-{readable}-{key.number}-{digest.hexdigest()[:12]}"


def labels(key: AttemptKey) -> dict[str, str]:
    return {
        "windlass.run": key.run,
        "windlass.step": key.path,
        "windlass.item": key.item,
        "windlass.attempt": str(key.number),
    }


@dataclass(frozen=True, slots=True)
class Around:
    """What a container is given beside its launch: who made it, the network of its services, what is mounted."""

    owner: str = ""
    network: str | None = None
    mounts: tuple[Mapping[str, Any], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


ALONE = Around()


def create_body(launch: Launch, argv: tuple[str, ...], folder: Path, around: Around = ALONE) -> dict[str, Any]:
    """`folder`: the attempt's on this machine; variables that name it name its copy in the container.

    Raises ValueError.
    """
    words = [word.replace("{script}", f"{ROOT}/{launch.script_name}") for word in argv]
    return {
        "Image": launch.image,
        "Entrypoint": words[:1],
        "Cmd": words[1:],
        "Env": [*environment(launch, folder, around.variables), *launch.unset],
        "WorkingDir": work_directory(launch.working_directory),
        "Labels": {**labels(launch.key), OWNER: around.owner},
        "Tty": False,
        "OpenStdin": False,
        "StopSignal": "SIGTERM",
        "HostConfig": {
            "Init": True,  # a first process that hands signals on: a shell in its place ignores TERM
            "LogConfig": LOG,
            "RestartPolicy": {"Name": "no"},
            **({"NetworkMode": around.network} if around.network is not None else {}),
            **({"Mounts": [dict(mount) for mount in around.mounts]} if around.mounts else {}),
            **host_bounds(launch.resources),
        },
    }


def environment(launch: Launch, folder: Path, more: Mapping[str, str]) -> list[str]:
    """`NAME=value`; what the image sets stays, and a bare NAME (in `create_body`) takes it away."""
    ours = {
        "WINDLASS_OUTPUT": f"{ROOT}/output",
        "WINDLASS_ENV": f"{ROOT}/env",
        "WINDLASS_INPUTS": f"{ROOT}/inputs.json",
        **more,
        "TINI_KILL_PROCESS_GROUP": "1",  # the first process hands signals to all, not to its child alone
    }
    return [f"{name}={value}" for name, value in {**moved(launch.env, folder), **ours}.items()]


def is_ours(found: Mapping[str, Any], key: AttemptKey) -> bool:
    """By the labels of an inspected container: a name may be anybody's."""
    has = found.get("Config", {}).get("Labels") or {}
    return all(has.get(name) == value for name, value in labels(key).items())
