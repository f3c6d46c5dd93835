"""Requests about secrets: who may set, list and remove what, and whether each reference of a repository can be had.

In: the parts of a server, names, the actor. Out: plain objects without values, or the errors of windlass.errors. What
belongs to a person is theirs alone; what belongs to a tenant or a repository is for those whom the server file names
(`secrets.own.manage`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import ForbiddenError, NotFoundError, SecretError
from windlass.reconcile.own_secrets import Place, person_owner
from windlass.reconcile.people import person_of
from windlass.runs.model import SecretScope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.reconcile.server_parts import Parts
    from windlass_schemas.repository import Repository

FOUND = "found"
KINDS = {"tenants": "tenant", "repositories": "repository", "users": "user"}


def place_of(parts: Parts, asked: tuple[str, str, str, str], actor: Mapping[str, Any]) -> Place:
    """`asked`: kind (in the plural), owner, name, environment; `users/me` is whoever asks.

    Raises NotFoundError for a repository or tenant that this server does not serve.
    """
    kinds, owner, name, environment = asked
    kind = KINDS.get(kinds)
    if kind is None:
        raise NotFoundError(f"secrets belong to {', '.join(KINDS)}, and not to {kinds}")
    if kind == "user" and owner == "me":
        owner = person_owner(actor) or owner
    if kind == "repository" and owner not in parts.sources.states:
        raise NotFoundError(f"no repository {owner}")
    if kind == "tenant" and owner not in {state.settings.tenant for state in parts.sources.states.values()}:
        raise NotFoundError(f"no tenant {owner}: no repository of this server is of it")
    return Place(kind, owner, name, environment)


def check_may_change(parts: Parts, place: Place, actor: Mapping[str, Any]) -> None:
    """Raises ForbiddenError."""
    if place.kind == "user":
        if person_owner(actor) != place.owner:
            raise ForbiddenError(f"the secrets of {place.owner} are changed by nobody else")
        return
    check_may_manage(parts, actor)


def check_may_manage(parts: Parts, actor: Mapping[str, Any]) -> None:
    """Raises ForbiddenError."""
    allowed = parts.settings.store_managers
    person = person_of(actor, parts.settings.groups_of(actor))
    if allowed is not None and not any(map(person.is_one_of, allowed)):
        whom = ", ".join(allowed) or "nobody may"
        raise ForbiddenError(f"{person.name} is none of those who may change secrets: secrets.own.manage: {whom}")


def put(parts: Parts, place: Place, value: str, actor: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ForbiddenError and InputError."""
    check_may_change(parts, place, actor)
    return parts.own_secrets.put(place, value, actor)


def remove(parts: Parts, place: Place, actor: Mapping[str, Any]) -> None:
    """Raises ForbiddenError and NotFoundError."""
    check_may_change(parts, place, actor)
    parts.own_secrets.remove(place, actor)


def listed(parts: Parts, actor: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything but what belongs to other people; never a value."""
    me = person_owner(actor)
    return [one for one in parts.own_secrets.all() if one["kind"] != "user" or one["owner"] == me]


def rotate(parts: Parts, actor: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ForbiddenError and SecretError."""
    check_may_manage(parts, actor)
    return parts.own_secrets.rotate(actor)


def references_of(settings: Repository | None) -> Iterator[tuple[str, str | None, str]]:
    """(name, environment, reference) as windlass.yaml has them."""
    if settings is None:
        return
    yield from ((name, None, reference) for name, reference in settings.secrets.items())
    yield from ((f"registries.{host}", None, one.password) for host, one in settings.registries.items())
    for environment, one in settings.environments.items():
        yield from ((name, environment, reference) for name, reference in one.secrets.items())


def check_references(parts: Parts, repository: str, actor: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each reference of the live windlass.yaml whether a run could have it now. Raises NotFoundError."""
    state = parts.sources.states.get(repository)
    if state is None:
        raise NotFoundError(f"no repository {repository}")
    live = sorted(parts.catalog.of(repository).values(), key=lambda one: one.commit != state.commit)
    if not live:
        return []
    written = list(references_of(live[0].repository_model))
    found: dict[tuple[str | None, str], str | SecretError] = {}
    for environment in dict.fromkeys(environment for _, environment, _ in written):
        asked = {reference: reference for _, one, reference in written if one == environment}
        scope = SecretScope(repository, live[0].commit, environment, actor=actor)
        looked = parts.secrets.resolver.look(asked, parts.secrets.origin(scope))
        found |= {(environment, reference): one for reference, one in looked.items()}
    return [
        row(name, environment, reference, found[environment, reference]) for name, environment, reference in written
    ]


def row(name: str, environment: str | None, reference: str, found: str | SecretError) -> dict[str, Any]:
    """What is said of a reference: that it can be had, or the cause that a step would end with; never a value."""
    failed = found if isinstance(found, SecretError) else None
    return {
        "name": name,
        "environment": environment,
        "reference": reference,
        "status": FOUND if failed is None else failed.cause,
        "message": None if failed is None else str(failed),
    }
