"""`ref+windlass://NAME`: the server's own store.

In: a reference, whose run it is for; how a sealed value is found. Out: the value. Each value is sealed by a key of its
own, which is sealed by a key that the ledger does not have, both bound to their place: a row that is copied to another
place opens nothing. Looked for from the nearest to the widest: the repository's, then its tenant's, each first for the
environment of the run. `ref+windlass://user/NAME` is the own secret of the person who started the run, and of nobody
else.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Protocol

from windlass.errors import SecretError, WindlassError
from windlass.secrets.sealing import KEY_BYTES, Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.key_ring import Keys

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", re.ASCII)
PERSONAL = "user/"


class Sealed(Protocol):
    """A row of the store."""

    @property
    def version(self) -> int: ...

    @property
    def key_id(self) -> str: ...

    @property
    def wrapped(self) -> bytes: ...

    @property
    def sealed(self) -> bytes: ...


if TYPE_CHECKING:
    # (owner, environment, name) -> the row; None: there is none
    Find = Callable[[str, str, str], Sealed | None]


class OwnProvider:
    """`keys` gives those that are there now."""

    def __init__(self, find: Find, keys: Callable[[], Keys]) -> None:
        self._find = find
        self._keys = keys

    def value(self, reference: Reference, origin: Origin) -> str:
        """Raises SecretError."""
        if reference.params or reference.keys:
            raise SecretError("secret-denied", "a reference to the own store is ref+windlass://NAME and nothing more")
        for owner, environment, name in _places(reference.path, origin):
            row = self._find(owner, environment, name)
            if row is not None:
                return open_value(row, owner, environment, name, self._keys())
        raise SecretError("secret-not-found", f"the server's own store has no {reference.path} for this run")


def _places(path: str, origin: Origin) -> Iterator[tuple[str, str, str]]:
    personal = path.startswith(PERSONAL)
    name = path.removeprefix(PERSONAL)
    if not NAME.fullmatch(name):
        raise SecretError("secret-denied", f"{path!r} is no name: letters, digits, _ and -, or user/NAME")
    if personal:
        if origin.person is None:
            raise SecretError("secret-not-found", f"nobody started this run by hand: there is no {path}")
        owners = [f"user:{origin.person}"]
    else:
        owners = [f"repository:{origin.repository}"] + ([f"tenant:{origin.tenant}"] if origin.tenant else [])
    for owner in owners:
        for environment in filter(None, (origin.environment,)):
            yield owner, environment, name
        yield owner, "", name


def bound_to(owner: str, environment: str, name: str, version: int) -> bytes:
    return f"{owner}\0{environment}\0{name}\0{version}".encode()


def seal_value(
    value: str, owner: str, environment: str, name: str, version: int, keys: Keys
) -> tuple[str, bytes, bytes]:
    """(key id, the value's own key sealed, the value sealed). Raises SecretError."""
    bound = bound_to(owner, environment, name, version)
    data_key = os.urandom(KEY_BYTES)
    key_id, wrapped = keys.wrap(data_key, bound)
    return key_id, wrapped, Box(data_key).seal(value.encode("utf-8", "surrogateescape"), bound)


def open_value(row: Sealed, owner: str, environment: str, name: str, keys: Keys) -> str:
    """Raises SecretError."""
    bound = bound_to(owner, environment, name, row.version)
    try:
        data_key = keys.unwrap(row.key_id, row.wrapped, bound)
        return Box(data_key).open(row.sealed, bound).decode("utf-8", "surrogateescape")
    except SecretError:
        raise
    except WindlassError as error:
        raise SecretError("secret-failed", f"{name} of {owner}: {error}") from error
