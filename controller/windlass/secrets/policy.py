"""May this run use this reference? Decided from the server file alone.

In: the stores of the server file, a reference, whose run it is for. Out: the store that it leads to, and the reference
without what has been decided; or SecretError `secret-denied`, which says why. Pure. What is not allowed is refused: a
store that nobody was given serves nobody, and a reference can choose among stores but never add an address to them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from windlass.secrets.base import Origin, Reference
    from windlass.settings import SecretGrant, SecretStore

# Parameters that say where to ask or as whom: they may repeat what the store says, and nothing else.
TARGETS = frozenset({"address", "region", "namespace", "project", "role", "role_arn", "profile", "endpoint", "host"})
TARGETS |= {"proto", "auth_method", "role_id", "secret_id", "token_env", "token_file", "secret_id_env", "context"}
TARGETS |= {"kubeConfigPath", "kubeContext", "cluster", "tenantId", "clientId"}
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


def chosen(stores: Iterable[SecretStore], reference: Reference, origin: Origin) -> tuple[SecretStore, Reference]:
    """Raises SecretError."""
    found = allowed(stores, reference, origin)
    best = max(rank for rank, _ in found)
    nearest = [store for rank, store in found if rank == best]
    if len(nearest) > 1:
        names = ", ".join(store.name for store in nearest)
        raise _denied(f"several stores have {reference.path}: say which, ?store= one of {names}")
    store = nearest[0]
    return store, _decided(store, reference)


def allowed(stores: Iterable[SecretStore], reference: Reference, origin: Origin) -> list[tuple[int, SecretStore]]:
    """The stores that the run may read the path of, each with how exactly its grant names it; never none.

    Raises SecretError.
    """
    check_merged(origin)
    path = plain_path(reference.path)
    named = reference.params.get("store")
    known = [one for one in stores if one.backend == reference.backend and named in (None, one.name)]
    theirs = [(store, grant) for store in known for grant in store.allow if _is_for(grant, origin)]
    if not theirs:
        which = f"store {named} of backend {reference.backend}" if named is not None else f"{reference.backend} store"
        raise _denied(f"the server gives repository {origin.repository} no {which}")
    here = [(store, grant) for store, grant in theirs if not grant.environments or _is_in(grant, origin)]
    ranked = [(rank, store) for store, grant in here if (rank := _rank(grant, path, origin)) is not None]
    if ranked:
        return _best_of_each(ranked)
    fitting = [grant for _, grant in theirs if _rank(grant, path, origin) is not None]
    elsewhere = sorted({name for grant in fitting for name in grant.environments})
    if elsewhere:
        raise _denied(f"{reference.path} is for runs in environment {' or '.join(elsewhere)} only")
    raise _denied(f"the server gives repository {origin.repository} other paths than {reference.path}")


def check_merged(origin: Origin) -> None:
    """Raises SecretError for what nobody has reviewed."""
    if not origin.merged:
        why = "the commit is none of the branch that the server follows"
        raise _denied(f"{why}: unmerged refs and forks are given no secrets")


def plain_path(path: str) -> str:
    """A path that means one thing only, without a slash at its beginning. Raises SecretError."""
    plain = path.removeprefix("/")
    parts = plain.split("/")
    if not all(parts) or {".", ".."} & set(parts) or _ODD.search(path):
        raise _denied(f"{path!r} is no plain path: it has parts without . and .., with one slash between them")
    return plain


def _is_for(grant: SecretGrant, origin: Origin) -> bool:
    """Both have to fit when both are written."""
    tenant = not grant.tenants or origin.tenant in grant.tenants
    repository = not grant.repositories or origin.repository in grant.repositories
    return tenant and repository and bool(grant.tenants or grant.repositories)


def _is_in(grant: SecretGrant, origin: Origin) -> bool:
    return origin.environment is not None and origin.environment in grant.environments


def _rank(grant: SecretGrant, path: str, origin: Origin) -> int | None:
    """How many characters of the path the grant names; None: not this path."""
    found = [len(prefix.rstrip("*")) for prefix in _filled(grant.paths, origin) if _covers(prefix, path)]
    return max(found, default=None)


def _filled(paths: Iterable[str], origin: Origin) -> Iterable[str]:
    for path in paths:
        if "{tenant}" in path and origin.tenant is None:
            continue
        plain = path.replace("{tenant}", origin.tenant or "").replace("{repository}", origin.repository)
        yield plain.removeprefix("/")


def _covers(prefix: str, path: str) -> bool:
    if prefix.endswith("*"):
        return path.startswith(prefix[:-1])
    whole = prefix.rstrip("/")
    return path == whole or path.startswith(whole + "/")


def _best_of_each(ranked: Sequence[tuple[int, SecretStore]]) -> list[tuple[int, SecretStore]]:
    best: dict[str, tuple[int, SecretStore]] = {}
    for rank, store in ranked:
        if store.name not in best or best[store.name][0] < rank:
            best[store.name] = (rank, store)
    return list(best.values())


def _decided(store: SecretStore, reference: Reference) -> Reference:
    """Without the parameters that only repeat what the store says. Raises SecretError for any other."""
    rest = {}
    for name, value in reference.params.items():
        if name not in TARGETS and name != "store":
            rest[name] = value
        elif name != "store" and value.rstrip("/") != _said(store, name):
            raise _denied(f"{name} is what the server says of store {store.name}, and not for a reference to choose")
    return replace(reference, params=rest)


def _said(store: SecretStore, name: str) -> str | None:
    return store.address if name == "address" else store.options.get(name)


def _denied(message: str) -> SecretError:
    return SecretError("secret-denied", message)
