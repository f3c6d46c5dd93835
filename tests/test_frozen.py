"""Values behave as those of the standard library, which is asked the same in each test."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from dataclasses import KW_ONLY, FrozenInstanceError, InitVar, field
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from windlass.frozen import changed, dataclass

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


@BOTH
def test_what_may_change_has_no_hash(make: Callable[..., Any]) -> None:
    class Count:
        number: int = 0
        seen: list[str] = field(default_factory=list)

    count = make(slots=True)(Count)
    one, other = count(), count()
    one.number += 1
    one.seen.append("a")
    assert (one == count(1, ["a"]), other == count(), one == other) == (True, True, False)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


@BOTH
def test_a_hash_of_its_own_stays(make: Callable[..., Any]) -> None:
    class Own:
        name: str

        def __hash__(self) -> int:
            return 7

    def compares() -> type:
        return type("Compares", (), {"__annotations__": {"name": "str"}, "__eq__": lambda self, other: True})

    assert hash(make()(Own)("a")) == 7
    assert make()(compares()).__hash__ is None
    frozen = make(frozen=True)(compares())
    assert (hash(frozen("a")) == hash(frozen("a")), frozen("a") == frozen("b")) == (True, True)


@BOTH
def test_called_as_its_fields_say(make: Callable[..., Any]) -> None:
    class Mixed:
        first: int
        second: str = "b"
        _: KW_ONLY
        third: list[int] = field(default_factory=list)
        fourth: int

    mixed = make(frozen=True)(Mixed)
    assert list(inspect.signature(mixed).parameters) == ["first", "second", "third", "fourth"]
    assert get_type_hints(mixed.__init__) == {"first": int, "second": str, "third": list[int], "fourth": int} | {
        "return": type(None)
    }
    assert dataclasses.astuple(mixed(1, fourth=4)) == (1, "b", [], 4)
    assert mixed(1, fourth=4).third is not mixed(1, fourth=4).third
    assert mixed.__match_args__ == ("first", "second")
    for wrong in (mixed, lambda: mixed(1), lambda: mixed(1, "b", [], 4), lambda: mixed(1, fourth=4, more=5)):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            wrong()
    by_name = make(kw_only=True)(type("ByName", (), {"__annotations__": {"name": "str"}}))
    assert by_name(name="a").name == "a"
    with pytest.raises(TypeError, match="positional"):
        by_name("a")


@BOTH
def test_what_comes_after_the_fields_are_set_is_called(make: Callable[..., Any]) -> None:
    class Checked:
        name: str
        given: InitVar[int]
        size: int = field(init=False, default=0)

        def __post_init__(self, given: int) -> None:
            object.__setattr__(self, "size", given)

    class Refusing:
        name: str

        def __post_init__(self) -> None:
            raise ValueError(self.name)

    assert make(frozen=True, slots=True)(Checked)("a", 3).size == 3
    with pytest.raises(ValueError, match="bad"):
        make(frozen=True)(Refusing)("bad")


@BOTH
def test_one_that_inherits_is_made_by_what_it_inherits(make: Callable[..., Any]) -> None:
    base = make(frozen=True)(type("Base", (), {"__annotations__": {"name": "str"}}))

    class Under(base):  # type: ignore[misc, valid-type]
        def __init__(self, name: str) -> None:
            super().__init__(name.upper())

    assert Under("a").name == "A"
    with pytest.raises(FrozenInstanceError):
        Under("a").name = "b"
    with pytest.raises(TypeError, match="cannot inherit non-frozen"):
        make()(type("Looser", (base,), {"__annotations__": {"more": "str"}}))


@BOTH
def test_one_that_holds_itself_is_shown(make: Callable[..., Any]) -> None:
    node = make()(type("Node", (), {"__annotations__": {"next": "object"}}))
    circle = node(None)
    circle.next = circle
    assert repr(circle) == "Node(next=...)"


def test_a_changed_copy_is_what_replace_makes() -> None:
    place = Place("a", 2, "note")
    assert changed(place) == dataclasses.replace(place)
    assert (changed(place, line=3), changed(place, line=3).note) == (dataclasses.replace(place, line=3), "note")
    assert place == Place("a", 2)
    with pytest.raises(KeyError):
        changed(place, lines=3)
    with pytest.raises(FrozenInstanceError):
        changed(place, line=3).line = 4  # type: ignore[misc]
