"""Objects that stand for a git repository, of either kind: from a key to what is served, and back to the status.

In: a key of the work queue. Out: a source that is polled, or one that is no more; the status; Events for what is new in
it. What a kind asks for, how it is served and what is told of it are methods that the kind has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from windlass.errors import UsageError
from windlass.operator.credentials import CredentialsError
from windlass.operator.kinds import generation_of, is_leaving, spec_of, status_of
from windlass.operator.problems_shown import first_error
from windlass.operator.source_status import keeps_silent, refused_status
from windlass.operator.specs import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Clock, Millis
    from windlass.operator.cluster import Cluster
    from windlass.operator.credentials import Credentials
    from windlass.operator.kinds import Object
    from windlass.operator.seen import Seen
    from windlass.operator.workqueue import Key
    from windlass.operator.writing import Statuses
    from windlass.reconcile.tenancy import Tenancy

REREAD = 60.0  # seconds: a Secret that changed is noticed then; Secrets are read by name and never watched
MISSING = 10.0  # seconds until a Secret that is missing is asked for again

Wanted = TypeVar("Wanted")


class SourceObjects(ABC, Generic[Wanted]):
    kind: str

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
        self._served: dict[str, Wanted] = {}

    def look(self, key: Key) -> float | None:
        """Seconds until the next look; None: when there is news."""
        found, name = self._seen.get(key), self._name(key)
        if found is None or is_leaving(found):
            return self._leave(key, name)
        try:
            wanted, has_secrets = self._wanted(key, name, spec_of(found))
            if self._served.get(name) != wanted:
                self._serve(wanted)
                self._served[name] = wanted
        except (SpecError, UsageError) as error:
            message = str(error) if isinstance(error, SpecError) else f"spec.git: {error}"
            return self._refuse(found, "Valid", "SpecInvalid", message)
        except CredentialsError as error:
            return self._refuse(found, "Fetched", error.reason, str(error)) or MISSING
        pause = self._report(found, name)
        return pause if pause is not None or not has_secrets else REREAD

    def _report(self, found: Object, name: str) -> float | None:
        view, before, generation = self._view(name), status_of(found), generation_of(found)
        if view is None:
            return 1.0
        if keeps_silent(view, before, generation):
            return None
        status = self._status(view, before, generation, self._clock.now())
        return self._statuses.write(found, status, announce=lambda: self._announce(found, view, status))

    def _announce(self, found: Object, view: dict[str, Any], status: dict[str, Any]) -> None:
        """Events for what is new against the status that the object has."""
        if view["commit"] is None or view["commit"] == status_of(found).get("commit"):
            return
        self._cluster.tell(found, "Fetched", self._told(view, status))
        error = first_error(view["problems"])
        if error is not None:
            self._cluster.tell(found, "ProblemsFound", error, warning=True)

    def _refuse(self, found: Object, aspect: str, reason: str, message: str) -> float | None:
        status = refused_status(aspect, reason, message, status_of(found), generation_of(found), self._clock.now())
        return self._statuses.write(
            found, status, announce=lambda: self._announce_refusal(found, aspect, reason, message)
        )

    def _announce_refusal(self, found: Object, aspect: str, reason: str, message: str) -> None:
        """The status says it; a kind may tell it by an Event, too."""

    def _leave(self, key: Key, name: str) -> float | None:
        """After the API server has confirmed it: what is served goes only when the object has gone (R10, R20)."""
        live = self._cluster.get(key)
        if live is not None and not is_leaving(live):
            self._seen.put(self.kind, live)
            return 0.0
        self._remove(name)
        self._served.pop(name, None)
        self._credentials.forget(name)
        self._left(key, name)
        return None

    def _left(self, key: Key, name: str) -> None:
        """It is served no more."""

    @abstractmethod
    def _name(self, key: Key) -> str:
        """What the ledger calls it."""

    @abstractmethod
    def _wanted(self, key: Key, name: str, spec: Any) -> tuple[Wanted, bool]:
        """What is to be served; and are there Secrets in it, which are read again now and then?

        Raises SpecError, UsageError, CredentialsError.
        """

    @abstractmethod
    def _serve(self, wanted: Wanted) -> None: ...

    @abstractmethod
    def _remove(self, name: str) -> None:
        """If it is served."""

    @abstractmethod
    def _view(self, name: str) -> dict[str, Any] | None: ...

    @abstractmethod
    def _status(
        self, view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis
    ) -> dict[str, Any]: ...

    @abstractmethod
    def _told(self, view: Mapping[str, Any], status: Mapping[str, Any]) -> str:
        """The Event of a new commit."""
