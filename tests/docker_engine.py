"""A real Docker engine of the tests' own, from Debian's package, with one small image that needs no registry."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.remains import search

from windlass.executors.docker.api import Engine, EngineAway

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_CI = os.environ.get("CI", "") not in ("", "false", "0")
IMAGE = "windlass-test:1"
PATIENCE = 60.0
_BUSYBOX = next((Path(p) for p in ("/bin/busybox", "/usr/bin/busybox") if Path(p).exists()), None)


def why_not() -> str | None:
    """Why this machine cannot run one; None: it can."""
    if os.geteuid() != 0:
        return "only root can run a Docker engine"
    if shutil.which("dockerd") is None:
        return "dockerd is missing: install the package docker.io"
    if _BUSYBOX is None:
        return "the image for tests is made of busybox: install the package busybox-static"
    return None


class Dockerd:
    """An engine in a folder, reached by a socket. Containers have no network but those that are made for them, in
    addresses of its own: nothing of this machine's is touched."""

    def __init__(self, folder: Path, *, disk: str | None = None) -> None:
        """`disk`: the size of a disk of its own, such as `64m`; None: that of the folder."""
        self.folder = folder
        if disk is not None:
            (folder / "root").mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs", folder / "root"], check=True)
        self.host = f"unix://{folder}/sock"
        self.environment = {"DOCKER_HOST": self.host}
        self.engine = Engine(self.environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._containerd: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._start_containerd()
        command = [
            *("dockerd", "--containerd", f"{self.folder}/containerd.sock"),
            *("--data-root", f"{self.folder}/root", "--exec-root", f"{self.folder}/exec"),
            *("--pidfile", f"{self.folder}/pid", "-H", self.host, "--storage-driver", "vfs"),
            *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
            *("--default-address-pool", f"base={_addresses(os.getpid())},size=28"),
        ]
        (self.folder / "pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()[-3000:]
            assert time.monotonic() < deadline, "dockerd does not answer"
            time.sleep(0.05)

    def _start_containerd(self) -> None:
        """A process of its own, as distributions have it: it lives on when the engine is killed."""
        if self._containerd is not None:
            return
        (self.folder / "containerd.toml").write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        command = [
            *(
                "containerd",
                "--config",
                f"{self.folder}/containerd.toml",
                "--address",
                f"{self.folder}/containerd.sock",
            ),
            *("--root", f"{self.folder}/containerd", "--state", f"{self.folder}/containerd-state"),
        ]
        with (self.folder / "containerd.log").open("ab") as log:
            self._containerd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _answers(self) -> bool:
        try:
            self.engine.version()
        except EngineAway:
            return False
        return True

    def load_image(self) -> None:
        """Busybox with a link for each of its applets: what `docker import` would make of such a folder."""
        tar = io.BytesIO()
        assert _BUSYBOX is not None
        applets = subprocess.run([str(_BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout.split()
        with tarfile.open(fileobj=tar, mode="w") as made:
            for name, mode in (("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777)):
                folder = tarfile.TarInfo(name)
                folder.type, folder.mode = tarfile.DIRTYPE, mode
                made.addfile(folder)
            made.add(_BUSYBOX.resolve(), "bin/busybox")
            for name in applets:
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                if name != "busybox":
                    made.addfile(link)
            accounts = tarfile.TarInfo("etc/passwd")
            text = b"root:x:0:0::/:/bin/sh\nworker:x:1234:4321::/:/bin/sh\n"
            accounts.size, accounts.mode = len(text), 0o644
            made.addfile(accounts, io.BytesIO(text))
        self._import(tar.getvalue(), IMAGE)
        self._import(tar.getvalue(), "windlass-user:1", "USER worker")

    def _import(self, tar: bytes, image: str, *changes: str) -> None:
        name, _, tag = image.partition(":")
        query = {"fromSrc": "-", "repo": name, "tag": tag, **({"changes": changes[0]} if changes else {})}
        with self.engine.exchange("POST", "/images/create", tar, {}, query=query) as answer:
            answer.read()

    def commit(self, image: str, change: str) -> None:
        """The image of the tests with one more instruction of a Dockerfile."""
        made = self.engine.json("POST", "/containers/create", {"Image": IMAGE, "Cmd": ["true"]})["Id"]
        name, _, tag = image.partition(":")
        self.engine.json("POST", "/commit", {}, container=made, repo=name, tag=tag, changes=change)
        self.engine.json("DELETE", f"/containers/{made}")

    def kill(self) -> None:
        """As if it were to crash: what its containers are made of lives on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)

    def stop(self) -> None:
        """With every container."""
        if self._process is not None and self._process.poll() is None:
            for found in self.engine.json("GET", "/containers/json", all="1"):
                self.engine.json("DELETE", f"/containers/{found['Id']}", force="1")
        for process in (self._process, self._containerd):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)
        self._unmount()

    def _unmount(self) -> None:
        """What an engine that was killed has left mounted."""
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", mount], check=False)

    def containers(self) -> list[str]:
        """Names, with those that have ended."""
        return [found["Names"][0].lstrip("/") for found in self.engine.json("GET", "/containers/json", all="1")]

    def put(self, container: str, path: str, data: bytes) -> None:
        """A file into a container; one that is not there any more does not matter."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as made:
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode = len(data), 0o666
            made.addfile(info, io.BytesIO(data))
        headers = {"Content-Type": "application/x-tar"}
        where = f"/containers/{container}/archive"
        with self.engine.exchange("PUT", where, tar.getvalue(), headers, query={"path": "/"}) as answer:
            answer.read()

    def inspect(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = self.engine.json("GET", f"/containers/{container}/json")
        return found

    def times_started(self, container: str) -> int:
        """By the engine's own events."""
        return len(self._starts(container=[container]))

    def started_of(self, run: str) -> set[str]:
        """The names of containers with a run's label that were started, also of those that are gone."""
        return {event["Actor"]["Attributes"]["name"] for event in self._starts(label=[f"windlass.run={run}"])}

    def _starts(self, **filters: list[str]) -> list[dict[str, Any]]:
        wanted = json.dumps({"type": ["container"], "event": ["start"], **filters})
        query = {"since": "0", "until": f"{time.time():.9f}", "filters": wanted}
        with self.engine.exchange("GET", "/events", query=query) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]


def _addresses(pid: int) -> str:
    """Of one engine's networks; those of processes that were started one after another differ."""
    return f"10.{200 + pid // 16 % 50}.{pid % 16 * 16}.0/20"


def engines() -> Iterator[Dockerd]:
    """What a fixture yields: an engine until the end, or the reason why there is none; in CI there must be one."""
    reason = why_not()
    if reason is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="windlass-dockerd-", ignore_cleanup_errors=True) as folder:
        made = Dockerd(Path(folder))
        try:
            made.start()
            made.load_image()
            yield made
        finally:
            made.stop()
            search(Path(folder), skipped=("containerd",))  # which keeps what a container is given
