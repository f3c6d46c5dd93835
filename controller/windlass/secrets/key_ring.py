"""The keys of the server's own store: the first seals, every one of them opens.

In: texts with a key a line (base64 of 32 bytes; a line that begins with # does not count). Out: `KeyRing`. A key is
known by an id that is made of it and tells nothing about it. The texts are read anew whenever they are needed, so that
a key can be put before the old one while everything goes on. Without any in the server file there is one file in the
data folder, made at the first secret, readable by its owner only, and rotated by Windlass itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from windlass.errors import SecretError, UsageError
from windlass.secrets.sealing import KEY_BYTES, Box
from windlass.secrets.server_keys import read_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from windlass.settings import SecretSource

OWN_FILE = "keys/store.keys"  # in the data folder


class Keys(Protocol):
    """What seals the key of a value: a ring of keys, or a service that never shows its own.

    Both raise SecretError `secret-failed`: what cannot be opened now may be opened later.
    """

    @property
    def current(self) -> str:
        """The id of the key that seals."""

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        """(the id of the key that sealed it, the sealed key)."""

    def unwrap(self, key_id: str, wrapped: bytes, bound: bytes) -> bytes: ...


class KeyRing:
    """At least one key, the first of which seals."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._boxes = {key_id(key): Box(key) for key in keys}
        self.current = key_id(keys[0])

    @property
    def ids(self) -> list[str]:
        return list(self._boxes)

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        return self.current, self._boxes[self.current].seal(data_key, bound)

    def unwrap(self, key_id: str, wrapped: bytes, bound: bytes) -> bytes:
        """Raises SecretError, and WindlassError when it was sealed for something else."""
        box = self._boxes.get(key_id)
        if box is None:
            raise SecretError("secret-failed", f"its key {key_id} is none of the keys of the server's own store")
        return box.open(wrapped, bound)


def key_id(key: bytes) -> str:
    return hashlib.sha256(b"windlass own store\0" + key).hexdigest()[:16]


def ring_of_sources(sources: Sequence[SecretSource]) -> KeyRing:
    """What the server file names, in its order. Raises UsageError."""
    found: list[bytes] = []
    for index, source in enumerate(sources):
        place = f"secrets.own.keys[{index}]"
        try:
            found += keys_of(read_key(source, place).decode("ascii"), place)
        except UnicodeDecodeError as error:
            raise UsageError(f"{place} is no key: {_FORM}") from error
    return KeyRing(found)


_FORM = f"a line for each key, base64 of {KEY_BYTES} bytes, as `openssl rand -base64 {KEY_BYTES}` prints it"


def keys_of(text: str, place: str) -> list[bytes]:
    """Raises UsageError; no message holds a key."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        try:
            key = base64.b64decode(written, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise UsageError(f"{place}, line {number} is no key: {_FORM}")
        found.append(key)
    if not found:
        raise UsageError(f"{place} holds no key: {_FORM}")
    return found


class OwnFile:
    """The file of the data folder."""

    def __init__(self, data: Path) -> None:
        self._path = data / OWN_FILE

    def ring(self) -> KeyRing:
        """Raises UsageError when it is there and holds no keys; makes it when it is not."""
        if not self._path.exists():
            self._write([os.urandom(KEY_BYTES)], first=True)
        return KeyRing(self._keys())

    def add(self) -> None:
        """A new key before the others."""
        self._write([os.urandom(KEY_BYTES), *self._keys()])

    def keep_only(self, ids: Iterable[str]) -> None:
        """Drop what seals nothing any more; the first key stays."""
        keys, wanted = self._keys(), set(ids)
        kept = [key for number, key in enumerate(keys) if number == 0 or key_id(key) in wanted]
        if kept != keys:
            self._write(kept)

    def _keys(self) -> list[bytes]:
        try:
            return keys_of(self._path.read_text(encoding="ascii"), str(self._path))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self._path} cannot be read") from error

    def _write(self, keys: Sequence[bytes], *, first: bool = False) -> None:
        """All of it or nothing, whenever the process ends. `first`: what somebody else made meanwhile stays."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self._path.with_suffix(f".{os.getpid()}")
        made.unlink(missing_ok=True)
        fd = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        if first:
            with suppress(FileExistsError):
                os.link(made, self._path)
            made.unlink()
        else:
            made.replace(self._path)
