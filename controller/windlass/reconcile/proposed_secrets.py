"""References of a commit that nobody has merged yet: could a run have each of them, once it is merged?

In: references as a checkout names them, the actor. Out: for each a word, and never a value or a store's own words. An
unmerged commit is given no secret; this says only whether there is one. What the server file does not give to the
repository is `secret-denied` before any store is asked, so whether it exists cannot be told from the answer. A file of
the checkout is not sent: whom it is encrypted for is, and the answer is whether the server has such a key for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import NotFoundError, SecretError
from windlass.reconcile.secret_requests import FOUND
from windlass.runs.model import SecretScope
from windlass.secrets.reference import parse_reference
from windlass.secrets.sops.provider import inner_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.reconcile.server_parts import Parts
    from windlass.secrets.base import Origin

NOT_KNOWN = "not-known"
SAID = {
    FOUND: None,
    "secret-not-found": "the store has no such entry",
    "secret-denied": "the server gives this repository no such secret",
    "secret-failed": "the store does not answer, or not with what can be a secret",
    NOT_KNOWN: "the file is for keys that only its opening can prove: it shows after the merge",
}
OTHER_KEYS = "the file is for none of the keys that the server gives this repository"


@dataclass(frozen=True, slots=True)
class Proposed:
    """`recipients`: of a SOPS file, the key groups as the file names them; empty for what is no such file."""

    name: str
    environment: str | None
    reference: str
    recipients: tuple[tuple[str, ...], ...] = ()


def check_proposed(
    parts: Parts, repository: str, proposed: Sequence[Proposed], actor: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """In the order given. Raises NotFoundError."""
    state = parts.sources.states.get(repository)
    if state is None:
        raise NotFoundError(f"no repository {repository}")
    found: dict[int, tuple[str, str | None]] = {}
    for environment in dict.fromkeys(one.environment for one in proposed):
        origin = parts.secrets.origin(SecretScope(repository, state.commit or "", environment, actor=actor))
        mine = {number: one for number, one in enumerate(proposed) if one.environment == environment}
        files = {number: one for number, one in mine.items() if _is_file(one.reference)}
        found |= {number: _of_file(parts, one, origin) for number, one in files.items()}
        stored = sorted({one.reference for number, one in mine.items() if number not in files})
        looked = parts.secrets.resolver.look({text: text for text in stored}, origin)
        words = {text: one.cause if isinstance(one, SecretError) else FOUND for text, one in looked.items()}
        found |= {n: (words[one.reference], SAID[words[one.reference]]) for n, one in mine.items() if n not in files}
    return [_row(one, *found[number]) for number, one in enumerate(proposed)]


def _row(one: Proposed, status: str, message: str | None) -> dict[str, Any]:
    where = {"name": one.name, "environment": one.environment, "reference": one.reference}
    return {**where, "status": status, "message": message}


def _is_file(reference: str) -> bool:
    return reference.startswith("ref+sops:")


def _of_file(parts: Parts, one: Proposed, origin: Origin) -> tuple[str, str | None]:
    try:
        names, others = parts.secrets.openers(inner_path(parse_reference(one.reference).path), origin)
    except SecretError as error:
        return error.cause, SAID[error.cause]
    if not names and not others:
        return "secret-denied", SAID["secret-denied"]
    if not one.recipients or all(names.intersection(group) for group in one.recipients):
        return FOUND, None
    other_kinds = others or not all(map(_is_age, names))
    if len(one.recipients) > 1 or (
        other_kinds and not all(_is_age(name) for group in one.recipients for name in group)
    ):
        return NOT_KNOWN, SAID[NOT_KNOWN]
    return "secret-denied", OTHER_KEYS


def _is_age(name: str) -> bool:
    """A native key: whether the server has it can be seen from its name."""
    return name.startswith("age1")
