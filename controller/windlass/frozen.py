"""`dataclass` for values: what the standard library's gives, made in a sixth of the time.

In: a class, and the standard arguments. Out: the same class that `dataclasses.dataclass` makes, with `fields()`,
`replace()` and `asdict()`. That one writes and compiles the source of up to six methods for each class, a quarter of
what a short command takes. Here comparison, hash and text are functions over the fields, and `__init__` is written when
the first value is made: most classes that a command loads are never made. What is not plain goes to the standard
library.

`changed` is `dataclasses.replace` for where a run is decided, which makes several values for each step.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["changed", "dataclass"]

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass
else:
    STANDARD = dataclasses.dataclass

    def dataclass(
        cls: type | None = None, *, frozen: bool = False, slots: bool = False, kw_only: bool = False, **other: Any
    ) -> Any:
        if cls is None:
            return lambda cls: dataclass(cls, frozen=frozen, slots=slots, kw_only=kw_only, **other)
        if other or not _plain(cls):
            return STANDARD(cls, frozen=frozen, slots=slots, kw_only=kw_only, **other)
        cls.__doc__ = cls.__doc__ or cls.__name__  # else the signature is written there, and `__init__` for it
        made = STANDARD(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
        _give(made, dataclasses.fields(made), frozen=frozen)
        return made


OWN = frozenset({"__init__", "__setattr__", "__delattr__", "__getstate__", "__setstate__"})


def _plain(cls: type) -> bool:
    """Nothing of its own that has a say in how its values are made and kept."""
    own = cls.__dict__
    if not OWN.isdisjoint(own) or any(hasattr(base, "__dataclass_fields__") for base in cls.__mro__[1:]):
        return False
    if any(isinstance(one, dataclasses.Field) and not one.init for one in own.values()):
        return False
    return not any("InitVar" in str(kind) for kind in own.get("__annotations__", {}).values())


def _give(cls: type, fields: tuple[dataclasses.Field[Any], ...], *, frozen: bool) -> None:
    made: Any = cls
    told = made.__dataclass_params__
    told.init = told.repr = told.eq = True
    told.frozen = frozen
    made.__init__ = _Init(cls)
    own = cls.__dict__
    hashes = own.get("__hash__") is not None or ("__hash__" in own and "__eq__" not in own)
    for method in (_equal(fields), _text(fields)):
        if method.__name__ not in own:
            _add(cls, method)
    if not hashes:
        made.__hash__ = None
    if not frozen:
        return
    if not hashes:
        _add(cls, _hash(fields))
    for method in _refusals(cls, frozenset(field.name for field in fields)):
        _add(cls, method)
    if "__slots__" in own:
        made.__getstate__, made.__setstate__ = _state, _set_state


def _add(cls: type, method: Any) -> None:
    method.__qualname__ = f"{cls.__qualname__}.{method.__name__}"
    setattr(cls, method.__name__, method)


def _values(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda self: ()


def _equal(fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., Any]:
    compared = _values([field.name for field in fields if field.compare])

    def __eq__(self: Any, other: Any) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., Any]:
    hashed = _values([field.name for field in fields if (field.compare if field.hash is None else field.hash)])

    def __hash__(self: Any) -> int:
        return hash(hashed(self))

    return __hash__


def _text(fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., Any]:
    shown = [field.name for field in fields if field.repr]

    def __repr__(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    return recursive_repr("...")(__repr__)


def _refusals(cls: Any, names: frozenset[str]) -> tuple[Callable[..., None], Callable[..., None]]:
    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


class _Init:
    """Stands for `__init__` until somebody asks for it."""

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __get__(self, instance: Any, _owner: type | None = None) -> Any:
        made: Any = self._cls
        made.__init__ = written = _init(made)
        return written if instance is None else written.__get__(instance)


def _init(cls: Any) -> Any:
    """As the standard library writes it: defaults and factories are the names of outer variables."""
    fields = dataclasses.fields(cls)
    outer: dict[str, Any] = {"_set": object.__setattr__, "_NONE": MISSING}
    slots = cls.__dict__.get("__slots__", ())
    words, named, lines = ["self"], list[str](), list[str]()
    for field in fields:
        name = word = value = field.name
        if field.default_factory is not MISSING:
            outer[f"_make_{name}"] = field.default_factory
            word, value = f"{name}=_NONE", f"_make_{name}() if {name} is _NONE else {name}"
        elif field.default is not MISSING:
            outer[f"_default_{name}"] = field.default
            word = f"{name}=_default_{name}"
        (named if field.kw_only else words).append(word)
        if not cls.__dataclass_params__.frozen:
            lines.append(f"self.{name} = {value}")
        elif name in slots:  # a third faster than by its name
            outer[f"_put_{name}"] = getattr(cls, name).__set__
            lines.append(f"_put_{name}(self, {value})")
        else:
            lines.append(f"_set(self, {name!r}, {value})")
    words += ["*", *named] if named else []
    lines += ["self.__post_init__()"] if hasattr(cls, "__post_init__") else ["pass"]
    body = "\n  ".join(lines)
    text = f"def outer({', '.join(outer)}):\n def __init__({', '.join(words)}):\n  {body}\n return __init__"
    space: dict[str, Any] = {}
    exec(text, getattr(sys.modules.get(cls.__module__), "__dict__", {}), space)  # noqa: S102 - names of fields alone
    written = space["outer"](**outer)
    written.__qualname__ = f"{cls.__qualname__}.__init__"
    written.__annotations__ = {field.name: field.type for field in fields} | {"return": None}
    return written


def changed(value: T, **changes: Any) -> T:
    """A copy of a frozen value with slots, some of its fields with other values: a third of what `replace` takes.

    It copies and does not construct, so it is for classes without a `__post_init__`. Raises KeyError for a name that is
    no field.
    """
    kind: type[T] = type(value)
    slots, setters = _slots(kind)
    made = object.__new__(kind)
    for get, put in slots:
        put(made, get(value))
    for name, new in changes.items():
        setters[name](made, new)
    return made


_SLOTS: dict[type, tuple[Any, Any]] = {}


def _slots(kind: type) -> tuple[Any, Any]:
    """How each field is read and written, past the guard that freezes it: in order, and by name for writing."""
    found = _SLOTS.get(kind)
    if found is None:
        assert not hasattr(kind, "__post_init__"), kind
        members = {field.name: getattr(kind, field.name) for field in dataclasses.fields(kind)}
        found = _SLOTS[kind] = (
            tuple((member.__get__, member.__set__) for member in members.values()),
            {name: member.__set__ for name, member in members.items()},
        )
    return found
