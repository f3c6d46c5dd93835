"""Seal what the ledger keeps of secrets: AES-256-GCM, by a key beside the ledger and never in it.

In: the data folder. Out: `Seal`, which seals a value for one run and one name, and opens it for these alone. The key is
made at the first start, readable by its owner only; a ledger in other hands says nothing without it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from windlass.errors import WindlassError

KEY_BYTES = 32
NONCE_BYTES = 12


class Box:
    """One key: what it has sealed it alone opens, and only together with what it was bound to."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # the only place that imports cryptography

        self._cipher = AESGCM(key)

    def seal(self, data: bytes, bound: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """Raises WindlassError for what another key has sealed, for something else, or that was changed since."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as error:
            raise WindlassError("it was sealed by another key, or changed since") from error


class Sealer:
    def __init__(self, key: bytes) -> None:
        self._box = Box(key)

    @classmethod
    def of(cls, data: Path) -> Sealer:
        """With the key of a data folder, made when there is none. Raises WindlassError when it cannot be used."""
        return cls(_key(data / "keys" / "seal.key"))

    def seal(self, run: str, name: str, value: str) -> bytes:
        return self._box.seal(value.encode("utf-8", "surrogateescape"), _bound(run, name))

    def open(self, run: str, name: str, sealed: bytes) -> str:
        """Raises WindlassError for what another key, run or name has sealed."""
        try:
            return self._box.open(sealed, _bound(run, name)).decode("utf-8", "surrogateescape")
        except WindlassError as error:
            raise WindlassError(f"{name} was sealed by another key, or changed since") from error


def _bound(run: str, name: str) -> bytes:
    return f"{run}/{name}".encode()


def _key(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        fd = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # the first one stays: others may have been sealed by it
            os.link(made, path)
        made.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise WindlassError(f"{path} is no key: it has {len(key)} bytes instead of {KEY_BYTES}")
    return key
