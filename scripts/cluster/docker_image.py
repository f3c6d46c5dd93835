"""The image of a Docker engine for the tests' pods, from Debian's docker.io: `windlass.test/docker:1`.

In: this machine's dockerd, docker, containerd and runc. Out: an archive in the cache, as those of `images.py`; loaded
when a test asks, for it is large. The engine in it gives its containers no network and copies their files: it needs
neither iptables nor overlays.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.image import archive
from scripts.cluster import images

DOCKER = "windlass.test/docker:1"
PROGRAMS = ("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc")
ENTRY = """\
#!/bin/sh
[ "$1" = dockerd ] || exec "$@"
exec "$@" --storage-driver vfs --bridge none --iptables=false --ip6tables=false
"""


def why_not() -> str | None:
    missing = [name for name in PROGRAMS if _found(name) is None]
    return f"{', '.join(missing)} missing: install docker.io" if missing else images.why_not()


def _found(name: str) -> Path | None:
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin:/bin:/sbin")
    return Path(path) if path is not None else None


def docker() -> Path:
    programs = [found for name in PROGRAMS if (found := _found(name)) is not None]
    layers = [_programs(programs)]
    return images.kept(
        "docker", [Path(__file__), *programs], lambda target: images.write(target, DOCKER, layers, ["/entry"], ["sh"])
    )


def _programs(programs: list[Path]) -> archive.Layer:
    made = images.shell_layer()
    made.file("entry", ENTRY.encode(), 0o755)
    for program in programs:
        made.file(f"usr/bin/{program.name}", program.resolve(), 0o755)
    for needed in images.libraries(programs):
        made.file(str(needed), needed.resolve(), 0o755)
    return made
