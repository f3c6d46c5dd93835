"""The network of a node: a bridge with an address of its own, on which the whole cluster listens.

In: a cluster's folder. Out: a bridge `wl-N`, told from others by its hardware address, with the network 10.88.N.0/24;
pods get their addresses from it, and one rule leads them from the API server's service address to its real one, as
kube-proxy would. Nothing of it is reachable from other machines, and nothing that is set for the machine changes.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from functools import cached_property
from pathlib import Path

MOST = 200  # networks, and so clusters with a node, side by side


class Network:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def number(self) -> int:
        """Of this folder: the bridge that bears its mark, else a new one."""
        found = self._found()
        return found if found is not None else next(n for n in range(MOST) if self._make(n))

    @property
    def _mark(self) -> str:
        """A hardware address: what the kernel takes at the moment of creation, unlike another name."""
        return ":".join(["02", *re.findall("..", hashlib.sha256(str(self.folder).encode()).hexdigest()[:10])])

    def _found(self) -> int | None:
        return next((number for number, mark in bridges().items() if mark == self._mark), None)

    def _make(self, number: int) -> bool:
        """The kernel lets one alone have the name."""
        if _ip("link", "add", f"wl-{number}", "address", self._mark, "type", "bridge").returncode != 0:
            return False
        _ip("link", "set", f"wl-{number}", "alias", str(self.folder)[:250])  # for people
        return True

    def exists(self) -> bool:
        return self._found() is not None

    @property
    def bridge(self) -> str:
        return f"wl-{self.number}"

    @property
    def gateway(self) -> str:
        return f"10.88.{self.number}.1"

    def up(self, service: str, port: int) -> None:
        """`service`: the address that pods know the API server by. Does nothing the second time."""
        _ip("address", "replace", f"{self.gateway}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        rule = self._rule(service, port)
        if _iptables("-C", *rule).returncode != 0:
            done = _iptables("-A", *rule)
            assert done.returncode == 0, done.stderr

    def down(self, service: str, port: int) -> None:
        if not self.exists():
            return
        while _iptables("-D", *self._rule(service, port)).returncode == 0:
            pass
        _ip("link", "delete", self.bridge)
        del self.number

    def _rule(self, service: str, port: int) -> list[str]:
        target = f"{self.gateway}:{port}"
        which = ["PREROUTING", "-i", self.bridge, "-p", "tcp", "-d", service, "--dport", "443"]
        return [*which, "-j", "DNAT", "--to-destination", target]

    def cni(self) -> dict[str, object]:
        """What the plugins are told: the bridge is there already, and no address of the machine is touched."""
        subnet = f"10.88.{self.number}.0/24"
        addresses = {
            "type": "host-local",
            "ranges": [[{"subnet": subnet, "gateway": self.gateway}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": f"{self.folder}/addresses",
        }
        bridge = {"type": "bridge", "bridge": self.bridge, "isGateway": False, "ipMasq": False, "ipam": addresses}
        return {"cniVersion": "0.4.0", "name": self.bridge, "plugins": [bridge]}


def bridges() -> dict[int, str]:
    """Number → mark, of every cluster of this machine that has a node."""
    shown = json.loads(_ip("-json", "link", "show", "type", "bridge").stdout or "[]")
    return {int(n): link["address"] for link in shown if (n := link["ifname"].removeprefix("wl-")).isdigit()}


def _ip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)


def _iptables(action: str, *rule: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["iptables", "-w", "-t", "nat", action, *rule], capture_output=True, text=True, check=False)
