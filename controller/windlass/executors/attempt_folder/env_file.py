"""$WINDLASS_ENV: what a part hands on to the parts after it.

In: the file as a part left it. Out: variables by name (None unsets one), or a Refusal with a text for the author; the
file is empty again for the next part. Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import os

from windlass.assignments import read_assignments

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from typing import Any

FILE = "env"
VARIABLE = "$WINDLASS_ENV"
MOST = 1024 * 1024  # bytes; what the kernel takes as the environment of a program is of that order
OURS = "WINDLASS_"


class Refusal(Exception):
    """The file cannot be taken; the text says why."""


def take_variables(folder: str) -> dict[str, str | None]:
    """Read the file and empty it. Raises Refusal."""
    return variables_in(_take(f"{folder}/{FILE}"))


def variables_in(data: bytes) -> dict[str, str | None]:
    """What the file says. Raises Refusal."""
    if len(data) > MOST:
        raise Refusal(f"{VARIABLE} is larger than {MOST} bytes")
    try:
        written = read_assignments(data.decode("utf-8"), VARIABLE)
    except UnicodeDecodeError as error:
        raise Refusal(f"{VARIABLE} is not UTF-8 (byte {error.start})") from error
    except ValueError as error:
        raise Refusal(str(error)) from error
    return {_checked(name): _text(name, value) for name, value in written.items()}


def _take(path: str) -> bytes:
    """At most one byte too many. A file that was removed or replaced by something else has nothing to say."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    data = b""
    try:
        while len(data) <= MOST and (piece := os.read(fd, MOST + 1 - len(data))):
            data += piece
        os.ftruncate(fd, 0)
    except OSError:  # a pipe
        return b""
    finally:
        os.close(fd)
    return data


def _checked(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise Refusal(f"{VARIABLE}: {name!r} is no name of a variable")
    if name.startswith(OURS):
        raise Refusal(f"{VARIABLE}: {name} is ours: names that begin with {OURS} cannot be set")
    return name


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\0" in value or (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise Refusal(f"{VARIABLE}: the value of {name} holds a character that no variable can hold")
    return value
