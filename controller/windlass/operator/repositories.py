"""One WorkflowRepository: what its object asks for is served, and what became of it stands in its status.

In: a key. Out: a source that is polled, or one that is no more; the status; Events for a new commit and for what is
wrong with it. Deleting the object takes effect at once, after the API server has confirmed it (R10, R20): nothing of it
starts any more, its runs go on to their end. When its whole namespace goes, they are cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.errors import UsageError
from windlass.operator.credentials import CredentialsError
from windlass.operator.kinds import REPOSITORY, generation_of, is_leaving, spec_of, status_of
from windlass.operator.problems_shown import first_error
from windlass.operator.source_status import keeps_silent, refused_status, repository_status
from windlass.operator.specs import SpecError, read_spec
from windlass.reconcile.tenancy import Wanted
from windlass.settings import RepositorySettings
from windlass.tenants import qualified
from windlass_schemas.resources.workflow_repository import WorkflowRepositorySpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.clock import Clock
    from windlass.operator.cluster import Cluster
    from windlass.operator.credentials import Credentials
    from windlass.operator.kinds import Object
    from windlass.operator.seen import Seen
    from windlass.operator.workqueue import Key
    from windlass.operator.writing import Statuses
    from windlass.reconcile.tenancy import Tenancy

REREAD = 60.0  # seconds: a Secret that changed is noticed then; Secrets are read by name and never watched
MISSING = 10.0  # seconds until a Secret that is missing is asked for again


class Repositories:
    """`namespace_gone(repository)`: it is not served any more because its whole tenant goes."""

    def __init__(
        self,
        tenancy: Tenancy,
        cluster: Cluster,
        seen: Seen,
        statuses: Statuses,
        credentials: Credentials,
        clock: Clock,
        namespace_gone: Callable[[str], None],
    ) -> None:
        self._tenancy = tenancy
        self._cluster = cluster
        self._seen = seen
        self._statuses = statuses
        self._credentials = credentials
        self._clock = clock
        self._namespace_gone = namespace_gone
        self._served: dict[str, Wanted] = {}

    def look(self, key: Key) -> float | None:
        """Seconds until the next look; None: when there is news."""
        found, name = self._seen.get(key), qualified(key.namespace, key.name)
        if found is None or is_leaving(found):
            return self._leave(key, name)
        try:
            spec = read_spec(WorkflowRepositorySpec, spec_of(found))
            wanted = self._wanted(key, name, spec)
            if self._served.get(name) != wanted:
                self._tenancy.put(wanted)
                self._served[name] = wanted
        except (SpecError, UsageError) as error:
            message = str(error) if isinstance(error, SpecError) else f"spec.git: {error}"
            return self._refuse(found, "Valid", "SpecInvalid", message)
        except CredentialsError as error:
            return self._refuse(found, "Fetched", error.reason, str(error)) or MISSING
        pause = self._report(found, name)
        again = REREAD if spec.auth or spec.secrets or spec.webhook_secret else None
        return pause if again is None or (pause is not None and pause < again) else again

    def _wanted(self, key: Key, name: str, spec: WorkflowRepositorySpec) -> Wanted:
        """Raises CredentialsError."""
        keys, namespace = self._credentials, key.namespace
        hook = keys.value(namespace, spec.webhook_secret) if spec.webhook_secret is not None else None
        settings = RepositorySettings(
            name=name,
            git=spec.git,
            branch=spec.branch,
            interval=spec.interval,
            webhook_secret=f"{name}/webhook" if hook is not None else None,
            tenant=namespace,
            suspended=spec.suspend,
        )
        age = keys.age_keys(namespace, spec.secrets.age) if spec.secrets is not None else ()
        return Wanted(settings, keys.auth(name, namespace, spec.git, spec.auth), hook, age)

    def _report(self, found: Object, name: str) -> float | None:
        view, before = self._tenancy.view(name), status_of(found)
        if view is None:
            return 1.0
        if keeps_silent(view, before, generation_of(found)):
            return None
        status = repository_status(view, before, generation_of(found), self._clock.now())
        return self._statuses.write(found, status, announce=lambda: self._announce(found, view, status))

    def _announce(self, found: Object, view: dict[str, Any], status: dict[str, Any]) -> None:
        """Events for what is new against the status that the object has."""
        before = status_of(found)
        if view["commit"] is not None and view["commit"] != before.get("commit"):
            told = f"{status['revision']} is live: {view['workflows']} workflows"
            self._cluster.tell(found, "Fetched", told)
            error = first_error(view["problems"])
            if error is not None:
                self._cluster.tell(found, "ProblemsFound", error, warning=True)
        failed = _failure(status)
        if failed is not None and failed != _failure(before):
            self._cluster.tell(found, failed[0], failed[1], warning=True)

    def _refuse(self, found: Object, aspect: str, reason: str, message: str) -> float | None:
        before = status_of(found)
        status = refused_status(aspect, reason, message, before, generation_of(found), self._clock.now())

        def announce() -> None:
            if _words(before, aspect) != (reason, message):
                self._cluster.tell(found, reason, message, warning=True)

        return self._statuses.write(found, status, announce=announce)

    def _leave(self, key: Key, name: str) -> float | None:
        live = self._cluster.get(key)
        if live is not None and not is_leaving(live):
            self._seen.put(REPOSITORY, live)
            return 0.0
        if name in self._tenancy.names():
            self._tenancy.remove(name)
        self._served.pop(name, None)
        self._credentials.forget(name)
        if self._cluster.is_leaving(key.namespace):
            log.event("repository.namespace-gone", repository=name)
            self._namespace_gone(name)
        return None


def _failure(status: dict[str, Any]) -> tuple[str, str] | None:
    """Reason and message of a condition Fetched that does not hold."""
    words = _words(status, "Fetched")
    holds = any(one["type"] == "Fetched" and one["status"] != "False" for one in status.get("conditions") or ())
    return None if words is None or holds else words


def _words(status: dict[str, Any], aspect: str) -> tuple[str, str] | None:
    for one in status.get("conditions") or ():
        if one["type"] == aspect:
            return one["reason"], one["message"]
    return None
