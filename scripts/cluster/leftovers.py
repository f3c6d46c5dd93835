"""What a node leaves on a machine, also when its parts were killed: containers, mounts, cgroups, links.

In: the folder of a cluster whose kubelet and containerd have ended. Out: a machine as it was before. Every step finds
what is there by the folder or the number of the cluster, so it does not matter who ended what, and a second time is
harmless.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from scripts.cluster.node import cgroups
from scripts.cluster.parts import PATIENCE, kubelets, pids, until

SHIM = "containerd-shim-runc-v2"
LINKS = Path("/var/log/containers")  # the kubelet makes one link here for each container, wherever the logs are
CNI_RESULTS = Path("/var/lib/cni/results")
KUBELET = Path("/var/lib/kubelet")
WATCHERS = Path("/proc/sys/fs/inotify/max_user_instances")  # each part of a cluster takes some, of all users' 128
ENOUGH = 1024
SETTINGS = [  # that a kubelet sets, and the one above
    Path("/proc/sys") / name
    for name in (
        "fs/inotify/max_user_instances",
        *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
        *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
    )
]


def remove(folder: Path, cgroup: str, network: str) -> None:
    """All of a node; the folder stays."""
    _end_shims(folder)
    _end_containers(cgroup)
    _sockets_of_shims(folder)
    for hierarchy in cgroups(cgroup):
        _remove_cgroup(hierarchy)
    for result in CNI_RESULTS.glob(f"{network}-*"):
        result.unlink(missing_ok=True)
    for link in LINKS.glob("*"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{folder}/"):
            link.unlink(missing_ok=True)
    _restore_settings(folder)
    _leave_shared_places()


def remember_settings(folder: Path) -> None:
    """Before the first kubelet of a cluster: it sets some of the kernel's to what it likes."""
    path = folder / "settings.json"
    if not path.exists():
        making = path.with_suffix(".making")
        making.write_text(json.dumps({str(found): found.read_text() for found in SETTINGS if found.exists()}))
        making.replace(path)


def make_room() -> None:
    """A kubelet does not start where nobody may watch one more file; changed as little as its own settings are."""
    with suppress(OSError):  # not ours to set here: then it has to do
        if int(WATCHERS.read_text()) < ENOUGH:
            WATCHERS.write_text(str(ENOUGH))


def _restore_settings(folder: Path) -> None:
    path = folder / "settings.json"
    if path.exists():
        for name, value in json.loads(path.read_text()).items():
            Path(name).write_text(value)


def _leave_shared_places() -> None:
    """What every kubelet of a machine makes in the same place, once the last one has gone; only when it is empty."""
    if kubelets():
        return
    for socket in ("kubelet.sock", "kubelet_internal_checkpoint"):
        (KUBELET / "device-plugins" / socket).unlink(missing_ok=True)
    for place in (KUBELET / "device-plugins", KUBELET, LINKS, CNI_RESULTS, CNI_RESULTS.parent):
        with suppress(OSError):
            place.rmdir()


def _end_shims(folder: Path) -> None:
    def left() -> bool:
        for pid in (found := pids(SHIM, folder)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not found

    assert until(left, PATIENCE), "shims of containerd do not end"


def _end_containers(cgroup: str) -> None:
    def left() -> bool:
        found = {int(pid) for folder in cgroups(cgroup) for pid in _members(folder)}
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not found

    assert until(left, PATIENCE), f"processes of {cgroup} do not end"


def _members(hierarchy: Path) -> list[str]:
    with suppress(OSError):
        return [pid for procs in hierarchy.rglob("cgroup.procs") for pid in procs.read_text().split()]
    return []


def _remove_cgroup(hierarchy: Path) -> None:
    """From the leaves to the root: a cgroup with another inside cannot go."""

    def gone() -> bool:
        for folder in sorted(hierarchy.rglob("*/"), key=lambda path: -len(path.parts)):
            with suppress(OSError):
                folder.rmdir()
        with suppress(OSError):
            hierarchy.rmdir()
        return not hierarchy.exists()

    assert until(gone, 10), f"{hierarchy} cannot be removed"


def _sockets_of_shims(folder: Path) -> None:
    """They lie apart from everything else; a shim that was killed cannot remove its own."""
    for address in (folder / "containerd-state").glob("*/*/*/address"):
        with suppress(OSError):
            Path(address.read_text().removeprefix("unix://")).unlink(missing_ok=True)


def mounts(folder: Path) -> list[str]:
    """Everything mounted below, in the order it came."""
    found = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [
        mount for mount in (one.encode().decode("unicode_escape") for one in found) if mount.startswith(f"{folder}/")
    ]


def remove_folder(folder: Path) -> None:
    """Raises AssertionError while something is mounted in it: what is removed could be somebody else's files."""
    for mount in reversed(mounts(folder)):
        subprocess.run(["umount", "-l", mount], capture_output=True, check=False)
    assert not mounts(folder), f"cannot be unmounted: {mounts(folder)}"
    shutil.rmtree(folder, ignore_errors=not folder.exists())
