"""What a step executes: a script, a list of parts, or a command with its words.

In: a written step or action (anything with `run`, `command`, `args`), its shell, and how a value that may be an
expression becomes known. Out: a Program: script, file name and words as they go to an executor, or its Parts.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from windlass.frozen import dataclass
from windlass.plan.shells import program, shell_of, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.clock import Millis
    from windlass_schemas.command import Part as WrittenPart


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a script: same directory and process group, a section of the log of its own."""

    name: str  # as written, or `part-1`, `part-2`…
    script: str
    script_name: str  # no other part's
    argv: tuple[str, ...]
    condition: str | bool | None = None  # None: success()
    env: Mapping[str, Any] = field(default_factory=dict)  # of this part alone; None unsets
    timeout: Millis | str | None = None  # text: evaluated when the attempt starts


@dataclass(frozen=True, slots=True)
class Program:
    """Either `parts`, or `argv` with a script or without."""

    script: str | None = None
    script_name: str = "script"
    argv: tuple[Any, ...] = ()
    parts: tuple[Part, ...] = ()
    args: str | None = None  # an expression: the words after `argv`, when it comes out as a list


class Runnable(Protocol):
    """What a step and an action have in common."""

    @property
    def run(self) -> str | tuple[WrittenPart, ...] | None: ...

    @property
    def command(self) -> Any: ...

    @property
    def args(self) -> Any: ...


def program_of(written: Runnable, shell: Any, duration: Callable[[Any], Millis | None]) -> Program:
    """`shell` is the one that was chosen for it (None: bash); `duration` makes a timeout's milliseconds."""
    if written.run is None:
        if isinstance(written.args, str):
            return Program(argv=words(written.command), args=written.args)
        return Program(argv=(*words(written.command), *words(written.args)))
    if not isinstance(written.run, str):
        return Program(parts=tuple(_part(n, part, shell, duration) for n, part in enumerate(written.run, 1)))
    return Program(*program(written.run, shell_of(shell or "bash")))


def part_name(written: WrittenPart, number: int) -> str:
    """What a part is called; `number` counts from 1."""
    return written.name or f"part-{number}"


def _part(number: int, written: WrittenPart, shell: Any, duration: Callable[[Any], Millis | None]) -> Part:
    chosen = written.shell if written.shell is not None else shell
    text, file_name, argv = program(written.run, shell_of(chosen or "bash"))
    return Part(
        name=part_name(written, number),
        script=text,
        script_name=f"{number}-{file_name}",
        argv=argv,
        condition=written.if_,
        env=dict(written.env),
        timeout=duration(written.timeout),
    )
