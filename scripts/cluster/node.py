"""A real node: containerd and a kubelet, in a folder, on a bridge.

In: a folder, the network and the API server's address with the cluster's authority. Out: the node `node-1`, which runs
pods from images that were loaded (`images.load`). Two things here are not the usual ones: a machine may lack
CAP_SYS_RESOURCE, so nothing asks for a better place before the kernel's out-of-memory killer; and its cgroups may be
of the first version.
"""

from __future__ import annotations

import json
import shutil
import socket
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.cluster.parts import Part
from scripts.go_tools import TOOLS, built

if TYPE_CHECKING:
    from scripts.cluster.certificates import Authority
    from scripts.cluster.network import Network

NAME = "node-1"
PAUSE = "windlass.test/pause:1"
PLUGINS = Path("/usr/lib/cni")
CGROUPS = Path("/sys/fs/cgroup")


class Node:
    def __init__(self, folder: Path, network: Network, authority: Authority, server: str) -> None:
        self.folder = folder
        self._network = network
        self._authority = authority
        self._server = server

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    @property
    def cgroup(self) -> str:
        return f"/windlass-{self._network.number}"

    @cached_property
    def parts(self) -> dict[str, Part]:
        kubelet: list[str | Path] = [built(TOOLS["kubernetes"]) / "kubelet", f"--config={self.folder}/kubelet.json"]
        kubelet += [f"--kubeconfig={self._authority.folder}/kubelet.kubeconfig", f"--root-dir={self.folder}/kubelet"]
        kubelet += [f"--node-ip={self._network.gateway}", f"--hostname-override={NAME}"]
        containerd = ["containerd", "--config", f"{self.folder}/containerd.toml"]
        return {
            "containerd": Part("containerd", self.folder, containerd),
            "kubelet": Part("kubelet", self.folder, kubelet),
        }

    def start_containerd(self) -> None:
        (self.folder / "cni").mkdir(parents=True, exist_ok=True)
        (self.folder / "cni" / "bridge.conflist").write_text(json.dumps(self._network.cni()))
        (self.folder / "containerd.toml").write_text(self._containerd())
        self.parts["containerd"].start()
        self.parts["containerd"].wait_for(self._answers)

    def _answers(self) -> bool:
        """A socket alone says nothing: one that was killed leaves it."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0

    def start_kubelet(self) -> None:
        _make_cgroup(self.cgroup)
        self._authority.kubeconfig("kubelet", self._server, f"system:node:{NAME}", "system:nodes")
        (self.folder / "kubelet.json").write_text(json.dumps(self._kubelet(), indent=1))
        self.parts["kubelet"].start()

    def _containerd(self) -> str:
        folder = self.folder
        return f"""\
version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
address = "{self.socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{PLUGINS}"
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{folder}/runc"
"""

    def _kubelet(self) -> dict[str, object]:
        certificate, key = self._authority.issue("node", f"system:node:{NAME}", "", (self._network.gateway, NAME))
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self._network.gateway,
            "healthzPort": 0,
            "tlsCertFile": str(certificate),
            "tlsPrivateKeyFile": str(key),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": False},
                "x509": {"clientCAFile": str(self._authority.certificate)},
            },
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "podLogsDir": f"{self.folder}/pods",
            "volumePluginDir": f"{self.folder}/volume-plugins",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": self.cgroup,
            "failCgroupV1": False,
            "failSwapOn": False,
            "oomScoreAdj": 0,
            "makeIPTablesUtilChains": False,
            "resolvConf": "",
            "clusterDNS": [self._network.gateway],  # nobody answers there, and says so at once
            "imageGCHighThresholdPercent": 100,  # an image that is deleted cannot be pulled again
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {  # the disk is shared with others
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "nodefs.inodesFree": "1%",
                "imagefs.available": "1%",
                "imagefs.inodesFree": "1%",
            },
            "maxPods": 200,
            "shutdownGracePeriod": "0s",
        }


def _make_cgroup(name: str) -> None:
    """The kubelet wants it to be there. In the second version, the root has to hand its controllers down."""
    handed_down = CGROUPS / "cgroup.subtree_control"
    for controller in ("cpu", "cpuset", "io", "memory", "pids", "hugetlb") if handed_down.exists() else ():
        with suppress(OSError):  # the kernel has none of this name
            handed_down.write_text(f"+{controller}")
    for folder in cgroups(name):
        folder.mkdir(exist_ok=True)


def cgroups(name: str) -> list[Path]:
    """The folder of a cgroup, one for each hierarchy."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / name.lstrip("/")]
    hierarchies = [found for found in CGROUPS.iterdir() if (found / "cgroup.procs").exists() and not found.is_symlink()]
    return [found / name.lstrip("/") for found in hierarchies]


def why_not() -> str | None:
    """What a node wants of the machine; None: all is there."""
    wanted = {"containerd": "containerd", "runc": "runc", "iptables": "iptables", "ip": "iproute2", "ctr": "containerd"}
    missing = {package for program, package in wanted.items() if shutil.which(program) is None}
    missing |= set() if (PLUGINS / "bridge").exists() else {"containernetworking-plugins"}
    return f"a node needs the packages {' '.join(sorted(missing))}" if missing else None
