"""The age keys that a repository's secrets are opened with.

In: the server file's sources for it, or this user's own places (those of sops: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE,
SOPS_AGE_SSH_PRIVATE_KEY_FILE, $XDG_CONFIG_HOME/sops/age/keys.txt, ~/.ssh; SOPS_AGE_KEY_CMD and
SOPS_AGE_SSH_PRIVATE_KEY_CMD for a command of theirs, never in a server). Out: keys. All that are found count, as in
sops. No message holds one.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.errors import SecretError, UsageError
from windlass.secrets.sops.age import AgeKey, read_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.settings import SecretSource


COMMANDS = ("SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD")
PATIENCE = 60.0  # seconds: a command may ask its user something


def keys_of_user(environment: Mapping[str, str] | None = None, *, commands: bool = False) -> list[AgeKey]:
    """Those of whoever runs `windlass run`, or `windlass up` on a path. Raises SecretError."""
    known = os.environ if environment is None else environment
    found = read_keys(known["SOPS_AGE_KEY"], "SOPS_AGE_KEY") if known.get("SOPS_AGE_KEY") else []
    for variable in ("SOPS_AGE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"):
        if known.get(variable):
            found += _of_file(Path(known[variable]), variable)
    for variable in COMMANDS if commands else ():
        if known.get(variable):
            found += _said(known[variable], variable)
    home = known.get("XDG_CONFIG_HOME") or (f"{known['HOME']}/.config" if known.get("HOME") else None)
    usual = Path(home) / "sops/age/keys.txt" if home is not None else None
    if usual is not None and usual.is_file():
        found += _of_file(usual, str(usual))
    if known.get("HOME"):
        found += _of_ssh(Path(known["HOME"]) / ".ssh")
    return found


def _said(command: str, place: str) -> list[AgeKey]:
    """What a command of the user's prints; it is split into words, and no shell is asked."""
    try:
        done = subprocess.run(
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True
        )
        return read_keys(done.stdout.decode(), place)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise SecretError("secret-failed", f"{place}: the command gives no key ({type(error).__name__})") from None


def _of_ssh(folder: Path) -> list[AgeKey]:
    """The usual keys; those that age cannot use, such as with a passphrase, do not count."""
    found: list[AgeKey] = []
    for name in ("id_ed25519", "id_rsa"):
        if (folder / name).is_file():
            with suppress(SecretError):
                found += _of_file(folder / name, f"~/.ssh/{name}")
    return found


def _of_file(path: Path, place: str) -> list[AgeKey]:
    try:
        return read_keys(path.read_text(encoding="utf-8"), place)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError("secret-failed", f"{place}: {path} cannot be read") from error


def keys_of_server(sources: Iterable[SecretSource], name: str) -> list[AgeKey]:
    """What the server file gives a repository; `name` is its place there. Raises UsageError."""
    found: list[AgeKey] = []
    for index, source in enumerate(sources):
        place = f"{name}[{index}]"
        try:
            keys = _of_variable(source.env, place) if source.env is not None else _from_file(source, place)
        except SecretError as error:
            raise UsageError(str(error)) from error
        if not keys:
            raise UsageError(f"{place} holds no age key", "age-keygen makes one")
        found += keys
    return found


def _of_variable(variable: str, place: str) -> list[AgeKey]:
    text = os.environ.get(variable)
    if text is None:
        raise UsageError(f"{place}: the environment variable {variable} is not set")
    return read_keys(text, f"{place}, {variable}")


def _from_file(source: SecretSource, place: str) -> list[AgeKey]:
    assert source.file is not None
    return _of_file(source.file, place)
