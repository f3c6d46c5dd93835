"""Providers of secrets: what one is, and what it is asked.

In: a reference that was taken apart, and whose run it is for. Out: the value as text. A provider is made for one store
of the server file; whether a run may read a path of it was decided before (`policy.py`), by what the platform gave to
that repository and never by what the reference or a file of the repository asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose secret it is. `commit` None: the work tree as it is (`windlass run`).

    `environment` is that of the workflow that names the secret; `merged`: the commit is one of the branch that is
    followed, and not of a fork or of a branch that nobody has reviewed; `person`: who started the run, if it was one.
    """

    repository: str
    commit: str | None
    tenant: str | None = None
    environment: str | None = None
    merged: bool = True
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """`ref+BACKEND://PATH[?PARAMS]#/KEY`, taken apart and percent-decoded."""

    text: str
    backend: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()  # from the outside in; none: the whole


class Provider(Protocol):
    """One store. It may be asked from several threads at once, and bounds its own waiting.

    `reference` has no parameters any more that say where or as whom (`policy.TARGETS`, `store`): the provider goes to
    the address of its store, refuses parameters that it does not know, and follows no redirect. Causes of its
    SecretError: `secret-not-found` (no such path or key), `secret-denied` (the store said no), `secret-failed` (no
    answer, or one that cannot be used). No message holds a value or an answer as it came.
    """

    def value(self, reference: Reference, origin: Origin) -> str:
        """Raises SecretError."""
