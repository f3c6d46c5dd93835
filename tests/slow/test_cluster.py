"""The cluster that other tests stand on: it comes up, runs pods, comes up again after kills, and leaves nothing.

One cluster of this file's own, beside the shared one: the two do not touch each other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripts.cluster import fakes, images, node
from scripts.cluster.cluster import Cluster
from scripts.cluster.control_plane import Refused
from scripts.cluster.parts import until
from tests import cluster as clusters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.control_plane import ControlPlane

ROOT = Path(__file__).resolve().parents[2]
HELLO = ["sh", "-c", "echo hello from $(id -un)"]


@pytest.fixture
def own(cluster: Cluster) -> Iterator[Cluster]:
    """The shared one is up before: a kubelet that starts meanwhile would set what is compared."""
    clusters.wanted()
    with tempfile.TemporaryDirectory(prefix="windlass-cluster-") as place:  # a short path
        made = Cluster(Path(place) / "it")
        try:
            yield made
        finally:
            made.down()


def pod(name: str, image: str, command: list[str], **more: Any) -> str:
    container = {"name": "main", "image": image, "command": command}
    spec = {"restartPolicy": "Never", "containers": [container], **more}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def ended(plane: ControlPlane, namespace: str, name: str) -> str:
    """The phase that a pod ended in."""
    phases: list[str] = []

    def over() -> bool:
        phases.append(plane.kubectl("get", f"-n={namespace}", f"pod/{name}", "-o=jsonpath={.status.phase}"))
        return phases[-1] in ("Succeeded", "Failed")

    assert until(over, clusters.PATIENCE), phases[-1]
    return phases[-1]


def says_hello(cluster: Cluster, name: str) -> None:
    cluster.kubectl("apply", "-f-", stdin=pod(name, images.SHELL, HELLO, securityContext={"runAsUser": 1000}))
    assert ended(cluster.control_plane, "default", name) == "Succeeded"
    assert cluster.kubectl("logs", name) == "hello from worker\n"


def processes() -> Iterator[bytes]:
    """The words of each that lives."""
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            yield found.read_bytes()


def traces(folder: Path, cgroup: str, bridge: str) -> list[str]:
    """What a cluster is seen by on this machine."""
    rules = subprocess.run(["iptables", "-w", "-t", "nat", "-S"], capture_output=True, text=True, check=True).stdout
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    where = f"{folder}/"
    return [
        *(line for line in Path("/proc/mounts").read_text().splitlines() if where in line),
        *(line for line in rules.splitlines() if f"-i {bridge} " in line),
        *(line for line in links.splitlines() if f" {bridge}:" in line or f"master {bridge} " in line),
        *(words.decode() for words in processes() if where.encode() in words),
        *(str(found) for found in node.cgroups(cgroup) if found.exists()),
        *(str(found) for found in (folder, folder.with_name(f"{folder.name}.lock")) if found.exists()),
    ]


def test_up_again_after_every_part_was_killed_and_down_without_a_trace(own: Cluster) -> None:
    assert own.up()
    says_hello(own, "first")
    assert not own.up(), "the second time there is nothing to do"
    own.kubectl("run", "stays", f"--image={images.SHELL}", "--restart=Never", "--", "sleep", "1000")
    own.kubectl("wait", "pod/stays", "--for=condition=Ready", "--timeout=90s")

    for part in own.parts:
        part.kill()
    assert own.up()
    says_hello(own, "second")
    assert own.kubectl("get", "pod/stays", "-o=jsonpath={.status.phase}") == "Running"

    folder, cgroup, bridge = own.folder, own.node.cgroup, own.network.bridge
    before = json.loads((folder / "settings.json").read_text())
    assert len(traces(folder, cgroup, bridge)) > len(own.parts)
    for part in own.parts:
        part.kill()  # what is left has nobody to end it properly
    own.down()
    assert traces(folder, cgroup, bridge) == []
    assert {name: Path(name).read_text() for name in before} == before
    own.down()  # nothing to do


def test_pods_reach_the_api_server_with_their_token(cluster: Cluster, namespace: str) -> None:
    script = (
        "import ssl, urllib.request as web\n"
        "at = '/var/run/secrets/kubernetes.io/serviceaccount/'\n"
        "token = {'Authorization': 'Bearer ' + open(at + 'token').read()}\n"
        "ask = web.Request('https://10.96.0.1/version', headers=token)\n"
        "print(web.urlopen(ask, context=ssl.create_default_context(cafile=at + 'ca.crt')).status)\n"
    )
    cluster.kubectl("apply", f"-n={namespace}", "-f-", stdin=pod("asks", images.PYTHON, ["python3", "-c", script]))
    assert ended(cluster.control_plane, namespace, "asks") == "Succeeded"
    assert cluster.kubectl("logs", f"-n={namespace}", "asks") == "200\n"


def test_fake_pods_end_as_their_image_says_and_no_other_lands_there(fake_cluster: ControlPlane) -> None:
    where = {"nodeSelector": fakes.SELECTOR, "tolerations": fakes.TOLERATIONS}
    with clusters.namespace_in(fake_cluster) as space:
        for name, image in (("well", "any/image:1"), ("badly", "any/exit-2:1"), ("on", "any/forever:1")):
            fake_cluster.kubectl("apply", f"-n={space}", "-f-", stdin=pod(name, image, [], **where))
        fake_cluster.kubectl("apply", f"-n={space}", "-f-", stdin=pod("ordinary", "any/image:1", []))
        assert ended(fake_cluster, space, "well") == "Succeeded"
        assert ended(fake_cluster, space, "badly") == "Failed"
        fake_cluster.kubectl("wait", f"-n={space}", "pod/on", "--for=condition=Ready", "--timeout=90s")
        why = "-o=jsonpath={.status.conditions[0].reason}"
        assert until(
            lambda: fake_cluster.kubectl("get", f"-n={space}", "pod/ordinary", why) == "Unschedulable",
            clusters.PATIENCE,
        )


def test_parts_of_a_control_plane_are_killed_paused_and_restarted(fake_cluster: ControlPlane) -> None:
    fake_cluster.kill("kube-apiserver")
    assert not fake_cluster.ready()
    fake_cluster.restart("kube-apiserver")
    with clusters.namespace_in(fake_cluster) as space:
        fake_cluster.pause("etcd")
        with pytest.raises(Refused):
            fake_cluster.kubectl("create", "configmap", "slow", f"-n={space}", "--request-timeout=1s")
        fake_cluster.resume("etcd")
        fake_cluster.wait()
        fake_cluster.kubectl("create", "configmap", "again", f"-n={space}")


def test_a_control_plane_does_not_outlive_the_process_that_started_it(tmp_path: Path) -> None:
    clusters.wanted()
    program = (
        "import os, pathlib, sys\n"
        "from scripts.cluster.control_plane import ControlPlane\n"
        "ControlPlane(pathlib.Path(sys.argv[1]), controllers=False, scheduler=False, ends_with_us=True).start()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "plane"], cwd=ROOT, check=False, timeout=200)
    assert done.returncode == -9
    assert (tmp_path / "plane" / "logs" / "kube-apiserver.log").stat().st_size > 0
    assert until(lambda: traces(tmp_path / "plane", "/none", "none") == [str(tmp_path / "plane")], clusters.PATIENCE)
