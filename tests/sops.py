"""The real `sops`, built once from its Go module, and age keys made for one test.

`sops_binary` skips, saying why, where there is neither a `sops` of this version nor a Go that can build one: building
takes minutes and the network.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

VERSION = "3.13.2"
AGE = "1.3.1"
MODULE = f"github.com/getsops/sops/v3/cmd/sops@v{VERSION}"
FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "windlass" / f"sops-{VERSION}"
BUILDING = 600  # seconds


@cache
def sops_binary() -> Path:
    built = FOLDER / "sops"
    if not built.exists():
        _build(built)
    return built


def _build(built: Path) -> None:
    found = shutil.which("sops")
    if (
        found is not None
        and VERSION in subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    ):
        FOLDER.mkdir(parents=True, exist_ok=True)
        built.symlink_to(found)
        return
    if shutil.which("go") is None:
        pytest.skip(f"there is no sops {VERSION}, and no Go to build it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if built.exists():
            return
        env = {**os.environ, "GOBIN": str(FOLDER), "GOFLAGS": "-trimpath"}
        try:
            done = subprocess.run(
                ["go", "install", MODULE], env=env, capture_output=True, text=True, timeout=BUILDING, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"sops {VERSION} was not built within {BUILDING} seconds")
        if done.returncode != 0:
            pytest.skip(f"sops {VERSION} cannot be built here: {done.stderr[-300:]}")


@dataclass(frozen=True)
class Key:
    """An age key of one test."""

    secret: str
    recipient: str


def new_key() -> Key:
    import pyrage

    made = pyrage.x25519.Identity.generate()
    return Key(str(made), str(made.to_public()))


class Sops:
    """The command, with one key and nobody's configuration."""

    def __init__(self, folder: Path, key: Key) -> None:
        self.folder = folder
        self.key = key
        self.env: dict[str, str] = {}  # beside what it always has
        self.binary = sops_binary()

    def run(self, *words: str) -> bytes:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "SOPS_AGE_KEY": self.key.secret, **self.env}
        done = subprocess.run([self.binary, *words], cwd=self.folder, env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def encrypted(self, name: str, content: str | bytes, *options: str, keys: tuple[str, ...] | None = None) -> bytes:
        """A file, as sops encrypts it; `name` says its format."""
        plain = self.folder / f"plain-{name}"
        plain.write_bytes(content if isinstance(content, bytes) else content.encode())
        if keys is None:
            keys = () if "--age" in options else ("--age", self.key.recipient)
        return self.run("--disable-version-check", "encrypt", *keys, *options, plain.name)


def age_keygen() -> Path:
    """The real `age-keygen`, built in seconds beside sops."""
    built = FOLDER / "age-keygen"
    sops_binary()
    if not built.exists():
        env = {**os.environ, "GOBIN": str(FOLDER), "GOFLAGS": "-trimpath"}
        command = ["go", "install", f"filippo.io/age/cmd/age-keygen@v{AGE}"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=BUILDING, check=False)
        if done.returncode != 0:
            pytest.skip(f"age-keygen cannot be built here: {done.stderr[-300:]}")
    return built
