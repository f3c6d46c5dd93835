"""Logs of the real kubelet: complete and in order through broken connections, our restarts, and Pods that vanish."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import yaml
from tests.canary import keeps
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import TIMEOUT, Kube

from windlass.kube.access import Place
from windlass.kube.resources import PODS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Lines until somebody has seen enough of them.
WRITES_ON = """
n=0; until [ -e /tmp/enough ]; do n=$((n+1)); echo line $n; [ $((n % 4)) = 0 ] && sleep 0.02; done; printf end
"""
COUNT = 400
WRITES = (
    f"n=0; while [ $n -lt {COUNT} ]; do n=$((n+1)); echo line $n; [ $((n % 4)) = 0 ] && sleep 0.02; done; printf end"
)
WHOLE = "".join(f"line {n}\n" for n in range(1, COUNT + 1)) + "end"


class Cable:
    """Between us and the API server: a TCP forwarder all of whose connections can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self.cuts = 0
        self.place = Place()  # of a kubeconfig that leads through it
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            pair = (near, socket.create_connection(self._target))
            with self._lock:
                self._pairs.add(pair)
            threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        try:
            while True:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    other[ready].sendall(data)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._pairs.discard((near, far))
            near.close()
            far.close()

    def cut(self) -> None:
        with self._lock:
            pairs = list(self._pairs)
        self.cuts += bool(pairs)
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()


@pytest.fixture
def cable(kube: Kube, tmp_path: Path) -> Iterator[Cable]:
    """`kube` reaches its API server through it."""
    config = yaml.safe_load(Path(str(kube.terms.place.kubeconfig)).read_text())
    cluster = config["clusters"][0]["cluster"]
    server = urlsplit(cluster["server"])
    made = Cable(str(server.hostname), int(server.port or 443))
    cluster |= {"server": f"https://127.0.0.1:{made.port}", "tls-server-name": str(server.hostname)}
    path = keeps(tmp_path / "through-the-cable")
    path.write_text(yaml.safe_dump(config))
    made.place = Place(str(path))
    yield made
    made.close()


def written(kube: Kube) -> bytes:
    path = kube.executors[-1].log_path(kube.key())
    return path.read_bytes() if path is not None and path.exists() else b""


def test_connections_that_break_again_and_again(kube: Kube, cable: Cable) -> None:
    launch = kube.launch(WRITES_ON)
    kube.executor(place=cable.place).start([launch])
    kube.seen.started(launch.key)
    while cable.cuts < 5:
        size = len(written(kube))
        wait_until(lambda size=size: len(written(kube)) > size, TIMEOUT)
        cable.cut()
    kube.execute("step", ": > /tmp/enough")
    assert kube.seen.ended(launch.key, TIMEOUT).exit_code == 0
    *lines, end = kube.log().decode().split("\n")
    assert lines == [f"line {n}" for n in range(1, len(lines) + 1)]
    assert end == "end"


@pytest.mark.parametrize("masks", [(), ("secret-word",)])
def test_controllers_that_come_and_go(kube: Kube, masks: tuple[str, ...]) -> None:
    launch = kube.launch(WRITES, masks=masks)
    executor = kube.executor()
    executor.start([launch])
    handle = kube.seen.started(launch.key).handle
    for share in (0.2, 0.5, 0.8):
        wait_until(lambda share=share: len(written(kube)) > share * len(WHOLE), TIMEOUT)
        executor.close(kill=False)
        executor = kube.executor()
        executor.adopt({launch.key: handle})
    assert kube.seen.ended(launch.key, TIMEOUT).exit_code == 0
    assert kube.log().decode() == WHOLE


def test_the_last_lines_of_a_pod_that_vanishes(kube: Kube) -> None:
    """It is told to end, says something more, and is gone from the API a moment later."""
    launch = kube.launch("trap 'echo last words; exit 3' TERM; echo begun; while :; do sleep 0.05; done")
    kube.executor().start([launch])
    wait_until(lambda: written(kube) == b"begun\n", TIMEOUT)
    kube.call(kube.client.delete(PODS, kube.pod()["metadata"]["name"], kube.namespace, grace=30))
    found = kube.seen.ended(launch.key, TIMEOUT)
    assert found.cause == "pod-deleted"
    assert kube.log() == b"begun\nlast words\n"


def test_what_cannot_be_had_any_more_has_a_mark(kube: Kube) -> None:
    """Its Pod went while no controller was there."""
    launch = kube.launch("echo begun; while :; do sleep 0.05; done")
    kube.executor().start([launch])
    handle = kube.seen.started(launch.key).handle
    wait_until(lambda: written(kube) == b"begun\n", TIMEOUT)
    name = kube.pod()["metadata"]["name"]
    kube.executors[-1].close(kill=False)
    kube.call(kube.client.delete(PODS, name, kube.namespace, grace=0))
    wait_until(lambda: not kube.pods(), TIMEOUT)
    kube.executor().adopt({launch.key: handle})
    found = kube.seen.ended(launch.key, TIMEOUT)
    assert (found.exit_code, found.cause) == (None, "lost"), "how it ended is known to nobody"
    assert kube.log().startswith(b"begun\n")
    assert b"what it wrote after this is lost" in kube.log()
