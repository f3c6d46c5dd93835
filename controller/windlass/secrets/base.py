"""Providers of secrets: what one is, and what it is asked.

In: a reference that was taken apart, and whose run it is for. Out: the value as text. A provider decides by what the
platform gave to that repository, never by what the reference or a file of the repository asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose secret it is. `commit` None: the work tree as it is (`windlass run`)."""

    repository: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """`ref+BACKEND://PATH[?PARAMS]#/KEY`, taken apart and percent-decoded."""

    text: str
    backend: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()  # from the outside in; none: the whole


class Provider(Protocol):
    """One backend. It may be asked from several threads at once, and bounds its own waiting."""

    def value(self, reference: Reference, origin: Origin) -> str:
        """Raises SecretError."""
