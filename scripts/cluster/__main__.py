"""`make cluster` and `make cluster-down`: starts the cluster of this user, says how to use it, ends it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from scripts import go_tools
from scripts.cluster import images, node
from scripts.cluster.cluster import Cluster
from scripts.cluster.control_plane import kubectl
from scripts.cluster.parts import NotReady
from scripts.go_tools import TOOLS, CannotBuild

PARTS = ("etcd", "kubernetes", "kwok", "pause")  # of scripts/go_tools.py


def folder() -> Path:
    """Where this user's cluster lives: WINDLASS_CLUSTER, else below the state folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get("WINDLASS_CLUSTER") or Path(state) / "windlass" / "cluster")


def why_not() -> str | None:
    """Why no cluster can run here; None: it can."""
    if sys.platform != "linux":
        return "a Kubernetes node needs Linux"
    if os.geteuid() != 0:
        return "only root can run a Kubernetes node"
    tools = (go_tools.why_not(TOOLS[name]) for name in PARTS)
    return node.why_not() or images.why_not() or next(filter(None, tools), None)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts.cluster", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "load"])
    parser.add_argument("archive", nargs="*", type=Path, help="for load: images as archives")
    chosen = parser.parse_args(words)
    cluster = Cluster(folder())
    reason = why_not()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 1
    try:
        return {"up": up, "down": down, "load": load}[chosen.action](cluster, chosen.archive)
    except (NotReady, CannotBuild) as error:
        print(error, file=sys.stderr)
        return 1


def up(cluster: Cluster, _: list[Path]) -> int:
    started = time.monotonic()
    if cluster.up():
        print(f"The cluster is up, after {time.monotonic() - started:.1f} s.")
    else:
        print("The cluster is up already.")
    print(f"  export KUBECONFIG={cluster.kubeconfig}")
    print(f"  {kubectl()} get nodes")
    print(f"  images: {' '.join(images.loaded(cluster.node.socket))}")
    return 0


def down(cluster: Cluster, _: list[Path]) -> int:
    if cluster.exists():
        cluster.down()
        print("The cluster is gone.")
    else:
        print("There is no cluster.")
    return 0


def load(cluster: Cluster, archives: list[Path]) -> int:
    for archive in archives:
        images.load(cluster.node.socket, archive)
    print(" ".join(images.loaded(cluster.node.socket)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
