"""Who somebody is, as far as this server knows: what `by` and `notBy` of an approval are compared with.

In: the actor that the guard found, and the rules of an approval. Out: nothing, or a ForbiddenError that names the rule.
On an open loopback server everybody is `local` and in every group, so that nothing is impossible on a laptop; groups
only ever let `local` in, `notBy: [group:x]` does not shut it out. `notBy: [initiator]` holds there too: it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

INITIATOR = "initiator"
GROUP = "group:"
LOCAL = {"kind": "user", "name": "local"}  # as the guard of an open server calls everybody


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    groups: frozenset[str] = frozenset()
    everywhere: bool = False  # in every group: on an open server there is no telling people apart

    def is_one_of(self, entry: str) -> bool:
        """Whether an entry of `by` means this person."""
        if entry.startswith(GROUP):
            return self.everywhere or entry.removeprefix(GROUP) in self.groups
        return entry == self.name

    def is_named_by(self, entry: str, initiator: str | None) -> bool:
        """Whether an entry of `notBy` means this person."""
        if entry == INITIATOR:
            return initiator == self.name
        if entry.startswith(GROUP):
            return entry.removeprefix(GROUP) in self.groups
        return entry == self.name


def person_of(actor: Mapping[str, Any], groups: Iterable[str] = ()) -> Person:
    everywhere = {"kind": actor.get("kind"), "name": actor.get("name")} == LOCAL
    return Person(str(actor.get("name")), frozenset(groups), everywhere)


def check_may_answer(person: Person, asked: Mapping[str, Any], initiator: str | None) -> None:
    """`asked` has `by` and `notBy`. Raises ForbiddenError."""
    for entry in asked["notBy"]:
        if person.is_named_by(entry, initiator):
            who = f"{person.name} started the run" if entry == INITIATOR else f"{person.name} is shut out"
            raise ForbiddenError(f"{who}, and the approval says notBy: {entry}")
    if asked["by"] and not any(map(person.is_one_of, asked["by"])):
        raise ForbiddenError(f"{person.name} is none of those who may approve: by: {', '.join(asked['by'])}")
