"""The lines of one attempt's log for people, with a heading where each part of its script begins.

In: bytes as they were read, and the attempt's parts as far as the ledger knows them. Out: `step │ line` texts, `step ▸
part` headings. Bytes of a step with parts are held back for a moment: whatever they belong to is in the ledger by then.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from windlass.cli.lines import LineSplitter, for_display

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HOLD = 0.2  # seconds


class Sections:
    def __init__(self, label: str, *, colour: bool) -> None:
        self._label = label
        self._colour = colour
        self._lines = LineSplitter()
        self._held: deque[tuple[float, bytes]] = deque()
        self.parted = False
        self._marks: list[tuple[int, str]] = []  # where parts begin that have no heading yet
        self._headed = 0
        self._shown = 0  # bytes

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def know(self, parts: Iterable[Mapping[str, Any]] | None) -> None:
        """The parts of the attempt as a run object has them; None: it is one script."""
        if parts is not None:
            self.parted = True
            begun = [(part["offset"], part["name"]) for part in parts if part["offset"] is not None]
            self._marks = begun[self._headed :]

    def feed(self, chunk: bytes, now: float) -> str:
        """What can be printed now; `now` counts seconds."""
        if not self.parted:
            return self._text(self._lines.feed(chunk))
        if chunk:
            self._held.append((now, chunk))
        ready = []
        while self._held and self._held[0][0] + HOLD <= now:
            ready.append(self._held.popleft()[1])
        return "".join(self._show(b"".join(ready)))

    def end(self) -> str:
        """The rest, once the attempt is over and all its parts are known."""
        rest = b"".join(chunk for _, chunk in self._held)
        self._held.clear()
        return "".join([*self._show(rest), *self._heads(self._shown), self._text(self._lines.flush())])

    def _show(self, data: bytes) -> Iterator[str]:
        """Cut where parts begin; a part's last line need not have an end."""
        while self._marks and self._marks[0][0] < self._shown + len(data):
            before = max(0, self._marks[0][0] - self._shown)
            yield self._text(self._lines.feed(data[:before]))
            self._shown += before
            data = data[before:]
            yield from self._heads(self._shown)
        yield self._text(self._lines.feed(data))
        self._shown += len(data)

    def _heads(self, offset: int) -> Iterator[str]:
        while self._marks and self._marks[0][0] <= offset:
            yield self._text(self._lines.flush())
            yield f"{self._label} ▸ {for_display(self._marks.pop(0)[1], colour=False)}\n"
            self._headed += 1

    def _text(self, lines: Iterable[str]) -> str:
        return "".join(f"{self._label} │ {for_display(line, colour=self._colour)}\n" for line in lines)
