"""Names against what is declared: which type a name has, and what to say about one that does not exist.

In: the paths of an expression and its scope. Out: each path's type, and mistakes with the likely intention.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from windlass.expressions.reading import TYPE_NAMES, Path
from windlass.expressions.tokens import Wrong
from windlass.expressions.types import Kind, Scope, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ALWAYS = frozenset({"inputs", "env", "steps"})  # maps, be they empty
_ROOTS = _ALWAYS | {"event", "matrix", "repository", "run", "secrets"}  # known words, so what follows is wrong
_PLACES = "a secret may only stand in `env`, in `files.*.content`, in `with` for an input of type secret"
_MOST_COMPARED = 300  # comparing is slow, and a file can hold thousands of names
_LISTED = 8  # names that a hint spells out


@dataclass(frozen=True, slots=True)
class Found:
    """A path and its type. `used` segments are the declared name, the others are read from its value.

    `type` is None when the name is unknown; then `used` counts up to the first segment that is wrong.
    """

    path: Path
    type: Type | None
    used: int
    is_type: bool = False  # `int`, `string`: CEL's names of types

    @property
    def name(self) -> str:
        return ".".join(self.path.segments[: self.used])

    @property
    def length(self) -> int:
        return self.path.ends[self.used - 1] - self.path.start


def find(path: Path, scope: Scope) -> Found:
    """The longest declared name that the path begins with; else a map, when declared names go on from the path."""
    segments = path.segments
    for used in range(len(segments), 0, -1):
        type_ = scope.names.get(".".join(segments[:used]))
        if type_ is not None:
            return Found(path, type_, used)
    if path.dotted in scope.children:
        return Found(path, Type.MAP, len(segments))
    if len(segments) == 1 and segments[0] in TYPE_NAMES:
        return Found(path, None, 1, is_type=True)
    if len(segments) == 1 and segments[0] in _ALWAYS:
        return Found(path, Type.MAP, 1)
    known = 1 if segments[0] in _ROOTS and len(segments) > 1 else 0
    while known < len(segments) and ".".join(segments[: known + 1]) in scope.children:
        known += 1
    return Found(path, None, known + 1)


def name_mistakes(found: Iterable[Found], scope: Scope) -> list[Wrong]:
    """Unknown names, and names that exist but not in this place."""
    return [
        _unknown(name, scope)
        for name in found
        if name.type is None and not name.is_type and not (_is_secret(name) and not scope.allows_secrets)
    ]


def _unknown(found: Found, scope: Scope) -> Wrong:
    segments = found.path.segments
    for length in range(len(segments), 0, -1):
        explained = scope.absent.get(".".join(segments[:length]))
        if explained is not None:
            end = found.path.ends[length - 1]
            return Wrong(found.path.start, end - found.path.start, "unknown-name", explained)
    return Wrong(found.path.start, found.length, "unknown-name", f"unknown name `{found.name}`", _hint(found, scope))


def _hint(found: Found, scope: Scope) -> str | None:
    *above, wrong = found.path.segments[: found.used]
    prefix = ".".join(above)
    names = sorted(scope.children.get(prefix, ()))
    close = _closest(wrong, names)
    if close is not None:
        return f"did you mean {prefix + '.' if prefix else ''}{close}?"
    if not above:
        quoted = next((name for name in sorted(scope.names) if name.rpartition(".")[2] == wrong), None)
        return f"did you mean {quoted}?" if quoted else f"a text is written in quotes: '{wrong}'"
    if not names:
        return None
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    return f"`{prefix}` has: {listed}"


def _closest(wrong: str, names: Sequence[str]) -> str | None:
    lowered = {name.lower().replace("_", "-"): name for name in reversed(names)}
    folded = wrong.lower().replace("_", "-")[:100]
    if len(lowered) > _MOST_COMPARED:
        return lowered.get(folded)
    close = get_close_matches(folded, lowered, n=1)
    return lowered[close[0]] if close else None


def secret_mistakes(found: Iterable[Found], scope: Scope) -> list[Wrong]:
    """Secrets where none may stand, all of them at once, and secrets that are compared."""
    wrongs = []
    for name in found:
        path = name.path
        if path.segments == ("secrets",) and scope.allows_secrets:
            message = "secrets can only be named one by one: secrets.NAME"
        elif name.type is not None and name.type.kind is Kind.MAP and _holds_secrets(path.dotted, scope):
            message = f"`{path.dotted}` holds secrets: name what you need one by one"
        elif _is_secret(name) and not scope.allows_secrets:
            message = scope.absent.get("secrets", _PLACES)
        elif _is_secret(name) and (path.has is not None or {"==", "!=", "in"} & set(path.beside)):
            message = f"`{path.dotted}` is a secret: it can only be passed on whole, not compared"
        else:
            continue
        wrongs.append(Wrong(path.start, path.end - path.start, "secret-not-allowed", message))
    return wrongs


def _is_secret(name: Found) -> bool:
    return name.path.segments[0] == "secrets" or (name.type is not None and name.type.kind is Kind.SECRET)


def _holds_secrets(prefix: str, scope: Scope) -> bool:
    return prefix not in scope.names and any(
        type_.kind is Kind.SECRET and name.startswith(f"{prefix}.") for name, type_ in scope.names.items()
    )
