"""What a webhook scheme is: the request it sees, what it proves, and how it says no.

In: a request exactly as it came. Out: `Verified`, or a `VerificationError`. Nothing of the body is parsed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from windlass.errors import WindlassError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis


class VerificationError(WindlassError):
    """The sender is not who it should be: 401. The text holds no secret and no expected signature."""


class NoKeyError(VerificationError):
    """There is no key to check with, or it is empty: a mistake of the server's file, never a reason to let pass
    (W01)."""


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One delivery: `headers` in order, repeated ones repeated, text as latin-1; `body` is the bytes that were
    signed."""

    method: str
    headers: tuple[tuple[str, str], ...]
    query: Mapping[str, str]
    body: bytes

    def values(self, name: str) -> tuple[str, ...]:
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    def header(self, name: str) -> str | None:
        """The first value of a header, None when it is absent. A signature is read by `signature.single`, never by
        this."""
        return next(iter(self.values(name)), None)


@dataclass(frozen=True, slots=True)
class Verified:
    """Proof that a request is genuine. `delivery_id` is the same when the sender sends it again; None: it has none."""

    delivery_id: str | None = None


class Scheme(Protocol):
    """One way to sign requests.

    - `verify` takes every secret that is valid now: during a rotation the old and the new one (W17). Each is tried,
    in a time that does not tell which one fitted or how far a wrong one was right.
    - `secrets` has at least one entry and no empty one, except for `none`, which does not look at it.
    - A header that counts and comes twice is refused. So is a missing one, another algorithm, a time out of tolerance.
    - `now` is the only clock; `options` are the other keys of `verify:` as written (`header`, `idHeader`).
    - Raises VerificationError and nothing else, whatever the request holds.
    """

    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified: ...
