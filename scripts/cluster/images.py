"""Images for the tests' pods, made on this machine: nothing is pulled.

In: programs of the distribution. Out: archives in the cache (`~/.cache/windlass/images`), named by what is in them, and
`load`, which gives one to the containerd of a node.

- `windlass.test/shell:1`: busybox with all its applets, and bash; the user `worker` (1000) beside root.
- `windlass.test/python:1`: the same, with this machine's Python.
- `windlass.test/pause:1`: what holds a pod.
- `windlass.test/windlass:VERSION-KEY`: our own (deploy/image/build.py), named by its code; made when it is asked for.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.image import archive, build
from scripts.cluster.node import PAUSE
from scripts.go_tools import CACHE, TOOLS, built

if TYPE_CHECKING:
    from collections.abc import Callable

SHELL = "windlass.test/shell:1"
PYTHON = "windlass.test/python:1"
FOLDER = CACHE / "images"
USERS = "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\nworker:x:1000:1000:worker:/tmp:/bin/sh\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\nworker:x:1000:\n"
# Of the library of Python, what no script of a test uses: half of it.
UNUSED = ("__pycache__", "test", "idlelib", "lib2to3", "ensurepip", "tkinter", "turtledemo", "pydoc_data", "config-*")


def busybox() -> Path | None:
    return next((path for name in ("/bin/busybox", "/usr/bin/busybox") if (path := Path(name)).exists()), None)


def why_not() -> str | None:
    return None if busybox() is not None else "the images for tests are made of busybox: install busybox-static"


def pause() -> Path:
    program = built(TOOLS["pause"]) / "pause"
    return kept("pause", [program], lambda target: write(target, PAUSE, [_only("pause", program)], ["/pause"]))


def shell() -> Path:
    layer = shell_layer()
    return kept("shell", _programs(), lambda target: write(target, SHELL, [layer], [], ["sh"]))


def python() -> Path:
    executable = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    what = [*_programs(), executable]
    return kept(
        "python", what, lambda target: write(target, PYTHON, [shell_layer(), _python(executable)], [], ["python3"])
    )


def windlass() -> tuple[str, Path]:
    """Its name and its archive. Raises build.CannotBuild."""
    name = f"windlass.test/windlass:{build.version()}"
    return name, build.build(name)


def _programs() -> list[Path]:
    found = [path for path in (busybox(), Path("/bin/bash-static")) if path is not None and path.exists()]
    assert found, why_not()
    return found


def shell_layer() -> archive.Layer:
    made = archive.Layer()
    box, *others = _programs()
    made.file("bin/busybox", box.resolve(), 0o755)
    for name in _applets(box):
        made.link(f"bin/{name}", "busybox")
    for bash in others:
        made.file("bin/bash", bash.resolve(), 0o755)
    made.file("etc/passwd", USERS.encode())
    made.file("etc/group", GROUPS.encode())
    made.link("usr/bin/env", "/bin/busybox")
    made.folder("tmp", 0o1777)
    return made


def _applets(box: Path) -> list[str]:
    listed = subprocess.run([box, "--list"], capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if name != "busybox"]


def _python(executable: Path) -> archive.Layer:
    made = archive.Layer()
    library = Path(sysconfig.get_path("stdlib"))
    unused = tuple(found.name for pattern in UNUSED for found in library.glob(pattern))
    made.tree(str(library), library, (*unused, "__pycache__", "dist-packages", "site-packages"))
    made.file(str(executable), executable.resolve(), 0o755)
    for path in ("usr/bin/python3", "usr/bin/python", f"usr/bin/{executable.name}"):
        if f"/{path}" != str(executable):
            made.link(path, str(executable))
    for needed in libraries([executable, *library.glob("lib-dynload/*.so")]):
        made.file(str(needed), needed.resolve(), 0o755)
    return made


def libraries(programs: list[Path]) -> list[Path]:
    """Shared ones, by the linker's own account; with the linker."""
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    return sorted({Path(found) for found in re.findall(r"(?:=> |^\s+)(/\S+) \(", said, re.MULTILINE)})


def _only(name: str, program: Path) -> archive.Layer:
    made = archive.Layer()
    made.file(name, program, 0o755)
    return made


def write(
    target: Path, name: str, layers: list[archive.Layer], entry: list[str], command: list[str] | None = None
) -> None:
    run = {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "WorkingDir": "/"}
    run |= {"Entrypoint": entry} if entry else {}
    run |= {"Cmd": command} if command else {}
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        written = [layer.write(Path(folder) / f"{number}.tar") for number, layer in enumerate(layers)]
        archive.write(target, name, written, run)


def kept(name: str, inputs: list[Path], make: Callable[[Path], None]) -> Path:
    """From the cache when the same was made before, from these files by this code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    target = FOLDER / f"{name}-{_key(tuple(inputs))}.tar"
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            make(target)
    return target


@cache
def _key(inputs: tuple[Path, ...]) -> str:
    code = [Path(__file__), Path(archive.__file__ or "")]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in (*code, *inputs))).hexdigest()[:12]


def load(socket: Path, image: Path) -> None:
    """Into the containerd that listens there; again is harmless."""
    command = ["ctr", "--address", str(socket), "--namespace", "k8s.io", "images", "import", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr or shutil.which("ctr") or "there is no ctr"


def loaded(socket: Path) -> list[str]:
    command = ["ctr", "--address", str(socket), "--namespace", "k8s.io", "images", "list", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [name for name in done.stdout.split() if not name.startswith("sha256:")]
