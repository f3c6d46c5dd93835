"""`ref+sops://PATH#/KEY`: an entry of an encrypted file of the run's own commit.

In: a reference, whose run it is for. Out: the entry's value. The file is read from that repository at that commit and
nowhere else, and opened with the age keys that this repository was given. An opened file is remembered for as long as
the resolver remembers values, so that fifty entries cost one opening.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError, SourceError
from windlass.secrets.entry import entry
from windlass.secrets.resolver import TTL
from windlass.secrets.sops.opening import open_file
from windlass.secrets.sops.trees import FORMATS, format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.sops.age import AgeKey
    from windlass.secrets.sops.keepers import Keeper

    # (origin, path, most bytes) -> the file; None: there is none. Raises SourceError.
    ReadFile = Callable[[Origin, str, int], bytes | None]
    # (origin, path) -> what it was given for that file. Raises SecretError.
    KeysOf = Callable[[Origin, str], Sequence[AgeKey]]
    # (origin, path) -> who opens it when it is for other keys than age; maybe nobody.
    KeepersOf = Callable[[Origin, str], Sequence[Keeper]]

LARGEST_FILE = 4 * 1024 * 1024
_BINARY_KEY = "data"


class SopsProvider:
    def __init__(
        self,
        read: ReadFile,
        keys_of: KeysOf,
        keepers_of: KeepersOf = lambda _origin, _path: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._keys_of = keys_of
        self._keepers_of = keepers_of
        self._clock = clock
        self._locks: dict[tuple[Origin, str, str], threading.Lock] = {}
        self._kept: dict[tuple[Origin, str, str], tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def value(self, reference: Reference, origin: Origin) -> str:
        path = inner_path(reference.path)
        format_ = _format(reference, path)
        tree = self._opened(origin, path, format_)
        keys = reference.keys
        if not keys:
            if format_ != "binary":
                raise SecretError("secret-failed", f"{path}: name one entry of it: #/KEY")
            keys = (_BINARY_KEY,)
        return entry(tree, keys, path, text_only=format_ != "binary")

    def _opened(self, origin: Origin, path: str, format_: str) -> dict[str, Any]:
        key = (origin, path, format_)
        with self._lock:
            mine = self._locks.setdefault(key, threading.Lock())
        with mine:  # those who need the same file wait for one opening
            kept = self._kept.get(key)
            if kept is not None and kept[0] > self._clock():
                return kept[1]
            tree = self._open(origin, path, format_)
            with self._lock:
                now = self._clock()
                self._kept = {one: kept for one, kept in self._kept.items() if kept[0] > now}
                self._kept[key] = (now + TTL, tree)
                self._locks = {one: lock for one, lock in self._locks.items() if one in self._kept or lock.locked()}
            return tree

    def _open(self, origin: Origin, path: str, format_: str) -> dict[str, Any]:
        where = f"commit {origin.commit[:12]} has" if origin.commit else "there is"
        try:
            data = self._read(origin, path, LARGEST_FILE)
        except SourceError as error:
            raise SecretError("secret-failed", f"{path}: {error}") from error
        if data is None:
            raise SecretError("secret-not-found", f"{where} no file {path}")
        try:
            return self._by_somebody(data, format_, origin, path)
        except SecretError as error:
            raise SecretError(error.cause, f"{path}: {error}") from None

    def _by_somebody(self, data: bytes, format_: str, origin: Origin, path: str) -> dict[str, Any]:
        """With age keys in this process; what is for other keys, by those who may ask for them."""
        keys = self._keys_of(origin, path)
        try:
            return open_file(data, format_, keys)
        except SecretError as error:
            if error.cause != "secret-denied":
                raise
            refused = error
        for keeper in self._keepers_of(origin, path):
            try:
                found = keeper.opened(data, format_, keys)
            except SecretError as error:
                refused = error
                continue
            if found is not None:
                return found
        raise refused


def inner_path(path: str) -> str:
    """A path inside the repository, in its shortest form. Raises SecretError for any other."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith(("/", "~")) or not parts or {"..", ".git"} & set(parts) or "\0" in path or "\\" in path:
        message = f"{path!r} is no path of a file in this repository: it is relative to the root, without .."
        raise SecretError("secret-denied", message)
    return "/".join(parts)


def _format(reference: Reference, path: str) -> str:
    unknown = set(reference.params) - {"format"}
    if unknown:
        message = f"{path}: the only parameter of sops references is format, not {', '.join(sorted(unknown))}"
        raise SecretError("secret-denied", message)
    written = reference.params.get("format")
    if written is None:
        return format_of(path)
    if written not in FORMATS:
        raise SecretError("secret-failed", f"{path}: format is one of {', '.join(FORMATS)}")
    return written
