"""The types an expression is checked against, and the names it may use.

In: what a workflow declares. Out: `Type` and `Scope` values for `check`.

A value that may be null (an optional input without a default) is a nullable type. CEL knows nullable texts, numbers
and booleans as wrapper types: `== null` and comparison with the type itself both check. A nullable list or map is DYN:
CEL has no such type.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """The kinds of value, named as people read them in a message."""

    STRING = "string"
    INT = "int"
    DOUBLE = "double"
    BOOL = "bool"
    NULL = "null"
    LIST = "list"
    MAP = "map"
    DYN = "any value"
    SECRET = "secret"  # noqa: S105 — the name of a kind
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    OTHER = "no plain value"  # bytes, types: nothing a workflow could use


@dataclass(frozen=True, slots=True)
class Type:
    """A kind, the element of a list when it is known, and whether null is possible."""

    kind: Kind
    element: Type | None = None
    nullable: bool = False

    STRING: ClassVar[Type]
    INT: ClassVar[Type]
    DOUBLE: ClassVar[Type]
    BOOL: ClassVar[Type]
    NULL: ClassVar[Type]
    LIST: ClassVar[Type]
    MAP: ClassVar[Type]
    DYN: ClassVar[Type]
    SECRET: ClassVar[Type]
    TIMESTAMP: ClassVar[Type]
    DURATION: ClassVar[Type]

    @staticmethod
    def list_of(element: Type) -> Type:
        return Type(Kind.LIST, element)

    def or_null(self) -> Type:
        """The same, but null is possible: an optional input without a default."""
        return replace(self, nullable=True)

    def accepts(self, other: Type) -> bool:
        """Whether a value of `other` may stand where this type is wanted.

        Null is left to the run: a nullable value may well be there. An integer is a number.
        """
        if Kind.DYN in (self.kind, other.kind):
            return True
        if other.kind is Kind.NULL:
            return self.nullable
        if self.kind is Kind.DOUBLE and other.kind is Kind.INT:
            return True
        if self.kind is Kind.STRING and other.kind in (Kind.TIMESTAMP, Kind.DURATION):
            return True
        if self.kind is not other.kind:
            return False
        return self.element is None or other.element is None or self.element.accepts(other.element)

    def __str__(self) -> str:
        name = self.kind.value if self.element is None else f"{self.kind.value} of {self.element}"
        return f"{name} or null" if self.nullable else name


for _kind in Kind:
    if _kind is not Kind.OTHER:
        setattr(Type, _kind.name, Type(_kind))

# The types of the language (fine print, "Types") in the terms of CEL.
_DECLARED = {
    "string": Type.STRING,
    "integer": Type.INT,
    "number": Type.DOUBLE,
    "boolean": Type.BOOL,
    "array": Type.LIST,
    "object": Type.MAP,
    "secret": Type.SECRET,
    "file": Type.MAP,
}


def declared_type(name: str, items: str | None = None) -> Type:
    """The type of an input or output declared as `name` (and `items` for arrays); DYN for an unknown word."""
    found = _DECLARED.get(name, Type.DYN)
    if name == "array" and items in _DECLARED:
        return Type.list_of(_DECLARED[items])
    return found


@dataclass(frozen=True)
class Scope:
    """What an expression may use.

    `names` maps dotted names (`inputs.replicas`, `steps.build-image.outputs.tag`, `event.body`, `item`) to types; a
    DYN or MAP name may be followed by anything. `functions` are those beside CEL's own. `secrets` says whether the
    place may hold a secret at all (default: when `names` has any below `secrets.`). `absent` explains names that
    exist but not here: a dotted prefix (`steps.deploy`), or a function (`cancelled()`), and the message.
    """

    names: Mapping[str, Type]
    functions: frozenset[str] = frozenset({"hashFiles", "now"})
    secrets: bool | None = None
    absent: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def children(self) -> Mapping[str, frozenset[str]]:
        """The names below each name; "" stands above all. Made on first use: most scopes meet no mistake."""
        children: dict[str, set[str]] = {}
        for dotted in self.names:
            name = dotted
            while name:  # upwards, until a name whose own parents are known already
                above, _, last = name.rpartition(".")
                siblings = children.get(above)
                if siblings is not None:
                    siblings.add(last)
                    break
                children[above] = {last}
                name = above
        return {above: frozenset(found) for above, found in children.items()}

    @property
    def allows_secrets(self) -> bool:
        return "secrets" in self.children if self.secrets is None else self.secrets
