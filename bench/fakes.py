"""A control plane of its own whose pods are played by KWOK, and its own book of every write.

In: nothing. Out: `FakeCluster`: where to reach it, and `writes()`, what the API server has accepted, in its own words
and with its own times (its audit log). A log of every pod is played too, or each read of one would be an error.
"""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.cluster import fakes
from scripts.cluster.control_plane import ControlPlane
from scripts.cluster.parts import until

if TYPE_CHECKING:
    from collections.abc import Iterator

NODES = 3
LONGEST_LINE = 65536
PATIENCE = 60.0
LONGEST_STORM = 300.0
_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, verbs: [get, list, watch]}
- {level: None, resources: [{group: coordination.k8s.io}, {group: authentication.k8s.io}]}
- {level: None, resources: [{group: authorization.k8s.io}]}
- {level: Metadata}
"""
_LOGS = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: logs}
spec: {logs: [{logsFile: %s}]}
"""


@dataclass(frozen=True, slots=True)
class Write:
    """`at`: seconds since 1970, when the answer was complete; `agent`: who asked, up to the first slash."""

    at: float
    agent: str
    verb: str
    what: str  # jobs, pods/status
    namespace: str
    name: str


class FakeCluster:
    def __init__(self, folder: Path) -> None:
        self._audit = folder / "audit.log"
        policy, logs, log = folder / "audit.yaml", folder / "logs.yaml", folder / "pod.log"
        policy.write_text(_POLICY)
        log.write_text("2026-01-01T00:00:00.000000001Z stdout F hello\n")
        logs.write_text(_LOGS % log)
        self.plane = ControlPlane(
            folder / "plane",
            kwok=True,
            ends_with_us=True,
            more={
                "kube-apiserver": (f"--audit-policy-file={policy}", f"--audit-log-path={self._audit}"),
                "kwok": (f"--config={logs}", f"--node-port={_free_port()}"),
            },
        )

    @property
    def kubeconfig(self) -> Path:
        return self.plane.kubeconfig

    def namespace(self, name: str) -> str:
        self.plane.kubectl("create", "namespace", name)
        if not until(lambda: self.plane.has_account(name), PATIENCE):
            raise TimeoutError(f"{name} has no service account")
        return name

    def end(self, namespace: str) -> None:
        self.plane.kubectl("delete", "namespace", namespace, "--wait=false")

    def mark(self) -> int:
        """Where the book stands now."""
        if not self._audit.exists():
            return 0
        size = self._audit.stat().st_size
        with self._audit.open("rb") as book:
            book.seek(max(0, size - LONGEST_LINE))
            return size - len(book.read(min(size, LONGEST_LINE)).rpartition(b"\n")[2])  # a line may be half written

    def writes(self, since: int = 0) -> list[Write]:
        """What was accepted after a `mark`, in order."""
        with self._audit.open("rb") as book:
            book.seek(since)
            found = [json.loads(line) for line in book.read().rpartition(b"\n")[0].splitlines()]
        return [_write(one) for one in found if one["responseStatus"]["code"] < 300]


def calm(fake: FakeCluster, span: float) -> None:
    """Waits for that many seconds without a write: nothing follows any more. Raises TimeoutError."""
    last, since = fake.mark(), time.monotonic()
    deadline = since + LONGEST_STORM
    while time.monotonic() - since < span:
        if time.monotonic() > deadline:
            raise TimeoutError("the cluster does not calm down")
        time.sleep(0.2)
        if (mark := fake.mark()) != last:
            last, since = mark, time.monotonic()


def _write(event: dict) -> Write:  # type: ignore[type-arg]
    of = event.get("objectRef", {})
    what = "/".join(filter(None, (of.get("resource"), of.get("subresource"))))
    at = datetime.fromisoformat(event["stageTimestamp"]).timestamp()
    agent = event.get("userAgent", "").partition("/")[0]
    return Write(at, agent, event["verb"], what, of.get("namespace", ""), of.get("name", ""))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))
        return int(one.getsockname()[1])


@contextmanager
def fake_cluster() -> Iterator[FakeCluster]:
    folder = Path(tempfile.mkdtemp(prefix="windlass-bench-plane-"))
    made = FakeCluster(folder)
    try:
        made.plane.start()
        fakes.add_nodes(made.plane, NODES)
        made.plane.kubectl("taint", "nodes", "--all", "kwok.x-k8s.io/node-")  # there are no others
        yield made
    finally:
        made.plane.stop()
        shutil.rmtree(folder, ignore_errors=True)
