"""The own store: what is set is there, audited, never in the ledger as it is; keys are replaced without a gap."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from windlass.clock import SystemClock
from windlass.errors import InputError, NotFoundError, SecretError
from windlass.reconcile import own_secrets
from windlass.reconcile.own_secrets import OwnSecrets, Place, StoreKeys
from windlass.secrets.base import Origin
from windlass.secrets.reference import parse_reference
from windlass.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

ADA = {"kind": "token", "name": "ada"}
DB = Place("repository", "shop", "DB")
HERE = Origin("shop", "c" * 40)


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes = 0
        self.open()

    def open(self) -> None:
        self.ledger = Ledger.open(f"sqlite:///{self.folder}/ledger.db")
        self.ledger.writer.take_over("test", 1)
        keys = StoreKeys((), self.folder)
        self.own = OwnSecrets(self.ledger.reads, self.ledger.writer, SystemClock(), keys, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def value(self, name: str = "DB") -> str:
        return self.own.provider.value(parse_reference(f"ref+windlass://{name}"), HERE)

    def on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())

    def audit(self) -> list[tuple[str, str, Any, Any]]:
        return [(one.action, one.object, one.before, one.after) for one in reversed(self.ledger.reads.audit(50))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.ledger.close()


def test_set_again_and_remove(world: World) -> None:
    assert world.own.put(DB, "hunter22", ADA)["version"] == 1
    assert world.own.put(DB, "hunter23", ADA)["version"] == 2
    assert world.value() == "hunter23"
    (one,) = world.own.all()
    assert one.pop("updatedAt")
    assert one == {"name": "DB", "kind": "repository", "owner": "shop", "environment": None, "version": 2,
                   "updatedBy": "ada"}  # fmt: skip
    world.own.remove(DB, ADA)
    with pytest.raises(SecretError):
        world.value()
    with pytest.raises(NotFoundError):
        world.own.remove(DB, ADA)
    assert world.audit() == [
        ("secret.set", "repository:shop/DB", None, {"version": 1}),
        ("secret.set", "repository:shop/DB", {"version": 1}, {"version": 2}),
        ("secret.remove", "repository:shop/DB", {"version": 2}, None),
    ]
    assert world.changes == 3
    assert b"hunter2" not in world.on_disk()


@pytest.mark.parametrize("value", ["", "abc", "a\0bcd", "x" * 70_000])
def test_a_value_that_cannot_be_kept(world: World, value: str) -> None:
    with pytest.raises(InputError):
        world.own.put(DB, value, ADA)
    assert world.own.all() == []


def test_keys_are_replaced_in_batches_while_values_stay_readable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_secrets, "BATCH", 4)
    for number in range(10):
        world.own.put(Place("repository", "shop", f"S{number}"), f"hunter{number}", ADA)
    before = (world.folder / "keys/store.keys").read_text()
    seen: list[str] = []
    monkeypatch.setattr(own_secrets, "reach", lambda point: seen.append(point + world.value("S0") + world.value("S9")))
    told = world.own.rotate(ADA)
    assert (told["sealed"], told["unused"]) == (10, [])
    assert [one.removesuffix("hunter0hunter9") for one in seen] == ["secret.key-added", *["secret.batch-rotated"] * 3]
    after = (world.folder / "keys/store.keys").read_text()
    assert len(after.splitlines()) == 1 and after != before
    assert [world.value(f"S{number}") for number in range(10)] == [f"hunter{number}" for number in range(10)]
    assert world.ledger.reads.own_secret_keys() == {told["key"]}


def test_a_rotation_that_was_ended_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_secrets, "BATCH", 2)
    for number in range(5):
        world.own.put(Place("repository", "shop", f"S{number}"), f"hunter{number}", ADA)

    class Ended(BaseException):
        pass

    def end(point: str) -> None:
        if point == "secret.batch-rotated":
            raise Ended

    monkeypatch.setattr(own_secrets, "reach", end)
    with pytest.raises(Ended):
        world.own.rotate(ADA)
    world.ledger.close()
    world.open()
    assert len(world.ledger.reads.own_secret_keys()) == 2
    assert [world.value(f"S{number}") for number in range(5)] == [f"hunter{number}" for number in range(5)]
    monkeypatch.setattr(own_secrets, "reach", lambda _point: None)
    assert world.own.rotate(ADA)["sealed"] == 3
    assert len((world.folder / "keys/store.keys").read_text().splitlines()) == 1
    assert [world.value(f"S{number}") for number in range(5)] == [f"hunter{number}" for number in range(5)]


def test_no_key_is_dropped_while_something_needs_it(world: World) -> None:
    world.own.put(DB, "hunter22", ADA)
    keys = world.folder / "keys/store.keys"
    kept = keys.read_text()
    keys.unlink()
    world.own.put(Place("repository", "shop", "NEW"), "hunter23", ADA)
    with pytest.raises(SecretError, match="none of the keys"):
        world.own.rotate(ADA)
    keys.write_text(keys.read_text() + kept)
    assert (world.value(), world.value("NEW")) == ("hunter22", "hunter23")
    assert world.own.rotate(ADA)["sealed"] == 1
    assert os.listdir(world.folder / "keys") == ["store.keys"]
