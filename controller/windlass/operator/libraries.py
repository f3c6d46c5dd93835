"""One ActionLibrary: polled as its object asks, its credentials given to the repositories of its namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import UsageError
from windlass.operator.credentials import CredentialsError
from windlass.operator.kinds import LIBRARY, generation_of, is_leaving, spec_of, status_of
from windlass.operator.problems_shown import first_error
from windlass.operator.source_status import keeps_silent, library_status, refused_status
from windlass.operator.specs import SpecError, read_spec
from windlass.settings import RepositorySettings
from windlass.tenants import qualified_library
from windlass_schemas.resources.action_library import ActionLibrarySpec

if TYPE_CHECKING:
    from windlass.clock import Clock
    from windlass.operator.cluster import Cluster
    from windlass.operator.credentials import Credentials
    from windlass.operator.kinds import Object
    from windlass.operator.seen import Seen
    from windlass.operator.workqueue import Key
    from windlass.operator.writing import Statuses
    from windlass.reconcile.tenancy import Tenancy
    from windlass.sources.auth import Auth

REREAD = 60.0  # seconds
MISSING = 10.0  # seconds


class Libraries:
    def __init__(
        self,
        tenancy: Tenancy,
        cluster: Cluster,
        seen: Seen,
        statuses: Statuses,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        self._tenancy = tenancy
        self._cluster = cluster
        self._seen = seen
        self._statuses = statuses
        self._credentials = credentials
        self._clock = clock
        self._served: dict[str, tuple[RepositorySettings, Auth | None]] = {}

    def look(self, key: Key) -> float | None:
        """Seconds until the next look; None: when there is news."""
        found, name = self._seen.get(key), qualified_library(key.namespace, key.name)
        if found is None or is_leaving(found):
            return self._leave(key, name)
        try:
            spec = read_spec(ActionLibrarySpec, spec_of(found))
            settings = RepositorySettings(
                name, spec.git, spec.ref, spec.interval, tenant=key.namespace, suspended=spec.suspend
            )
            wanted = (settings, self._credentials.auth(name, key.namespace, spec.git, spec.auth))
            if self._served.get(name) != wanted:
                self._tenancy.put_library(*wanted)
                self._served[name] = wanted
        except (SpecError, UsageError) as error:
            message = str(error) if isinstance(error, SpecError) else f"spec.git: {error}"
            return self._refuse(found, "Valid", "SpecInvalid", message)
        except CredentialsError as error:
            return self._refuse(found, "Fetched", error.reason, str(error)) or MISSING
        pause = self._report(found, name)
        return pause if pause is not None else (REREAD if spec.auth is not None else None)

    def _report(self, found: Object, name: str) -> float | None:
        view, before = self._tenancy.view_library(name), status_of(found)
        if view is None:
            return 1.0
        if keeps_silent(view, before, generation_of(found)):
            return None
        status = library_status(view, before, generation_of(found), self._clock.now())

        def announce() -> None:
            if view["commit"] is None or view["commit"] == before.get("commit"):
                return
            self._cluster.tell(found, "Fetched", f"{status['revision']}: {status['actionCount']} actions")
            error = first_error(view["problems"])
            if error is not None:
                self._cluster.tell(found, "ProblemsFound", error, warning=True)

        return self._statuses.write(found, status, announce=announce)

    def _refuse(self, found: Object, aspect: str, reason: str, message: str) -> float | None:
        status = refused_status(aspect, reason, message, status_of(found), generation_of(found), self._clock.now())
        return self._statuses.write(found, status)

    def _leave(self, key: Key, name: str) -> float | None:
        live = self._cluster.get(key)
        if live is not None and not is_leaving(live):
            self._seen.put(LIBRARY, live)
            return 0.0
        if name in self._tenancy.library_names():
            self._tenancy.remove_library(name)
        self._served.pop(name, None)
        self._credentials.forget(name)
        return None
