"""Every place in which the real sops finds an age key, one at a time: what it opens with it, we open, too."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps
from tests.sops import Key, Sops, new_key, sops_binary

from windlass.secrets.age_keys import keys_of_user
from windlass.secrets.sops.opening import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # (folder, key) -> environment
    Source = Callable[[Path, Key], Mapping[str, str]]

PLAIN = {"a": "hunter22", "b": [1, True]}


def variable(_folder: Path, key: Key) -> Mapping[str, str]:
    return {"SOPS_AGE_KEY": f"# a comment\n{key.secret}\n"}


def file(folder: Path, key: Key) -> Mapping[str, str]:
    keeps(folder / "keys").write_text(f"# created: 2026-01-01\n{new_key().secret}\n{key.secret}\n")
    return {"SOPS_AGE_KEY_FILE": str(folder / "keys")}


def command(folder: Path, key: Key) -> Mapping[str, str]:
    keeps(folder / "keys").write_text(f"{key.secret}\n")
    return {"SOPS_AGE_KEY_CMD": f"cat {folder / 'keys'}"}


def configuration(folder: Path, key: Key) -> Mapping[str, str]:
    (folder / "config/sops/age").mkdir(parents=True)
    keeps(folder / "config/sops/age/keys.txt").write_text(key.secret)
    return {"XDG_CONFIG_HOME": str(folder / "config")}


def home(folder: Path, key: Key) -> Mapping[str, str]:
    (folder / ".config/sops/age").mkdir(parents=True)
    keeps(folder / ".config/sops/age/keys.txt").write_text(key.secret)
    return {}


@pytest.mark.parametrize("source", [variable, file, command, configuration, home])
def test_native_keys(sops: Sops, key: Key, tmp_path: Path, source: Source) -> None:
    both(tmp_path, sops.encrypted("a.yaml", json.dumps(PLAIN)), source(tmp_path, key))


@pytest.mark.parametrize("place", ["SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD", "~/.ssh"])
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_ssh_keys(sops: Sops, tmp_path: Path, kind: str, place: str) -> None:
    (tmp_path / ".ssh").mkdir(mode=0o700)
    path = tmp_path / (f".ssh/id_{kind}" if place == "~/.ssh" else "given")
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
    public = path.with_suffix(".pub").read_text().strip()
    data = sops.encrypted("a.yaml", json.dumps(PLAIN), "--age", public)
    environment = {"~/.ssh": {}, "SOPS_AGE_SSH_PRIVATE_KEY_CMD": {place: f"cat {path}"}}
    both(tmp_path, data, environment.get(place, {place: str(path)}))


def both(folder: Path, data: bytes, source: Mapping[str, str]) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **source}
    (folder / "encrypted.yaml").write_bytes(data)
    words = [sops_binary(), "--disable-version-check", "decrypt", "--output-type", "json", "encrypted.yaml"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == PLAIN
    assert open_file(data, "yaml", keys_of_user(environment, commands=True)) == PLAIN
