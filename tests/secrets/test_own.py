"""`ref+windlass://NAME`: the nearest value, bound to its place; a row that is moved or changed opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from windlass.errors import SecretError
from windlass.secrets.base import Origin
from windlass.secrets.key_ring import KeyRing
from windlass.secrets.own import OwnProvider, seal_value
from windlass.secrets.reference import parse_reference

SHOP = Origin("shop", "c" * 40, tenant="retail", environment="production", person="ada")
RING = KeyRing([b"k" * 32])


@dataclass(frozen=True)
class Row:
    version: int
    key_id: str
    wrapped: bytes
    sealed: bytes


class Store:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.provider = OwnProvider(lambda *place: self.rows.get(place), lambda: RING)

    def put(self, owner: str, environment: str, name: str, value: str) -> None:
        self.rows[owner, environment, name] = Row(1, *seal_value(value, owner, environment, name, 1, RING))

    def value(self, text: str, origin: Origin = SHOP) -> str:
        return self.provider.value(parse_reference(text), origin)

    def cause(self, text: str, origin: Origin = SHOP) -> str:
        with pytest.raises(SecretError) as error:
            self.value(text, origin)
        assert "hunter" not in str(error.value)
        return error.value.cause


@pytest.fixture
def store() -> Store:
    return Store()


PLACES = [
    ("tenant:retail", ""),
    ("tenant:retail", "production"),
    ("repository:shop", ""),
    ("repository:shop", "production"),
]


def test_from_the_nearest_to_the_widest(store: Store) -> None:
    for number, (owner, environment) in enumerate(PLACES):
        store.put(owner, environment, "DB", f"hunter{number}")
        assert store.value("ref+windlass://DB") == f"hunter{number}"
    assert store.value("ref+windlass://DB", replace(SHOP, environment="staging")) == "hunter2"
    assert store.value("ref+windlass://DB", replace(SHOP, environment=None)) == "hunter2"
    assert store.value("ref+windlass://DB", replace(SHOP, repository="wiki")) == "hunter1"


def test_nothing_of_others(store: Store) -> None:
    for owner, environment in PLACES:
        store.put(owner, environment, "DB", "hunter22")
    assert store.cause("ref+windlass://DB", replace(SHOP, repository="wiki", tenant="docs")) == "secret-not-found"
    assert store.cause("ref+windlass://DB", replace(SHOP, repository="wiki", tenant=None)) == "secret-not-found"


def test_what_is_a_persons_is_for_runs_that_they_started(store: Store) -> None:
    store.put("user:ada", "", "TOKEN", "hunter22")
    assert store.value("ref+windlass://user/TOKEN") == "hunter22"
    assert store.cause("ref+windlass://user/TOKEN", replace(SHOP, person="bob")) == "secret-not-found"
    assert store.cause("ref+windlass://user/TOKEN", replace(SHOP, person=None)) == "secret-not-found"
    assert store.cause("ref+windlass://TOKEN") == "secret-not-found"


@pytest.mark.parametrize(
    "text", ["a/b", "user/a/b", "../DB", "tenant:other", "", "user/", "DB#/key", "DB?owner=x", "9A"]
)
def test_anything_but_a_name_is_refused(store: Store, text: str) -> None:
    assert store.cause(f"ref+windlass://{text}") == "secret-denied"


def test_a_row_of_another_place_opens_nothing(store: Store) -> None:
    store.put("repository:other", "", "DB", "hunter22")
    moved = store.rows["repository:other", "", "DB"]
    for place in (("repository:shop", "", "DB"), ("repository:shop", "production", "DB")):
        store.rows = {place: moved}
        assert store.cause("ref+windlass://DB") == "secret-failed"
    store.rows = {}
    store.put("repository:shop", "", "DB", "hunter22")
    row = store.rows["repository:shop", "", "DB"]
    for changed in (replace(row, version=2), replace(row, sealed=row.sealed[:-1] + b"x"), replace(row, wrapped=b""),
                    replace(row, key_id="gone")):  # fmt: skip
        store.rows["repository:shop", "", "DB"] = changed
        assert store.cause("ref+windlass://DB") == "secret-failed"
