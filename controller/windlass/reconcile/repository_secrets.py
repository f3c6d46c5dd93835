"""The secrets of this server's repositories: whose they are, what they are opened with, who may have them.

In: the settings, how a file of a run's commit is read. Out: values for an attempt or a webhook. The age keys of the
server file are read once, at the start; so is whether every credential is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SecretError
from windlass.reconcile.own_secrets import person_owner
from windlass.secrets.age_keys import keys_of_server, keys_of_user
from windlass.secrets.base import Origin, Reference
from windlass.secrets.opened import OpenStore, stored_at
from windlass.secrets.policy import allowed
from windlass.secrets.registry import make_resolver
from windlass.secrets.sops.keepers import StoreKeeper, UserKeeper
from windlass.secrets.sops.provider import SopsProvider
from windlass.tenants import namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.runs.model import SecretScope
    from windlass.secrets.base import Provider
    from windlass.secrets.sops.age import AgeKey
    from windlass.secrets.sops.keepers import Keeper
    from windlass.secrets.sops.provider import ReadFile
    from windlass.settings import RepositorySettings, Settings


class RepositorySecrets:
    def __init__(self, settings: Settings, read: ReadFile, own: Provider) -> None:
        """`own`: the own store. Raises UsageError when a key or credential of the server file cannot be read."""
        for store in settings.stores:
            stored_at(store)
        self._repositories = {one.name: one for one in settings.repositories}
        self._stores = settings.stores
        self._of_stores = {one.name: OpenStore(one).age_keys() for one in settings.stores if one.age}
        self._own = {one.name: _own_keys(one) for one in settings.repositories}
        sops = SopsProvider(read, self._age_keys, self._keepers)
        self.resolver = make_resolver({"sops": sops, "windlass": own}, settings.stores)

    def serve(self, repository: RepositorySettings, own: Sequence[AgeKey]) -> None:
        """One that came while the server runs, or has changed; its keys are `own`."""
        self._repositories[repository.name] = repository
        self._own[repository.name] = list(own)

    def values(self, references: Mapping[str, str], scope: SecretScope) -> dict[str, str]:
        """Raises SecretError."""
        return self.resolver.values(references, self.origin(scope))

    def one(self, reference: str, scope: SecretScope) -> str:
        """Raises SecretError."""
        return self.values({reference: reference}, scope)[reference]

    def origin(self, scope: SecretScope) -> Origin:
        repository = self._repositories.get(scope.repository)
        tenant = repository.tenant if repository is not None else namespace_of(scope.repository)
        person = person_owner(scope.actor)
        return Origin(scope.repository, scope.commit, tenant, scope.environment, scope.merged, person)

    def openers(self, path: str, origin: Origin) -> tuple[frozenset[str], bool]:
        """With what it may open a SOPS file: the names of its age keys, and whether there are keys of other kinds.
        Raises SecretError."""
        return frozenset(key.name for key in self._age_keys(origin, path)), bool(self._keepers(origin, path))

    def _age_keys(self, origin: Origin, path: str) -> list[AgeKey]:
        """Its own, and those of the stores that it may read the file with. Raises SecretError."""
        repository = self._repositories.get(origin.repository)
        if repository is not None and repository.user_keys:
            return keys_of_user()
        own = self._own.get(origin.repository, [])
        try:
            found = allowed(self._stores, Reference("", "sops", path), origin)
        except SecretError:
            if own or not any(store.backend == "sops" for store in self._stores):
                return own
            raise
        return own + [key for _, store in found for key in self._of_stores.get(store.name, ())]

    def _keepers(self, origin: Origin, path: str) -> list[Keeper]:
        """The stores that it may read the file with, which have other keys than age."""
        repository = self._repositories.get(origin.repository)
        if repository is not None and repository.user_keys:
            return [UserKeeper()]
        try:
            found = allowed(self._stores, Reference("", "sops", path), origin)
        except SecretError:
            return []
        return [StoreKeeper(OpenStore(store)) for _, store in found if store.recipients]


def _own_keys(repository: RepositorySettings) -> list[AgeKey]:
    """Raises UsageError."""
    return keys_of_server(repository.age_keys, f"repository {repository.name}: secrets.age")
