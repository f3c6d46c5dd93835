"""Repositories and libraries that come and go while the server runs: those of a cluster's tenants.

In: settings with credentials, under a tenant's qualified names. Out: sources that are polled, workflows that are live,
and their views. What a tenant's library may be read with serves that tenant's repositories and nobody else's: each
has mirrors of its own. A repository that is removed starts nothing any more; its runs go on to their end, with the
commits that its mirror has, also over a restart.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.reconcile.library_mirrors import LibraryMirrors
from windlass.reconcile.library_polls import LibraryPolls
from windlass.reconcile.library_source import LibraryReconciler, LibraryState, library_object
from windlass.reconcile.restore import restore_catalog
from windlass.reconcile.served_libraries import ServedLibraries
from windlass.reconcile.source import source_object
from windlass.reconcile.source_state import SourceState
from windlass.reconcile.sources import Sources
from windlass.settings import RepositorySettings
from windlass.sources.auth import auth_for
from windlass.sources.location import Location, parse_location
from windlass.sources.mirror import Mirror
from windlass.tenants import namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from windlass.reconcile.repository_secrets import RepositorySecrets
    from windlass.reconcile.server_parts import Parts
    from windlass.secrets.sops.age import AgeKey
    from windlass.sources.auth import Auth

NOWHERE = Location("https://removed.invalid/repository", local=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A repository as its object asks for it, with what its Secrets hold. `settings.name` is qualified."""

    settings: RepositorySettings
    auth: Auth | None = None
    webhook_key: bytes | None = field(default=None, repr=False)
    age_keys: tuple[AgeKey, ...] = field(default=(), repr=False)


class Tenancy:
    """`server_auths` are the server file's credentials for libraries: every tenant may use them. `webhook_keys` are
    those of all repositories, by name."""

    def __init__(
        self,
        parts: Parts,
        jitter: Callable[[], float],
        *,
        secrets: RepositorySecrets,
        webhook_keys: dict[str, list[bytes]],
        server_auths: Sequence[Auth] = (),
    ) -> None:
        self._parts = parts
        self._jitter = jitter
        self._secrets = secrets
        self._webhook_keys = webhook_keys
        self._server_auths = tuple(server_auths)
        self._lock = threading.Lock()
        self._tenants: dict[str, ServedLibraries] = {}
        self._auths: dict[str, dict[str, Auth]] = {}
        self.library_told: Callable[[str], None] = lambda _: None
        reconciler = LibraryReconciler(parts.clock, self._tell)
        self._libraries: Sources[LibraryState] = Sources((), reconciler, parts.clock, jitter)

    def start(self) -> None:
        self._libraries.start()

    def stop(self) -> None:
        self._libraries.stop()
        for served in self._tenants.values():
            served.close()

    # ---- repositories

    def expect(self, names: Sequence[str]) -> None:
        """These repositories are about to be put: no library that they may need is let go before."""
        for name in names:
            self._served(name).expect(name)

    def put(self, wanted: Wanted) -> None:
        """Serve it from now on; again with other settings: follow those. Raises UsageError for a wrong location."""
        settings, parts = wanted.settings, self._parts
        name = settings.name
        location = parse_location(settings.git, allow_local=False)
        self._secrets.serve(settings, wanted.age_keys)
        if wanted.webhook_key is not None and settings.webhook_secret is not None:
            self._webhook_keys[settings.webhook_secret] = [wanted.webhook_key]
        served = self._served(name)
        served.expect(name)
        mirror = Mirror(self._folder(name), location, settings.branch, wanted.auth)
        state = SourceState(settings, mirror, served=served)
        if not parts.catalog.of(name):
            restore_catalog(parts.catalog, [state], parts.reads)
            parts.schedules.arm(name)
        parts.sources.put(state)
        log.event("repository.served", repository=name, git=settings.git)

    def remove(self, name: str) -> None:
        """Nothing of it starts any more; its definitions are forgotten, its runs stay and go on."""
        parts = self._parts
        state = parts.sources.find(name)
        parts.sources.remove(name)
        parts.catalog.drop(name)
        parts.schedules.arm(name)
        parts.writer.write(lambda tx: tx.delete_repository(name))
        self._served(name).forget(name)
        if state is not None and state.settings.webhook_secret is not None:
            self._webhook_keys.pop(state.settings.webhook_secret, None)
        log.event("repository.removed", repository=name)

    def names(self) -> set[str]:
        """Tenants' repositories that are served, or that the ledger knows from an earlier life."""
        known = {row.name for row in self._parts.reads.repositories()} | set(self._parts.sources.states)
        return {name for name in known if namespace_of(name) is not None}

    def view(self, name: str) -> dict[str, Any] | None:
        """The repository object of the API, with the number of its live workflows; None: it is not served."""
        state = self._parts.sources.states.get(name)
        if state is None:
            return None
        return {**source_object(state), "workflows": len(self._parts.catalog.of(name))}

    def left(self, name: str) -> SourceState | None:
        """A repository that is not served, or not yet, for the runs that still need its commits."""
        found = self._parts.sources.find(name)
        if found is not None or namespace_of(name) is None or not self._folder(name).is_dir():
            return found
        return SourceState(RepositorySettings(name, NOWHERE.url), Mirror(self._folder(name), NOWHERE, None))

    def sweep(self, in_use: set[str]) -> None:
        """Mirrors of repositories that are not served and that no open run needs go."""
        for folder in (self._parts.settings.data / "mirrors").glob("*.git"):
            name = folder.name.removesuffix(".git")
            if namespace_of(name) is None or name in in_use or self._parts.sources.states.get(name) is not None:
                continue
            if name not in self._libraries.states:
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self._parts.settings.data / "mirrors" / f"{name}.git"

    # ---- libraries

    def put_library(self, settings: RepositorySettings, auth: Auth | None) -> None:
        """As `put`. Its credentials are the tenant's for every library at or below its URL."""
        location = parse_location(settings.git, allow_local=False)
        self._credit(settings.name, auth)
        self._libraries.put(LibraryState(settings, Mirror(self._folder(settings.name), location, None, auth)))

    def remove_library(self, name: str) -> None:
        """What windlass.lock pins and is here stays usable; its credentials are gone."""
        self._libraries.remove(name)
        self._credit(name, None)

    def view_library(self, name: str) -> dict[str, Any] | None:
        """None: there is none of that name."""
        state = self._libraries.states.get(name)
        return library_object(state) if state is not None else None

    def library_names(self) -> set[str]:
        return set(self._libraries.states)

    def wake_library(self, name: str) -> None:
        """Raises NotFoundError."""
        self._libraries.wake(name)

    def _credit(self, name: str, auth: Auth | None) -> None:
        tenant = namespace_of(name) or ""
        auths = self._auths.setdefault(tenant, {})
        if auths.get(name) == auth:
            return
        self._auths[tenant] = {key: one for key, one in auths.items() if key != name}
        if auth is not None:
            self._auths[tenant][name] = auth
        if tenant in self._tenants:
            self._tenants[tenant].renew()

    def _tell(self, name: str) -> None:
        self.library_told(name)

    def _served(self, name: str) -> ServedLibraries:
        """The libraries of a repository's tenant."""
        with self._lock:
            return self._of(namespace_of(name) or "")

    def _of(self, tenant: str) -> ServedLibraries:
        if tenant not in self._tenants:
            folder = self._parts.settings.data / "libraries" / hashlib.sha256(tenant.encode()).hexdigest()[:16]
            mirrors = LibraryMirrors(folder, lambda location: self._auth(tenant, location))
            clock = self._parts.clock
            polls = LibraryPolls(mirrors, clock, self._jitter, self._parts.sources.nudge)
            served = ServedLibraries(mirrors, polls, (), clock, self._jitter, allow_local=False)
            served.start()
            self._tenants[tenant] = served
        return self._tenants[tenant]

    def _auth(self, tenant: str, location: Location) -> Auth | None:
        return auth_for(location, (*self._auths.get(tenant, {}).values(), *self._server_auths))
