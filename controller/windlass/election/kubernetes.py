"""The lease as an object of Kubernetes: `coordination.k8s.io/v1` Lease, written as client-go's leaderelection does.

In: name and namespace. Out: an object that `kubectl get leases` shows. The resource version makes a write fail when
somebody was faster. Needs the verbs get, create and update on it, and nothing else.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from windlass.election.base import Lease
from windlass.errors import LeaseError, UsageError
from windlass.kube.access import Place
from windlass.kube.client import Client
from windlass.kube.errors import AccessError, Conflict, KubeError, NotFound
from windlass.kube.resources import LEASES
from windlass.kube.thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from windlass.clock import Clock

    T = TypeVar("T")

SLACK = 1.0  # seconds that the loop may take beyond the limit of a request


class KubernetesLeases:
    """`namespace` None: the one that we run in, or that the kubeconfig names. `timeout`: seconds for one request."""

    def __init__(
        self, name: str, namespace: str | None, clock: Clock, timeout: float, place: Place | None = None
    ) -> None:
        """Raises UsageError when there is no cluster that could be asked."""
        self._name = name
        self._clock = clock
        self._timeout = timeout
        self._metadata: dict[str, Any] = {}
        self._spec: dict[str, Any] = {}
        self._closed = False
        self._thread = LoopThread("windlass-lease")
        self._client = Client(place or Place(), timeout=timeout)
        try:
            access = self._thread.call(self._client.access())
        except AccessError as error:
            self._thread.close()
            raise UsageError(f"the lease of the election cannot be in Kubernetes: {error}") from error
        self._namespace = namespace or access.namespace

    def read(self) -> Lease | None:
        try:
            return self._noted(self._asked(self._client.get(LEASES, self._name, self._namespace)))
        except NotFound:
            return None

    def write(self, lease: Lease, seen: Lease | None) -> Lease | None:
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "spec": self._filled(lease, seen)}
        try:
            if seen is None:
                made = body | {"metadata": {"name": self._name, "namespace": self._namespace}}
                return self._noted(self._asked(self._client.create(LEASES, made, self._namespace)))
            kept = self._metadata | {"resourceVersion": seen.version}
            return self._noted(self._asked(self._client.replace(LEASES, body | {"metadata": kept}, self._namespace)))
        except (Conflict, NotFound):
            return None

    def close(self) -> None:
        """A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._asked(self._client.close())
            self._thread.close()

    def _asked(self, question: Coroutine[Any, Any, T]) -> T:
        """Raises Conflict and NotFound as they are."""
        try:
            return self._thread.call(question, self._timeout + SLACK)
        except (Conflict, NotFound):
            raise
        except KubeError as error:
            raise LeaseError(str(error)) from error
        except TimeoutError as error:
            raise LeaseError("the API server did not answer in time") from error

    def _filled(self, lease: Lease, seen: Lease | None) -> dict[str, Any]:
        """Times are for people: nobody of ours reads them."""
        now = datetime.fromtimestamp(self._clock.now() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        same = seen is not None and seen.holder == lease.holder
        return {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": math.ceil(lease.duration),
            "acquireTime": self._spec.get("acquireTime", now) if same else now,
            "renewTime": now,
            "leaseTransitions": lease.terms,
        }

    def _noted(self, found: dict[str, Any]) -> Lease:
        """Labels and annotations of others stay when it is written again. Whatever others wrote is borne."""
        self._metadata, self._spec = found["metadata"], found.get("spec") or {}
        spec = self._spec
        return Lease(
            str(spec.get("holderIdentity") or ""),
            float(spec.get("leaseDurationSeconds") or 0),
            int(spec.get("leaseTransitions") or 0),
            str(self._metadata["resourceVersion"]),
            str(spec.get("renewTime") or ""),
        )
