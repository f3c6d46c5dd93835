"""One Workflow object: the picture of a live definition, made, kept and taken away as git says.

In: a key. Out: an object REPOSITORY.WORKFLOW in the repository's namespace, owned by the repository's object, so that
it goes with it. What somebody else wrote into it is put right; an object that shows nothing of git says so. Labels on
it decide nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.clock import from_rfc3339
from windlass.errors import NotFoundError
from windlass.kube.errors import AlreadyExists, Forbidden, NotFound
from windlass.operator.kinds import (
    REPOSITORY,
    RESOURCES,
    WORKFLOW,
    generation_of,
    is_leaving,
    spec_of,
    status_of,
    uid_of,
)
from windlass.operator.workflow_status import absent_status, workflow_status
from windlass.operator.workqueue import Key
from windlass.tenants import qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.operator.cluster import Cluster
    from windlass.operator.kinds import Object
    from windlass.operator.seen import Seen
    from windlass.operator.writing import Statuses
    from windlass.reconcile.controller import Controller

LEAST = 60.0  # seconds between two looks that only the clock asks for: the next fire moves on
NOT_IN_GIT = "git has no such workflow; objects of this kind show what git says and are written by Windlass"


class Pictures:
    def __init__(self, controller: Controller, cluster: Cluster, seen: Seen, statuses: Statuses) -> None:
        self._controller = controller
        self._cluster = cluster
        self._seen = seen
        self._statuses = statuses

    def keys_of(self, namespace: str, repository: str) -> Iterator[Key]:
        """Of all that is live of a repository, and of all objects that show something of it."""
        catalog = self._controller.parts.catalog
        live = {f"{repository}.{name}" for name in catalog.of(qualified(namespace, repository))}
        shown = {k.name for k in self._seen.keys(WORKFLOW) if k.namespace == namespace and _parts(k)[0] == repository}
        yield from (Key(WORKFLOW, namespace, name) for name in sorted(live | shown))

    def look(self, key: Key) -> float | None:
        """Seconds until the next look; None: when there is news."""
        repository, workflow = _parts(key)
        found = self._seen.get(key)
        owner = self._seen.get(Key(REPOSITORY, key.namespace, repository))
        view = self._view(qualified(key.namespace, repository), workflow) if owner is not None else None
        if view is None or owner is None or is_leaving(owner):
            return self._take_away(key, found)
        wanted = {"repository": repository, "workflow": workflow}
        if found is None:
            found = self._make(key, wanted, owner)
            if found is None:
                return None
        elif spec_of(found) != wanted:
            found = self._cluster.patch(key, uid_of(found), {"spec": wanted}, None)
            self._seen.put(WORKFLOW, found)
        now = self._controller.parts.clock.now()
        problems = self._controller.repository(qualified(key.namespace, repository))["problems"]
        pause = self._statuses.write(
            found, workflow_status(view, problems, status_of(found), generation_of(found), now)
        )
        following = [from_rfc3339(view["next"][0]["at"])] if view["next"] else []
        again = [max(LEAST, (at - now) / 1000 + 1) for at in following]
        return min([*again, *([pause] if pause is not None else [])], default=None)

    def _view(self, repository: str, workflow: str) -> dict[str, Any] | None:
        try:
            return self._controller.workflow(repository, workflow)
        except NotFoundError:
            return None

    def _make(self, key: Key, wanted: dict[str, str], owner: Object) -> Object | None:
        body = {
            "apiVersion": RESOURCES[WORKFLOW].api_version,
            "kind": WORKFLOW,
            "metadata": {
                "name": key.name,
                "namespace": key.namespace,
                "labels": {
                    "windlass.dev/repository": wanted["repository"],
                    "windlass.dev/workflow": wanted["workflow"],
                },
                "ownerReferences": [_owner(owner)],
            },
            "spec": wanted,
        }
        try:
            made = self._cluster.create(WORKFLOW, key.namespace, body)
        except AlreadyExists:
            found = self._cluster.get(key)
            if found is not None:
                self._seen.put(WORKFLOW, found)
            return found
        except (NotFound, Forbidden):
            if self._cluster.is_leaving(key.namespace):
                return None
            raise
        self._seen.put(WORKFLOW, made)
        return made

    def _take_away(self, key: Key, found: Object | None) -> float | None:
        """What a repository's object owns goes; what somebody made by hand is told that it shows nothing."""
        if found is None or is_leaving(found):
            return None
        owners = found["metadata"].get("ownerReferences") or ()
        if any(one.get("kind") == REPOSITORY for one in owners):
            self._cluster.delete(key, uid_of(found))
            return None
        now = self._controller.parts.clock.now()
        status = absent_status("NotInGit", NOT_IN_GIT, status_of(found), generation_of(found), now)
        return self._statuses.write(found, status)


def _parts(key: Key) -> tuple[str, str]:
    repository, _, workflow = key.name.partition(".")
    return repository, workflow


def _owner(found: Object) -> dict[str, Any]:
    """`blockOwnerDeletion` false: nobody's deletion waits for a picture."""
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "name": found["metadata"]["name"],
        "uid": uid_of(found),
        "controller": True,
        "blockOwnerDeletion": False,
    }
