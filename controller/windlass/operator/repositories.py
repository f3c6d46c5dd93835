"""One WorkflowRepository: what its object asks for is served, and what became of it stands in its status.

In: a key. Out: a source that is polled, or one that is no more; the status; Events for a new commit and for what is
wrong with it. Deleting the object takes effect at once: nothing of it starts any more, its runs go on to their end.
When its whole namespace goes, they are cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.operator.kinds import REPOSITORY, status_of
from windlass.operator.source_objects import SourceObjects
from windlass.operator.source_status import repository_status
from windlass.operator.specs import read_spec
from windlass.reconcile.tenancy import Wanted
from windlass.settings import RepositorySettings
from windlass.tenants import qualified
from windlass_schemas.resources.workflow_repository import WorkflowRepositorySpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.clock import Clock, Millis
    from windlass.operator.cluster import Cluster
    from windlass.operator.credentials import Credentials
    from windlass.operator.kinds import Object
    from windlass.operator.seen import Seen
    from windlass.operator.workqueue import Key
    from windlass.operator.writing import Statuses
    from windlass.reconcile.tenancy import Tenancy


class Repositories(SourceObjects[Wanted]):
    """`namespace_gone(repository)`: it is not served any more because its whole tenant goes."""

    kind = REPOSITORY

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
        super().__init__(tenancy, cluster, seen, statuses, credentials, clock)
        self._namespace_gone = namespace_gone

    def _name(self, key: Key) -> str:
        return qualified(key.namespace, key.name)

    def _wanted(self, key: Key, name: str, spec: Any) -> tuple[Wanted, bool]:
        asked = read_spec(WorkflowRepositorySpec, spec)
        keys, namespace = self._credentials, key.namespace
        hook = keys.value(namespace, asked.webhook_secret) if asked.webhook_secret is not None else None
        settings = RepositorySettings(
            name=name,
            git=asked.git,
            branch=asked.branch,
            interval=asked.interval,
            webhook_secret=f"{name}/webhook" if hook is not None else None,
            tenant=namespace,
            suspended=asked.suspend,
        )
        age = keys.age_keys(namespace, asked.secrets.age) if asked.secrets is not None else ()
        wanted = Wanted(settings, keys.auth(name, namespace, asked.git, asked.auth), hook, age)
        return wanted, bool(asked.auth or asked.secrets or asked.webhook_secret)

    def _serve(self, wanted: Wanted) -> None:
        self._tenancy.put(wanted)

    def _remove(self, name: str) -> None:
        if name in self._tenancy.names():
            self._tenancy.remove(name)

    def _left(self, key: Key, name: str) -> None:
        if self._cluster.is_leaving(key.namespace):
            log.event("repository.namespace-gone", repository=name)
            self._namespace_gone(name)

    def _view(self, name: str) -> dict[str, Any] | None:
        return self._tenancy.view(name)

    def _status(
        self, view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis
    ) -> dict[str, Any]:
        return repository_status(view, before, generation, now)

    def _told(self, view: Mapping[str, Any], status: Mapping[str, Any]) -> str:
        return f"{status['revision']} is live: {view['workflows']} workflows"

    def _announce(self, found: Object, view: dict[str, Any], status: dict[str, Any]) -> None:
        super()._announce(found, view, status)
        failed = _failure(status)
        if failed is not None and failed != _failure(status_of(found)):
            self._cluster.tell(found, failed[0], failed[1], warning=True)

    def _announce_refusal(self, found: Object, aspect: str, reason: str, message: str) -> None:
        if _words(status_of(found), aspect) != (reason, message):
            self._cluster.tell(found, reason, message, warning=True)


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
