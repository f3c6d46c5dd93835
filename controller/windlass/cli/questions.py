"""Approvals of `windlass run`, asked on the terminal: one after another, beside the live lines.

In: steps as they change, the lines that are typed. Out: prompts on stderr, and an answer for each approval. Whoever
sits at the terminal decides: who may, and how many must, is for servers, which know people. Nothing here blocks: a
conversation is a generator that is given each line as it comes, so that a cancel or a timeout ends it at any moment.
"""

from __future__ import annotations

import os
import select
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.cli.lines import for_display
from windlass.errors import UsageError
from windlass.plan.values import ValueMismatchError, fit, from_text
from windlass.runs.approvals import waits
from windlass.runs.asking import approvals_of
from windlass.runs.model import Answered, StepKey

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from windlass.clock import Clock
    from windlass.reconcile.creation import NewRun
    from windlass.runs.model import Step

STDIN = 0
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody at the terminal answered."""

    approve: bool
    comment: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


if TYPE_CHECKING:
    Conversation = Generator[str, str | None, Said]


def refuse_without_terminal(new: NewRun) -> None:
    """Before anything starts. Raises UsageError that names the first approval nobody could answer."""
    if os.isatty(STDIN):
        return
    ended = frozenset(step.key.path for step in new.steps or () if step.status.terminal and not step.key.item)
    first = next(approvals_of(new.plan, ended), None)
    if first is not None:
        message = f"step {first} asks for an approval on the terminal, and standard input is none"
        raise UsageError(message, "run it in a terminal, or on a server: windlass approve RUN STEP")


class Questions:
    """`changed` and `look` are called from one thread; `answer` takes what was said to the run."""

    def __init__(self, who: str, clock: Clock, answer: Callable[[Answered], object]) -> None:
        self._who = who
        self._clock = clock
        self._answer = answer
        self._waiting: dict[StepKey, Step] = {}
        self._asked: StepKey | None = None
        self._conversation: Conversation | None = None
        self._typed = b""

    def changed(self, steps: Iterable[Step]) -> None:
        """Take in approvals that wait now, and forget those that do not any more."""
        for step in steps:
            if waits(step):
                self._waiting.setdefault(step.key, step)
            elif self._waiting.pop(step.key, None) is not None and step.key == self._asked:
                self._asked = self._conversation = None
                self._show(f"\n{_shown(step.key)} has ended without an answer: {step.message or step.status.value}\n")
        self._begin()

    def look(self) -> None:
        """Take what has been typed, if anything has; nothing is read while nothing is asked."""
        while self._conversation is not None:
            line, newline, rest = self._typed.partition(b"\n")
            if newline:
                self._typed = rest
                self._say(line.decode("utf-8", "replace").strip("\r"))
            elif select.select([STDIN], [], [], 0)[0]:
                self._read()
            else:
                return

    def _read(self) -> None:
        try:
            chunk = os.read(STDIN, CHUNK)
        except OSError:  # the terminal is gone
            chunk = b""
        self._typed += chunk
        if not chunk:
            self._say(None)

    def _begin(self) -> None:
        if self._conversation is not None or not self._waiting:
            return
        self._asked, step = next(iter(self._waiting.items()))
        self._conversation = _conversation(step)
        self._show(next(self._conversation))

    def _say(self, line: str | None) -> None:
        assert self._conversation is not None
        assert self._asked is not None
        try:
            self._show(self._conversation.send(line))
        except StopIteration as end:
            said: Said = end.value
            key, self._asked, self._conversation = self._asked, None, None
            del self._waiting[key]
            now = self._clock.now()
            self._answer(Answered(key, now, self._who, said.approve, said.comment, said.inputs, decides=True))
            self._begin()

    @staticmethod
    def _show(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _conversation(step: Step) -> Conversation:
    """Yields what to show, takes the line that was typed; None is the end of input, which rejects."""
    asked = step.detail["approval"]
    shown = f"{_shown(step.key)} asks: {for_display(asked['message'] or 'approve?', colour=False)}\n"
    inputs: dict[str, Any] = {}
    for name, declared in asked["inputs"].get("properties", {}).items():
        required = name in asked["inputs"].get("required", ())
        while True:
            line = yield shown + _prompt(name, declared, required=required)
            shown = ""
            if line is None:
                return Said(approve=False, comment="the input ended")
            if not line and not required:
                break  # the default, or none
            if not line:
                shown = "  is required\n"
                continue
            try:
                inputs[name] = fit(declared, from_text(declared, line))
                break
            except ValueMismatchError as error:
                shown = f"  {'; '.join(f'{m.pointer} {m.message}'.strip() for m in error.mismatches)}\n"
    line = yield f"{shown}Approve? (y/n) "
    while line is not None and line.strip().lower() not in ("y", "yes", "n", "no"):
        line = yield "  y or n, please\nApprove? (y/n) "
    if line is None:
        return Said(approve=False, comment="the input ended")
    comment = yield "Comment, or Enter: "
    return Said(line.strip().lower().startswith("y"), (comment or "").strip() or None, inputs)


def _prompt(name: str, declared: Mapping[str, Any], *, required: bool) -> str:
    import json

    kind = ", ".join(map(str, declared["enum"])) if "enum" in declared else declared.get("type", "string")
    text = f"{name} ({kind})"
    if "default" in declared:
        value = declared["default"]
        text += f" [{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}]"
    elif not required:
        text += ", or Enter"
    return for_display(text, colour=False) + ": "


def _shown(key: StepKey) -> str:
    return for_display(f"{key.path}[{key.item}]" if key.item else key.path, colour=False)
