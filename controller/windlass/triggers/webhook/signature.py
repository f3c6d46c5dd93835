"""The small proofs that all schemes are made of: one header, an equal secret, a fitting HMAC, a recent time.

In: raw header text. Out: values, or VerificationError. Comparisons take the same time for every wrong value.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from windlass.triggers.webhook.base import HookRequest, VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.clock import Millis

TOLERANCE: Millis = 300_000  # five minutes: Slack, Stripe and Standard Webhooks all publish this
LONGEST_ID = 200

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_SECONDS = re.compile(r"[0-9]{1,12}")


def single(request: HookRequest, name: str) -> str:
    """The value of a header that must come exactly once: two would let a proxy and us read different ones."""
    values = request.values(name)
    if not values:
        raise VerificationError(f"the header {name} is missing")
    if len(values) > 1:
        raise VerificationError(f"the header {name} comes twice")
    return values[0]


def identifier(request: HookRequest, name: str) -> str | None:
    """The delivery's id from a header that may be absent; one of any length fits a column."""
    return None if not request.values(name) else fitting(single(request, name))


def fitting(identifier: str) -> str | None:
    """An id as it is kept: short ones as they are, long ones as their digest, empty ones not at all."""
    if len(identifier) > LONGEST_ID:
        return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
    return identifier or None


def raw(text: str) -> bytes:
    """Header text as the bytes that came in."""
    return text.encode("latin-1", "replace")


def equal_to_any(given: bytes, expected: Sequence[bytes]) -> bool:
    """Every one is compared, so that the time does not tell which one fitted (W17)."""
    found = False
    for one in expected:
        found |= hmac.compare_digest(given, one)
    return found


def check_hmac(secrets: Sequence[bytes], message: bytes, given: Sequence[str], name: str) -> None:
    """One of `given` is the hexadecimal HMAC-SHA256 of `message` by one of the secrets. Raises VerificationError."""
    expected = [hmac.new(secret, message, hashlib.sha256).hexdigest().encode() for secret in secrets]
    found = False
    for text in given:
        found |= _HEX.fullmatch(text) is not None and equal_to_any(raw(text.lower()), expected)
    if not found:
        raise VerificationError(f"the signature in {name} does not fit")


def check_recent(seconds: str, now: Millis, name: str) -> int:
    """A Unix time not more than five minutes away, in either direction: an old signature proves nothing (replay)."""
    if _SECONDS.fullmatch(seconds) is None:
        raise VerificationError(f"the time in {name} is no Unix time")
    if abs(now - int(seconds) * 1000) > TOLERANCE:
        raise VerificationError(f"the time in {name} is more than five minutes away")
    return int(seconds)
