"""The working directory of a step in its Pod: the volumes and the containers that fill it and keep it. Pure.

In: what a step needs beside its program. Out: additions to its Pod; a step that needs nothing has none of them.

    windlass-tools   our helper image: puts one static program (busybox) into a volume
    windlass-fill    the step's own image and user: waits until the controller has brought the files (`filling.py`)
    windlass-keep    the same, beside the step and longer than it: waits until they were fetched (`emptying.py`)

That files are unpacked by the step's own user, in its own image, makes them that user's: whatever user it is, modes are
exact and git, ssh and others that look at owners are content. Nothing is asked of the image for it, not even a shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.executors.containers.folder import ROOT
from windlass.executors.kubernetes.pods import FILL, KEEP, TOOLS
from windlass.policies.quantity import amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import Launch

AT = f"{ROOT}-tools"
PRIVATE = f"{ROOT}-private"  # in memory: files with secrets; what stands in their places leads here
PROGRAM = f"{AT}/busybox"
USER = 65532  # of the helper image; any would do
LASTING = 1800  # seconds that what a program left waits for a controller
_UNHURRIED = 3600  # seconds that a Pod waits to be filled
_SMALL = {"cpu": "10m", "memory": "16Mi"}
_ENOUGH = {"memory": "128Mi", "ephemeral-storage": "128Mi"}
_GET_TOOLS = f"cp /bin/busybox {PROGRAM}.new && chmod 0555 {PROGRAM}.new && mv {PROGRAM}.new {PROGRAM}"
# Without a process of their own while they wait: parts look at what else runs in the Pod.
_WAIT = f"""\
cd {AT}
[ -e filled ] && exit 0
[ -p go ] || {PROGRAM} mkfifo go
read -t {_UNHURRIED} word <> go || {{ echo 'no controller brought its files' > /dev/termination-log; exit 1; }}
"""
_STAY = f"""\
trap '' TERM
cd {AT}
until [ -e fetched ]; do
    [ -p end ] || {PROGRAM} mkfifo end
    read -t 60 word <> end
done
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """`owed`: JSON of what is going to be collected, None: nothing; `outputs`: they may be larger than what a kubelet
    hands over; `private`: paths of files that hold secrets, as written."""

    directory: str
    owed: str | None = None
    outputs: bool = False
    private: tuple[str, ...] = ()

    @property
    def keeps(self) -> bool:
        return self.owed is not None or self.outputs


def mount_in(spec: dict[str, Any], workspace: Workspace, storage: str | None) -> None:
    """The volumes, in a Pod with one container. `storage`: the most that the files may take."""
    main = spec["containers"][0]
    limit: dict[str, Any] = {"sizeLimit": storage} if storage is not None else {}
    added: dict[str, dict[str, Any]] = {"windlass": {"emptyDir": limit}, "windlass-tools": {"emptyDir": {}}}
    if workspace.private:
        added["windlass-private"] = {"emptyDir": {"medium": "Memory"}}
    spec.setdefault("volumes", []).extend({"name": name, **source} for name, source in added.items())
    main.setdefault("volumeMounts", []).extend(_mounts(workspace))
    main["workingDir"] = workspace.directory


def surround(spec: dict[str, Any], workspace: Workspace, launch: Launch, helper: str) -> None:
    """The containers, before all others: those end first then, and what is last fetched is whole."""
    main, mounts = spec["containers"][0], _mounts(workspace)
    tools: dict[str, Any] = {"name": "windlass-tools", "mountPath": AT}
    own = {"image": main["image"], "securityContext": dict(main["securityContext"])}
    fill = {"name": FILL, **own, "command": [PROGRAM, "sh", "-c", _WAIT], "volumeMounts": [*mounts, tools]}
    before = [_tools(helper, tools), fill]
    for container in before:
        _limit(container, launch.resources)
    if workspace.keeps:
        stay = {"name": KEEP, **own, "command": [PROGRAM, "sh", "-c", _STAY], "restartPolicy": "Always"}
        stay["volumeMounts"] = [*({**one, "readOnly": True} for one in mounts), tools]
        _limit(stay, _small(launch.resources))
        before.append(stay)
        spec["terminationGracePeriodSeconds"] += LASTING
        if "activeDeadlineSeconds" in spec:
            spec["activeDeadlineSeconds"] += LASTING
    spec["initContainers"] = [*before, *spec.get("initContainers", ())]


def _mounts(workspace: Workspace) -> list[dict[str, Any]]:
    found = [{"name": "windlass", "mountPath": ROOT}]
    return [*found, {"name": "windlass-private", "mountPath": PRIVATE}] if workspace.private else found


def _tools(helper: str, mount: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": TOOLS,
        "image": helper,
        "command": ["/bin/busybox", "sh", "-c", _GET_TOOLS],
        "volumeMounts": [mount],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _limit(container: dict[str, Any], resources: Mapping[str, Mapping[str, str]]) -> None:
    """What comes before the step asks for what the step asks for: that takes no more room on a node, and a quota or a
    policy that wants limits finds them."""
    kept = {
        part: {name: quantity for name, quantity in given.items() if name in ("cpu", "memory", "ephemeral-storage")}
        for part, given in resources.items()
    }
    if any(kept.values()):
        container["resources"] = {part: given for part, given in kept.items() if given}


def _small(resources: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Of a container beside the step, which counts in addition."""
    return {
        part: {name: _less(bound.get(name), quantity) for name, quantity in given.items()}
        for part, given in resources.items()
        for bound in ({"requests": _SMALL, "limits": _ENOUGH}.get(part, {}),)
    }


def _less(one: str | None, other: str) -> str:
    return one if one is not None and amount(one) < amount(other) else other
