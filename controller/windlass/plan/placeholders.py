"""What stands in a plan where a secret goes: a name between two marks, filled in just before an attempt starts.

In: the name of a secret (`inputs.token`). Out: its placeholder; the names in a text; a text with values filled in. A
plan, a ledger, an event or a log that is made from the plan has placeholders and no values. The marks are characters
that no text may hold for interchange (Unicode, 23.7 "Noncharacters").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEGIN, _END = "\ufdd0", "\ufdd1"
_PLACEHOLDER = re.compile(f"{_BEGIN}([a-zA-Z0-9_.-]+){_END}")


def placeholder(name: str) -> str:
    return f"{_BEGIN}{name}{_END}"


def is_placeholder(value: object) -> bool:
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def names_in(text: str) -> list[str]:
    """The secrets that are to be filled in, in order."""
    return _PLACEHOLDER.findall(text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """With the values in place; a name that is not among them stays as it is, and gives nothing away."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def concealed(text: str) -> str:
    """For people: where a secret would stand."""
    return _PLACEHOLDER.sub("***", text)
