"""The operator: custom resources on one side, the ledger on the other, and a few threads that keep them equal.

In: a controller that leads. Out: `start` and `stop`; between them objects are served and show what became of them. News
come from three sides (the watch, the sources, the engine) and all become keys in a queue; every ten minutes
everything is listed and looked at again, so that no lost event is lost for good (design decision 3).
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.errors import FencedError, WindlassError
from windlass.kube.errors import ApiError, KubeError, NotFound
from windlass.operator.kinds import LIBRARY, REPOSITORY, RUN, WORKFLOW, uid_of
from windlass.operator.seen import Seen
from windlass.operator.watching import Watching
from windlass.operator.workqueue import Key, WorkQueue
from windlass.tenants import namespace_of, own_name, qualified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.operator.cluster import Cluster
    from windlass.operator.libraries import Libraries
    from windlass.operator.pictures import Pictures
    from windlass.operator.repositories import Repositories
    from windlass.operator.runs import Runs
    from windlass.reconcile.tenancy import Tenancy
    from windlass.runs.model import RunHead

    Look = Callable[[Key], float | None]

WORKERS = 4
RESYNC = 600.0  # seconds
AGAIN = 5.0  # seconds until a list that failed is tried again
FIRST = 10.0  # seconds that a start waits for the first look: the repositories that open runs need
ALL = Key("resync", "", "")


class Operator:
    def __init__(
        self,
        tenancy: Tenancy,
        cluster: Cluster,
        seen: Seen,
        repositories: Repositories,
        libraries: Libraries,
        pictures: Pictures,
        runs: Runs,
        open_runs: Callable[[], list[RunHead]],
    ) -> None:
        self._tenancy = tenancy
        self._cluster = cluster
        self._seen = seen
        self._pictures = pictures
        self._runs = runs
        self._open_runs = open_runs
        self._looks: dict[str, Look] = {
            REPOSITORY: repositories.look,
            LIBRARY: libraries.look,
            RUN: runs.look,
            WORKFLOW: pictures.look,
            ALL.kind: lambda _: self._resync(),
        }
        self._queue = WorkQueue(jitter=random.random)
        self._slow = WorkQueue(jitter=random.random)  # pictures: nobody waits for them
        self._first: set[Key] | None = None  # what the first look still has to see; None: it has not listed yet
        self._seen_all = threading.Condition()
        self._watching = Watching(cluster.place, cluster.namespaces, self._told)
        self._threads: list[threading.Thread] = []

    def start(self, patience: float = FIRST) -> None:
        """Returns when every repository of the cluster is served, or after a while: the cluster may be away."""
        self._tenancy.library_told = self._library_told
        self._tenancy.start()
        self._queue.add(ALL)
        for number in range(WORKERS + 1):
            queue = self._queue if number < WORKERS else self._slow
            thread = threading.Thread(target=self._work, args=(queue,), name=f"windlass-operator-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._watching.start()
        with self._seen_all:
            if not self._seen_all.wait_for(lambda: self._first is not None and not self._first, patience):
                log.event("operator.slow", level="warning", message="the cluster has not been seen yet; going on")

    def stop(self) -> None:
        """Nothing is read or written any more when this returns."""
        self._queue.close()
        self._slow.close()
        self._watching.stop()
        for thread in self._threads:
            thread.join()
        self._tenancy.stop()
        self._cluster.close()

    # ---- news

    def source_told(self, repository: str) -> None:
        """A repository has something new to say."""
        namespace = namespace_of(repository)
        if namespace is None:
            return
        name = own_name(repository)
        self._queue.add(Key(REPOSITORY, namespace, name))
        for key in self._runs.waiting_for(repository):
            self._queue.add(key)
        for key in self._pictures.keys_of(namespace, name):
            self._slow.add(key)

    def run_changed(self, head: RunHead) -> None:
        """A run has changed, in the ledger already."""
        key = self._runs.bind(head)
        if key is not None:
            self._queue.add(key)

    def _library_told(self, name: str) -> None:
        self._queue.add(Key(LIBRARY, namespace_of(name) or "", own_name(name)))

    def _told(self, kind: str, event: str | None, found: Mapping[str, Any]) -> None:
        """From the watch."""
        key = self._seen.put(kind, found)
        if event == "DELETED":
            self._seen.drop(key, uid_of(found))
        self._add(key)
        if kind == REPOSITORY:
            for one in self._pictures.keys_of(key.namespace, key.name):
                self._slow.add(one)

    def _add(self, key: Key) -> None:
        (self._slow if key.kind == WORKFLOW else self._queue).add(key)

    # ---- work

    def _work(self, queue: WorkQueue) -> None:
        while (key := queue.take()) is not None:
            try:
                again = self._looks[key.kind](key)
            except FencedError:
                return
            except (WindlassError, TimeoutError) as error:
                least = error.retry_after if isinstance(error, ApiError) else None
                pause = queue.done(key, failed=True, least=least or 0.0)
                log.event("operator.failed", level="warning", object="/".join(key), error=str(error), pause=pause)
            except Exception as error:  # noqa: BLE001 - one object must not stop the others (R29)
                queue.done(key, failed=True)
                log.event("operator.crashed", level="error", object="/".join(key), error=repr(error))
            else:
                queue.done(key, again=again)
            self._check_off(key)

    def _check_off(self, key: Key) -> None:
        """What the first look was to see has been looked at, with whatever result."""
        if self._first:
            with self._seen_all:
                self._first.discard(key)
                self._seen_all.notify_all()

    def _resync(self) -> float:
        """Everything that exists, and everything that should; the next one in ten minutes."""
        try:
            listed = {kind: self._cluster.all(kind) for kind in (REPOSITORY, LIBRARY, RUN, WORKFLOW)}
        except NotFound:
            log.event("operator.no-definitions", level="error", message="kubectl apply -f deploy/crds")
            return AGAIN
        except KubeError as error:
            log.event("operator.away", level="warning", error=str(error))
            return AGAIN
        keys = {kind: self._seen.replace(kind, found) for kind, found in listed.items()}
        known = {Key(REPOSITORY, namespace_of(name) or "", own_name(name)) for name in self._tenancy.names()}
        sources = keys[LIBRARY] | keys[REPOSITORY] | known
        self._tenancy.expect([qualified(key.namespace, key.name) for key in keys[REPOSITORY]])
        open_runs = self._open_runs()
        with self._seen_all:
            if self._first is None:
                self._first = set(sources)
            self._seen_all.notify_all()
        for key in sorted(sources):
            self._queue.add(key)
        for head in open_runs:
            self.run_changed(head)
        for key in (*keys[RUN], *keys[WORKFLOW]):
            self._add(key)
        self._tenancy.sweep({head.repository for head in open_runs})
        return RESYNC
