"""Frozen values behave as those of the standard library, which is asked the same in each test."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field
from typing import TYPE_CHECKING, Any

import pytest

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

BOTH = pytest.mark.parametrize("make", [dataclass, dataclasses.dataclass], ids=["ours", "standard"])


@dataclass(frozen=True, slots=True)
class Place:
    """A module's own, so that it can be pickled."""

    path: str
    line: int = 1
    note: str = field(default="", compare=False, repr=False)


def make_pair(make: Callable[..., Any]) -> Any:
    class Pair:
        left: int
        right: Any = None
        hidden: int = field(default=0, compare=False, repr=False)

    return make(frozen=True, slots=True)(Pair)


@BOTH
def test_equal_by_what_is_compared(make: Callable[..., Any]) -> None:
    pair = make_pair(make)
    assert pair(1, "a", 5) == pair(1, "a", 6)
    assert pair(1, "a") != pair(1, "b")
    assert pair(1, "a") != make_pair(make)(1, "a")
    assert pair(1, "a") != (1, "a", 0)
    assert len({pair(1, "a", 5), pair(1, "a", 6), pair(2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(pair(1, []))


@BOTH
def test_shown_with_its_fields(make: Callable[..., Any]) -> None:
    pair = make_pair(make)
    assert repr(pair(1, "a")) == "make_pair.<locals>.Pair(left=1, right='a')"


@BOTH
def test_neither_set_nor_given_more(make: Callable[..., Any]) -> None:
    value = make_pair(make)(1)
    with pytest.raises(FrozenInstanceError):
        value.left = 2
    with pytest.raises((FrozenInstanceError, TypeError)):
        value.other = 2
    assert (dataclasses.replace(value, left=2).left, dataclasses.asdict(value)["left"]) == (2, 1)
    assert not hasattr(value, "__dict__")


@BOTH
def test_one_field_and_none(make: Callable[..., Any]) -> None:
    class One:
        name: str

    class Nothing:
        pass

    one, nothing = make(frozen=True, slots=True)(One), make(frozen=True)(Nothing)
    assert (one("a") == one("a"), one("a") == one("b"), one("a") == "a") == (True, False, False)
    assert (nothing() == nothing(), len({nothing(), nothing()})) == (True, 1)
    assert repr(nothing()).endswith("Nothing()")


@BOTH
def test_what_a_class_says_itself_stays(make: Callable[..., Any]) -> None:
    class Named:
        name: str

        def __repr__(self) -> str:
            return "shown"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    named = make(frozen=True, slots=True)(Named)
    assert (repr(named("a")), named("a") == named("b"), hash(named("a"))) == ("shown", True, 7)


@BOTH
def test_one_that_builds_on_another_compares_all_fields(make: Callable[..., Any]) -> None:
    class Below:
        name: str = ""

    base = make(frozen=True)(Below)

    class Above(base):  # type: ignore[misc, valid-type]
        size: int = 0

    above = make(frozen=True)(Above)
    assert above("a", 1) != above("a", 2)
    assert above("a") != base("a")
    assert repr(above("a", 1)).endswith("Above(name='a', size=1)")


def test_values_are_copied_between_processes() -> None:
    assert pickle.loads(pickle.dumps(Place("a", 2, "x"))) == Place("a", 2)
