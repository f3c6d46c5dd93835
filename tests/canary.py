"""Secret values of tests, each recognisable wherever it turns up: all that tests leave is searched for them at the end.

`secret(name)` is what a test uses as the value of a secret: it begins with letters and digits that only this session
has, so that it is found as it is, in base64 at any alignment, percent-encoded, JSON-escaped and in hexadecimal. A value
that somebody else makes, such as a key or a token, is `registered`. `keeps` names a file in which one rightly stands,
and `typed` a word that a user may write on a command line. `seen` looks at something that will not be there at the end.
What is found goes into a file that `tests/session_end.py` reads at the end, without the value.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ahocorasick_rs import BytesAhoCorasick, MatchKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What processes of the session inherit. It is no part of a value: an environment may be searched as well.
_SEED = os.environ.setdefault("CANARY_SEED", secrets.token_hex(8))
FOLDER = "CANARY_FOLDER"  # the variable with the place where this session's processes write what they know
PREFIX = f"wlc{hashlib.sha256(_SEED.encode()).hexdigest()[:10]}"
_NAME = re.compile(rb"-[a-z0-9.]+")
_B64_START = (0, 2, 3)  # characters that what stands before a value has a part in


def secret(name: str, tail: str = "") -> str:
    """The value called `name`: the same in every process of this session. `tail` is for characters that are escaped."""
    assert re.fullmatch(r"[a-z0-9.]+", name), name
    return f"{PREFIX}-{name}-{hashlib.sha256(f'{_SEED} {name}'.encode()).hexdigest()[:6]}{tail}"


def registered(value: str, name: str) -> str:
    """A secret value that was made elsewhere: each of its lines is one from now on."""
    for line in value.splitlines():
        if len(line) >= 16 and not line.startswith("-----"):
            _write("values", [line, name])
            _known[line] = name
            _finder.cache_clear()
    return value


def keeps(path: Path) -> Path:
    """A file in which values rightly stand for as long as it is there: a user's keys, an input that a test wrote."""
    _write("kept", [str(path.absolute()), _test()])
    return path


def typed(word: str) -> str:
    """One word of a command line, as a user writes it who does not mind that everybody sees it."""
    _write("typed", [word, _test()])
    return word


def seen(data: bytes | str, where: object) -> None:
    """Look at it now: whatever is found in it is a failure of the session."""
    tell(_finder().found(data if isinstance(data, bytes) else data.encode(errors="replace"), where))


def tell(lines: Iterable[str]) -> None:
    """What was found, to whoever ends the session."""
    for line in lines:
        _write("found", [line, _test()])


def recorded(kind: str) -> list[list[str]]:
    """What processes of this session wrote: of `values`, `kept`, `typed` or `found`."""
    file = Path(os.environ.get(FOLDER, os.devnull)) / kind
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class Finder:
    """Finds this session's values, and those of other makers: value → name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        every = {**values, PREFIX: ""}.items()
        told = {form: (name, how) for value, name in every for form, how in forms(value).items()}
        self._told = list(told.values())
        self._finder = BytesAhoCorasick(list(told), matchkind=MatchKind.LeftmostLongest)

    def found(self, data: bytes, where: object, start: int = 0) -> list[str]:
        """`WHERE:OFFSET: name, form` of each value in it; the data begins at `start` of that place."""
        lines = []
        for which, begin, end in self._finder.find_matches_as_indexes(data):
            name, form = self._told[which]
            if not name and form == "as it is" and (named := _NAME.match(data, end)):
                name = named[0][1:].decode()
            lines.append(f"{where}:{start + begin}: the value {name or 'of some test'}, {form}")
        return lines


def forms(value: str) -> dict[bytes, str]:
    """How a value may be written, each with what to call it."""
    raw = value.encode()
    made = {raw.hex().encode(): "in hexadecimal"}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)[_B64_START[before] : (before + len(raw)) * 8 // 6]
        made[encoded] = "in base64"
        made[encoded.translate(bytes.maketrans(b"+/", b"-_"))] = "in base64"
    made[quote(value, safe="").encode()] = "percent-encoded"
    made[json.dumps(value)[1:-1].encode()] = "JSON-escaped"
    made[raw] = "as it is"
    return made


_known: dict[str, str] = {}  # of other makers, as far as this process knows


@cache
def _finder() -> Finder:
    return Finder(_known)


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0].partition("[")[0]


def _write(kind: str, words: list[str]) -> None:
    """Appended whole: several processes write at once. Without a session there is nobody to read it."""
    if FOLDER in os.environ:
        with (Path(os.environ[FOLDER]) / kind).open("a") as file:
            file.write(json.dumps(words) + "\n")
