"""An expression made ready to run: its names replaced by numbered variables, compiled once.

In: the source of one expression and, where a hyphen could be a subtraction, the names that are meant. Out: a `Program`
with the paths to look up. `steps.build-image.outputs.tag` becomes `_0`: only the values that an expression names are
handed to CEL, and a path that does not exist is an error only where it is read. `has(path)` becomes a variable too.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions.budget import Shape
from windlass.expressions.engine import compile_source
from windlass.expressions.functions import GIVEN, GLOBALS, GUARDED_METHODS, METHODS, OWN_GLOBALS, WITHOUT_ARGUMENTS
from windlass.expressions.limits import MAX_NAMES
from windlass.expressions.reading import COLLECTING, TYPE_NAMES, Reading, longest, may_have_hyphens, read
from windlass.expressions.tokens import Wrong
from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A variable of the program: a path, and how often it stands in the source and within loops."""

    name: str
    segments: Segments
    has: bool
    uses: int
    looped_uses: int


@dataclass(frozen=True, slots=True)
class Program:
    compiled: Any  # None when the whole expression is one path: then CEL has nothing to add
    slots: tuple[Slot, ...]
    calls: tuple[str, ...]  # of the functions that the caller gives
    shape: Shape

    @property
    def direct(self) -> Segments | None:
        return self.slots[0].segments if self.compiled is None else None


@lru_cache(maxsize=4096)
def doubtful(source: str) -> tuple[tuple[Segments, tuple[str, ...]], ...]:
    """The places where a hyphen may be a subtraction: the segments above, and the candidates, longest first.

    Raises ExpressionError when the source cannot be read.
    """
    found: list[tuple[Segments, tuple[str, ...]]] = []

    def note(above: Segments, candidates: Sequence[str]) -> str:
        if may_have_hyphens(above) and above != ("steps",):
            found.append((above, tuple(candidates)))
        return longest(above, candidates)

    _read(source, note)
    return tuple(found)


@lru_cache(maxsize=2048)
def program(source: str, meant: tuple[tuple[Segments, str], ...] = ()) -> Program:
    """Compiles `source`. `meant` are the choices that differ from the longest name. Raises ExpressionError."""
    chosen = dict(meant)

    def choose(above: Segments, candidates: Sequence[str]) -> str:
        for candidate in candidates:
            if chosen.get((*above, candidates[0])) == candidate:
                return candidate
        return longest(above, candidates)

    reading = _read(source, choose)
    _refuse_unknown_calls(reading)
    slots = _slots(reading)
    path = reading.paths[0] if reading.paths else None
    is_path = path is not None and path.has is None and (path.start, path.end) == (0, len(source)) and bool(slots)
    compiled = None if is_path else compile_source(_rewritten(reading, slots))
    calls = tuple(sorted({call.name for call in reading.calls if not call.member and call.name in GIVEN}))
    return Program(compiled, slots, calls, _shape(reading))


def _read(source: str, choose: Any) -> Reading:
    try:
        return read(source, choose)
    except Wrong as error:
        raise ExpressionError(error.message) from error


def _refuse_unknown_calls(reading: Reading) -> None:
    for call in reading.calls:
        known = METHODS if call.member else GLOBALS | GIVEN
        if call.name not in known:
            raise ExpressionError(f"there is no function `{call.name}`")


def _is_type(path_segments: Segments) -> bool:
    return len(path_segments) == 1 and path_segments[0] in TYPE_NAMES


def _slots(reading: Reading) -> tuple[Slot, ...]:
    uses: Counter[tuple[Segments, bool]] = Counter()
    looped: Counter[tuple[Segments, bool]] = Counter()
    for path in reading.paths:
        if not _is_type(path.segments):
            key = (path.segments, path.has is not None)
            uses[key] += 1
            looped[key] += path.looped
    if len(uses) > MAX_NAMES:
        raise ExpressionError(f"more than {MAX_NAMES} different names in one expression")
    return tuple(
        Slot(f"_{number}", segments, has, uses[segments, has], looped[segments, has])
        for number, (segments, has) in enumerate(uses)
    )


def _rewritten(reading: Reading, slots: tuple[Slot, ...]) -> str:
    names = {(slot.segments, slot.has): slot.name for slot in slots}
    changes: list[tuple[int, int, str]] = []
    for path in reading.paths:
        if not _is_type(path.segments):
            start, end = path.has or (path.start, path.end)
            changes.append((start, end, names[path.segments, path.has is not None]))
    ends = {token.start: index for index, token in enumerate(reading.tokens)}
    for call in reading.calls:
        after = ends[call.start] + 2
        empty = after < len(reading.tokens) and reading.tokens[after].text == ")"
        end = call.start + len(call.name)
        if not call.member and call.name in WITHOUT_ARGUMENTS and empty:
            changes.append((call.start, reading.tokens[after].end, f"_{call.name}"))
        elif call.name in (GUARDED_METHODS if call.member else OWN_GLOBALS.keys() | {"hashFiles"}):
            changes.append((call.start, end, f"{call.name}_"))
    return _changed(reading.source, changes)


def _changed(source: str, changes: list[tuple[int, int, str]]) -> str:
    pieces, position = [], 0
    for start, end, text in sorted(changes):
        pieces += [source[position:start], text]
        position = end
    return "".join([*pieces, source[position:]])


def _shape(reading: Reading) -> Shape:
    called = {call.name for call in reading.calls}
    return Shape(
        length=len(reading.source),
        items=1 + sum(token.text == "," for token in reading.tokens),
        tokens=len(reading.tokens),
        copies=reading.copies,
        loops=reading.loops,
        looped_tokens=reading.looped_tokens,
        collects=bool(called & COLLECTING),
        makes_lists=bool(called & {"split", "fromJson"}),
    )
