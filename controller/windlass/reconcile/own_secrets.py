"""The server's own store of secrets: set, list, remove, and its keys replaced while everything goes on.

In: values, from the API or the command line; whose they are. Out: rows of the ledger that nobody opens without the
keys; lists that say everything but the value. Each change and its audit record are one transaction, so that a process
that ends in between has changed nothing, and one that is asked again ends up with the same.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.crashpoints import reach
from windlass.errors import InputError, InputProblem, NotFoundError, SecretError
from windlass.masking import SHORTEST
from windlass.secrets.key_ring import KeyRing, OwnFile, ring_of_sources
from windlass.secrets.own import NAME, OwnProvider, bound_to, seal_value
from windlass.store.values import OwnSecretRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from windlass.clock import Clock
    from windlass.settings import SecretSource
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer

KINDS = ("tenant", "repository", "user")
LARGEST = 64 * 1024  # characters of a value
BATCH = 100  # values that are sealed anew in one transaction


@dataclass(frozen=True, slots=True)
class Place:
    """Whose a secret is, where it counts, and its name."""

    kind: str
    owner: str
    name: str
    environment: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.owner}"

    @property
    def shown(self) -> str:
        return "/".join(filter(None, (self.key, self.environment, self.name)))


class StoreKeys:
    """The keys as they are now: those of the server file, else the file of the data folder."""

    def __init__(self, sources: Sequence[SecretSource], data: Path) -> None:
        """Raises UsageError when the keys of the server file cannot be read."""
        self._sources = sources
        self.file = None if sources else OwnFile(data)
        if sources:
            self.ring()

    def ring(self) -> KeyRing:
        """Raises UsageError."""
        return self.file.ring() if self.file is not None else ring_of_sources(self._sources)


class OwnSecrets:
    def __init__(
        self,
        reads: Reads,
        writer: Writer,
        clock: Clock,
        keys: StoreKeys,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed` is called after each change: what was remembered of the store does not hold any more."""
        self._reads = reads
        self._writer = writer
        self._clock = clock
        self._keys = keys
        self._changed = changed
        self._lock = threading.Lock()  # no value may be sealed by a key that a rotation is about to drop
        self.provider = OwnProvider(reads.own_secret, keys.ring)

    def put(self, place: Place, value: str, actor: Mapping[str, Any]) -> dict[str, Any]:
        """In place of what was there. Raises InputError."""
        _check(place, value)
        now, by = self._clock.now(), str(actor.get("name"))

        with self._lock:
            ring = self._keys.ring()

            def work(tx: Tx) -> OwnSecretRow:
                before = tx.own_secret_version(place.key, place.environment, place.name)
                version = (before or 0) + 1
                sealed = seal_value(value, place.key, place.environment, place.name, version, ring)
                row = OwnSecretRow(place.key, place.environment, place.name, version, *sealed, now, by)
                tx.put_own_secret(row)
                old = None if before is None else {"version": before}
                tx.add_audit(now, dict(actor), "secret.set", place.shown, old, {"version": version})
                return row

            reach("secret.before-record")
            row = self._writer.write(work)
            reach("secret.recorded")
        self._changed()
        return to_object(row)

    def remove(self, place: Place, actor: Mapping[str, Any]) -> None:
        """Raises NotFoundError."""

        def work(tx: Tx) -> None:
            before = tx.own_secret_version(place.key, place.environment, place.name)
            if before is None:
                raise NotFoundError(f"no secret {place.shown}")
            tx.delete_own_secret(place.key, place.environment, place.name)
            tx.add_audit(self._clock.now(), dict(actor), "secret.remove", place.shown, {"version": before}, None)

        self._writer.write(work)
        self._changed()

    def all(self) -> list[dict[str, Any]]:
        """By owner, environment and name; never a value."""
        return [to_object(row) for row in self._reads.own_secrets()]

    def rotate(self, actor: Mapping[str, Any]) -> dict[str, Any]:
        """Seal the keys of all values by the first key; one of the data folder is made anew before. What another key
        has sealed stays readable until it is done, and asking again goes on where an earlier one ended.

        Raises SecretError when a value cannot be opened: nothing is lost then, and no key is dropped.
        """
        self._begin_rotation()
        reach("secret.key-added")
        sealed = 0
        while done := self._one_batch():
            sealed += done
            reach("secret.batch-rotated")
        told = {"sealed": sealed, **self._end_rotation()}
        now = self._clock.now()
        self._writer.write(lambda tx: tx.add_audit(now, dict(actor), "secret.rotate", "store", None, told))
        return told

    def _begin_rotation(self) -> None:
        with self._lock:
            ring = self._keys.ring()
            ended = self._reads.own_secret_keys() <= {ring.current}  # else an earlier rotation goes on
            if self._keys.file is not None and ended:
                self._keys.file.add()

    def _end_rotation(self) -> dict[str, Any]:
        with self._lock:
            needed = self._reads.own_secret_keys()
            if self._keys.file is not None:
                self._keys.file.keep_only(needed)
            ring = self._keys.ring()
        return {"key": ring.current, "unused": [one for one in ring.ids[1:] if one not in needed]}

    def _one_batch(self) -> int:
        """How many were sealed anew, or had been changed by somebody else meanwhile."""
        with self._lock:
            ring = self._keys.ring()
            rows = self._reads.own_secrets_of_other_keys(ring.current, BATCH)
            fresh = [_rewrapped(row, ring) for row in rows]
            if fresh:
                self._writer.write(lambda tx: _rewrap(tx, fresh))
        return len(fresh)


def _rewrap(tx: Tx, rows: Sequence[OwnSecretRow]) -> None:
    for row in rows:
        tx.rewrap_own_secret(row)


def _rewrapped(row: OwnSecretRow, ring: KeyRing) -> OwnSecretRow:
    bound = bound_to(row.owner, row.environment, row.name, row.version)
    try:
        key_id, wrapped = ring.wrap(ring.unwrap(row.key_id, row.wrapped, bound), bound)
    except SecretError as error:
        raise SecretError(error.cause, f"{row.name} of {row.owner}: {error}") from error
    return replace(row, key_id=key_id, wrapped=wrapped)


def _check(place: Place, value: str) -> None:
    """Raises InputError; no message holds the value."""
    problems = []
    if not NAME.fullmatch(place.name):
        problems.append(InputProblem("/name", "a name has letters, digits, _ and -, and begins with no digit"))
    if len(value) < SHORTEST:
        message = f"a secret has at least {SHORTEST} characters: a shorter one could not be hidden in logs"
        problems.append(InputProblem("/value", message))
    if len(value) > LARGEST or "\0" in value:
        problems.append(InputProblem("/value", f"a secret has at most {LARGEST} characters, and no NUL"))
    if problems:
        raise InputError(problems)


def to_object(row: OwnSecretRow) -> dict[str, Any]:
    kind, _, owner = row.owner.partition(":")
    return {
        "name": row.name,
        "kind": kind,
        "owner": owner,
        "environment": row.environment or None,
        "version": row.version,
        "updatedAt": to_rfc3339(row.updated_at),
        "updatedBy": row.updated_by,
    }


def person_owner(actor: Mapping[str, Any]) -> str | None:
    """By which name somebody's own secrets are known; None for what is no person. All of one laptop are one."""
    if actor.get("kind") == "user":
        return "local"
    return str(actor.get("name")) if actor.get("kind") == "token" else None
