"""A whole cluster with one real node, as `make cluster` starts it.

In: a folder. Out: a running Kubernetes, or nothing: `up` from whatever state a start, a stop or a kill has left, `down`
to a machine that shows no trace. One at a time does either, by a lock beside the folder.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import uuid
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.cluster import images, leftovers
from scripts.cluster.control_plane import KUBERNETES, PORT, ControlPlane, Refused
from scripts.cluster.network import Network
from scripts.cluster.node import NAME, Node
from scripts.cluster.parts import NotReady

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.parts import Part

LONGEST = 70  # of a folder: the kernel takes 107 characters for a socket, and the kubelet adds 33


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.network = Network(self.folder)
        self._user = f"{os.getpid()}-{_started(os.getpid())}-{uuid.uuid4().hex[:8]}"

    @cached_property
    def control_plane(self) -> ControlPlane:
        return ControlPlane(self.folder, address=self.network.gateway, kwok=True)

    @cached_property
    def node(self) -> Node:
        plane = self.control_plane
        return Node(self.folder, self.network, plane.authority, plane.server)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "pki" / "admin.kubeconfig"

    @property
    def parts(self) -> list[Part]:
        return [*self.control_plane.parts.values(), *self.node.parts.values()]

    def up(self) -> bool:
        """Ready for pods when this returns, until `down`. False: it was already. Raises NotReady, CannotBuild."""
        with self._alone():
            started = self._up()
            (self.folder / "kept").touch()
            return started

    def use(self) -> None:
        """Ready for pods as long as this process lives and this object has not said `leave`. Raises as `up`."""
        with self._alone():
            self._up()
            users = self.folder / "users"
            users.mkdir(exist_ok=True)
            (users / self._user).touch()

    def leave(self) -> None:
        """The last one that leaves ends it, unless `up` said to keep it. Who was killed has left."""
        with self._alone():
            users = self.folder / "users"
            (users / self._user).unlink(missing_ok=True)
            left = [user for user in users.glob("*") if not _lives(user.name)]
            for user in left:
                user.unlink(missing_ok=True)
            if not any(users.glob("*")) and not (self.folder / "kept").exists():
                self._down()
                return
            for part in self.parts:
                part.let_go()

    def _up(self) -> bool:
        if len(str(self.folder)) > LONGEST:
            raise NotReady(f"{self.folder} is too long for the sockets in it: {LONGEST} characters at most")
        if self.is_up():
            return False
        self.network.up(KUBERNETES, PORT)
        self.node.start_containerd()
        for image in (images.pause(), images.shell(), images.python()):
            images.load(self.node.socket, image)
        self.control_plane.start()
        leftovers.remember_settings(self.folder)
        leftovers.make_room()
        self.node.start_kubelet()
        self.node.parts["kubelet"].wait_for(self.has_node)
        self.node.parts["kubelet"].wait_for(lambda: self.control_plane.has_account("default"))
        return True

    def is_up(self) -> bool:
        return self.kubeconfig.exists() and all(part.pids() for part in self.parts) and self.has_node()

    def down(self) -> None:
        """Nothing is left when this returns, whatever was there."""
        with self._alone():
            self._down()
        self._lock.unlink(missing_ok=True)

    def exists(self) -> bool:
        """Whether anything of it is there, running or not."""
        return self.folder.exists() or self.network.exists()

    def _down(self) -> None:
        if not self.exists():
            return
        self.node.parts["kubelet"].kill()
        self.control_plane.stop()
        self.node.parts["containerd"].kill()
        leftovers.remove(self.folder, self.node.cgroup, self.network.bridge)
        self.network.down(KUBERNETES, PORT)
        leftovers.remove_folder(self.folder)

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.lock")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        return self.control_plane.kubectl(*words, stdin=stdin)

    def has_node(self) -> bool:
        try:
            node = json.loads(self.kubectl("get", "node", NAME, "--ignore-not-found", "--output=json") or "{}")
        except (Refused, subprocess.TimeoutExpired):
            return False
        conditions = node.get("status", {}).get("conditions", [])
        ready = any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)
        return ready and not node["spec"].get("taints")  # the last thing that keeps pods away


def _started(pid: int) -> str:
    """When, in the kernel's own count: a number that is given again has another."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _lives(user: str) -> bool:
    pid, started = user.split("-")[:2]
    try:
        return _started(int(pid)) == started
    except OSError:
        return False
