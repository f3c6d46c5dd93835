"""`::add-mask::VALUE`: a program says that a value must not show from here on (as GitHub Actions has it).

In: what a program writes, in chunks of any size. Out: bytes to show, and values as they are said; the line itself shows
`***`. A command begins a line; `%0A`, `%0D` and `%25` in it stand for a newline, a carriage return and a percent sign.
Pure, and without anything that is slow to import: every attempt's output passes through here.
"""

from __future__ import annotations

MARK = b"::add-mask::"
SHOWN = MARK + b"***\n"
LONGEST = 65536  # bytes of one command: what is longer is cut off there, and hidden all the same


class Commands:
    """`split` until nothing is left to split; `flush` at the end."""

    def __init__(self) -> None:
        self._held = b""  # what may become a command, from the beginning of its line
        self._begins = True  # the next byte begins a line

    def split(self, data: bytes) -> tuple[bytes, str | None, bytes]:
        """(what to show, the value that is said behind it or None, what is not looked at yet)."""
        data = self._held + data
        begins, self._held = self._begins, b""
        at = _beginning(data, begins=begins)
        if at is None:
            cut = _may_go_on(data, begins=begins)
            self._held = data[cut:]
            if cut:
                self._begins = data[cut - 1] in b"\r\n"
            return data[:cut], None, b""
        end = data.find(b"\n", at)
        if end < 0 and len(data) - at < LONGEST:
            self._held, self._begins = data[at:], True
            return data[:at], None, b""
        end = len(data) if end < 0 else end
        self._begins = True
        return data[:at] + SHOWN, _value(data[at + len(MARK) : end]), data[end + 1 :]

    def flush(self) -> tuple[bytes, str | None]:
        """What was held back, and the value of a command without a newline."""
        rest, self._held, self._begins = self._held, b"", True
        if rest.startswith(MARK):
            return SHOWN, _value(rest[len(MARK) :])
        return rest, None


def _beginning(data: bytes, *, begins: bool) -> int | None:
    """Where a command begins."""
    at = data.find(MARK)
    while at >= 0:
        if data[at - 1] in b"\r\n" if at else begins:
            return at
        at = data.find(MARK, at + 1)
    return None


def _may_go_on(data: bytes, *, begins: bool) -> int:
    """Where the last line begins, when it could become a command; else the end."""
    if data.endswith((b"\n", b"\r")):
        return len(data)
    start = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1 if len(data) < 64 else _last_line(data)
    tail = data[start:]
    at_line = begins if not start else True
    return start if at_line and tail and MARK.startswith(tail) else len(data)


def _last_line(data: bytes) -> int:
    near = data[-64:]
    found = max(near.rfind(b"\n"), near.rfind(b"\r"))
    return len(data) - len(near) + found + 1 if found >= 0 else len(data)


def _value(written: bytes) -> str:
    text = written.removesuffix(b"\r").decode("utf-8", "surrogateescape")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
