"""The format of $WINDLASS_OUTPUT and $WINDLASS_ENV (fine print, "A step").

In: the file's text. Out: names and values: text from `name=value` lines and `name<<WORD … WORD` blocks, any JSON value
from lines that begin with `{`; blank lines are ignored, the last value of a name wins. Read by the engine and by the
small process beside each attempt: only builtins, and json once it is needed.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs that process half of its start
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

ERRORED = "windlass.errored"  # no output and no variable can be called so: the step says that it could not do its work


def read_assignments(text: str, file: str, *, partial: bool = False) -> dict[str, Any]:
    """In the order written. `file` is what a mistake is named after; `partial`: malformed lines are passed over.

    Raises ValueError: `line 3 of $WINDLASS_ENV: …`.
    """
    result: dict[str, Any] = {}
    lines = iter(text.split("\n"))
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            result.update(_entry(line, lines))
        except ValueError as error:
            if not partial:
                raise ValueError(f"line {number} of {file}: {error}") from error
    return result


def _entry(line: str, rest: Iterator[str]) -> dict[str, Any]:
    if line.startswith("{"):
        return _object(line)
    name, equals, value = line.partition("=")
    block_name, marker, word = line.partition("<<")
    if marker and (not equals or len(block_name) < len(name)):
        return {_name(block_name): _block(word.strip(), rest)}
    if not equals:
        raise ValueError("neither name=value, name<<WORD nor a JSON object")
    return {_name(name): value}


def _object(line: str) -> dict[str, Any]:
    import json

    try:
        value = json.loads(line)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("a line that begins with { is a JSON object")
    return value


def _block(word: str, rest: Iterator[str]) -> str:
    if not word:
        raise ValueError("name<<WORD needs a WORD")
    lines: list[str] = []
    for line in rest:
        if line == word:
            return "\n".join(lines)
        lines.append(line)
    raise ValueError(f"the block is not closed by a line {word}")


def _name(text: str) -> str:
    name = text.strip()
    if name == ERRORED:
        return name
    if not name or not name.replace("-", "_").isidentifier() or not name.isascii():
        raise ValueError(f"{name!r} is no name")
    return name
