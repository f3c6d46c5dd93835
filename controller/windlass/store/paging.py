"""Cursors of lists: opaque to users, the place of the last row to us (keyset paging).

In: the place of a row. Out: a URL-safe text, and back. A text that is no cursor is refused.
"""

from __future__ import annotations

import base64
import binascii
import json

from windlass.errors import UsageError


def to_cursor(at: int, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([at, name], separators=(",", ":")).encode()).decode().rstrip("=")


def from_cursor(text: str) -> tuple[int, str]:
    """Raises UsageError for what `to_cursor` did not make."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _forged() from error
    match place:
        case [int(at), str(name)] if to_cursor(at, name) == text and abs(at) < 2**63 and name.isalnum():
            return at, name
    raise _forged()


def _forged() -> UsageError:
    return UsageError("the cursor is not one of ours", hint='take it from "next" of the page before')
