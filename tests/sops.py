"""The real `sops`, and age keys made for one test."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.canary import registered
from tests.go_tool import program


def sops_binary() -> Path:
    return program("sops", "sops")


@dataclass(frozen=True)
class Key:
    """An age key of one test."""

    secret: str
    recipient: str


def new_key() -> Key:
    import pyrage

    made = pyrage.x25519.Identity.generate()
    return Key(registered(str(made), "an age key"), str(made.to_public()))


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
        made = self.run("--disable-version-check", "encrypt", *keys, *options, plain.name)
        plain.unlink()
        return made


def age_keygen() -> Path:
    """The real `age-keygen`, beside sops."""
    return program("sops", "age-keygen")
