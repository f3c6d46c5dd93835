"""Our own image, without an engine: Debian, Python and git; the locked dependencies; Windlass from its wheel.

In: this checkout and its .venv (uv, hatchling), `mmdebstrap` and Debian's archive. Out: an archive for `docker load`,
`ctr images import` or `skopeo copy oci-archive:…`; its path is printed. `deploy/image/Dockerfile` makes the same with
an engine. Layers are kept in `~/.cache/windlass/images` by what they are made from: after a change of code only the
last one, of a few megabytes, is made anew.

    python -m deploy.image.build --name registry.example/windlass:1.0
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.image import archive

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "windlass" / "images"
SUITE = "bookworm"
PYTHON = "3.11"  # of the suite
# The shell, tar and coreutils come with the essential packages; busybox is what workspaces in Pods are given.
PACKAGES = ("busybox-static", "ca-certificates", "git", "libstdc++6", "openssh-client", "python3")
FORMAT = 1  # of what is kept in the cache: one more when the same inputs give something else
KEPT = 4  # of each kind, in the cache
USER = 65532
HOME = "/var/lib/windlass"
SITE = f"/usr/local/lib/python{PYTHON}/dist-packages"
RUN = {
    "Entrypoint": ["windlass"],
    "Cmd": ["--help"],
    "User": f"{USER}:{USER}",
    "WorkingDir": HOME,
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"HOME={HOME}", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"],
}
COMMAND = Path(__file__).with_name("windlass")


class CannotBuild(Exception):
    """Why, in words for the one who builds."""


def build(name: str) -> Path:
    """The archive of an image called so. Raises CannotBuild."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = _wheel(Path(folder))
        layers = [
            _base(),
            _dependencies(),
            _kept("windlass", [wheel.read_bytes(), COMMAND.read_bytes()], lambda at: _ours(wheel, at)),
        ]
    inputs = [name.encode(), repr(RUN).encode(), *(layer.name.encode() for layer in layers)]
    return _kept("image", inputs, lambda at: archive.write(at, name, layers, RUN))


def version() -> str:
    """For the name of an image: the same code on the same packages has the same one."""
    below = [repr((SUITE, PACKAGES, RUN)).encode(), (ROOT / "requirements-image.lock").read_bytes()]
    with tempfile.TemporaryDirectory() as folder:
        wheel = _wheel(Path(folder))
        return f"{wheel.name.split('-')[1]}-{_key([wheel.read_bytes(), COMMAND.read_bytes(), *below])}"


def _base() -> Path:
    return _kept("base", [repr((SUITE, PACKAGES, USER, HOME)).encode()], _debian)


def _debian(target: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise CannotBuild("the image stands on Debian's packages: install mmdebstrap")
    no_pages = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "info", "locale")]
    user = f"useradd --uid {USER} --gid {USER} --home-dir {HOME} --no-create-home windlass"
    hook = f'chroot "$1" sh -ec "groupadd --gid {USER} windlass; {user}; install -d -o {USER} -g {USER} {HOME}"'
    command = ["mmdebstrap", "--variant=essential", f"--include={','.join(PACKAGES)}", *no_pages]
    _run([*command, f"--customize-hook={hook}", SUITE, str(target)])


def _dependencies() -> Path:
    return _kept("dependencies", [(ROOT / "requirements-image.lock").read_bytes(), PYTHON.encode()], _installed)


def _installed(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        fitting = ["--python-version", PYTHON, "--only-binary", ":all:", "--link-mode", "copy"]
        _run([*uv, *fitting, "--requirement", str(ROOT / "requirements-image.lock"), "--target", folder])
        shutil.rmtree(Path(folder) / "bin", ignore_errors=True)  # their commands start with this machine's Python
        (Path(folder) / ".lock").unlink(missing_ok=True)
        _compiled(Path(folder))
        layer = archive.Layer()
        layer.tree(SITE, Path(folder), skip=())
        layer.write(target)


def _compiled(folder: Path) -> None:
    """The container may write nothing: bytecode that is missing would be made at every start again."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        return
    compiling = ["compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", SITE]
    # Some packages ship templates that end in .py and do not compile.
    subprocess.run([sys.executable, "-m", *compiling, str(folder)], capture_output=True, check=False)


def _wheel(folder: Path) -> Path:
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)])
    (made,) = folder.glob("*.whl")
    return made


def _ours(wheel: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
        _compiled(Path(folder))
        layer = archive.Layer()
        layer.tree(SITE, Path(folder), skip=())
        layer.file("usr/local/bin/windlass", COMMAND, 0o755)
        layer.folder("tmp", 0o1777)
        layer.write(target)


def _kept(name: str, inputs: list[bytes], make: Callable[[Path], object]) -> Path:
    """From the cache when the same was made before; two at once: the second waits for the first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    target = CACHE / f"{name}-{_key(inputs)}.tar"
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            making = target.with_name(f"making-{target.name}")
            make(making)
            making.replace(target)
            _forget_old(name)
    return target


def _forget_old(name: str) -> None:
    """Each change of code makes an image of half a gigabyte; who reads an older one still has it."""
    found = sorted(CACHE.glob(f"{name}-*.tar"), key=lambda path: path.stat().st_mtime)
    for old in found[:-KEPT]:
        old.unlink(missing_ok=True)


def _key(inputs: list[bytes]) -> str:
    return hashlib.sha256(b"\0".join([str(FORMAT).encode(), *inputs])).hexdigest()[:12]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode != 0:
        raise CannotBuild(f"{command[0]} failed: {done.stderr[-2000:]}")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="deploy.image.build", description=__doc__)
    parser.add_argument("--name", help="of the image; windlass:VERSION-KEY by default")
    parser.add_argument("--output", type=Path, help="a copy of the archive, beside the one in the cache")
    chosen = parser.parse_args(words)
    try:
        made = build(chosen.name or f"windlass:{version()}")
    except CannotBuild as error:
        print(error, file=sys.stderr)
        return 1
    print(shutil.copyfile(made, chosen.output) if chosen.output else made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
