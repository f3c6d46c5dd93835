"""The volumes of a Pod: those that the step asks for, and ours. Pure.

In: the step's `pod.volumes`, the files that the attempt's Secret holds. Out: `volumes` of the Pod and `volumeMounts` of
its container.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from windlass.executors.containers.folder import ROOT
from windlass.executors.kubernetes.errors import UnfitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import Launch

FILES = f"{ROOT}-files"  # what the Secret holds of them
OURS = ("windlass", "windlass-files", "windlass-tools", "windlass-private")


def mount(spec: dict[str, Any], launch: Launch, secret: str, files: list[str], *, scratch: bool) -> None:
    """The step's volumes and ours. The Secret's keys are numbers: a file's name may hold what a key may not.

    `scratch`: it needs a place to write to."""
    found = [_volume(one) for one in launch.pod.get("volumes") or ()]
    if files:
        items = [{"key": f"file.{number}", "path": name} for number, name in enumerate(files)]
        source = {"secret": {"secretName": secret, "items": items, "defaultMode": 0o555}}
        found.append(("windlass-files", source, {"mountPath": FILES, "readOnly": True}))
    if scratch:
        found.append(("windlass", {"emptyDir": {}}, {"mountPath": ROOT}))
    if found:
        spec["volumes"] = [{"name": name, **source} for name, source, _ in found]
        spec["containers"][0]["volumeMounts"] = [{"name": name, **mount} for name, _, mount in found]


def _volume(one: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Raises UnfitError."""
    name, path = one["name"], posixpath.normpath(one["mountPath"])
    if not path.startswith("/") or path.startswith("//") or path == "/" or _is_ours(path):
        raise UnfitError(f"pod.volumes: {name} cannot be mounted at {one['mountPath']}")
    if name in OURS:
        raise UnfitError(f"pod.volumes: the name {name} is taken")
    return name, _source(one), {"mountPath": path, **({"readOnly": True} if one.get("readOnly") else {})}


def _is_ours(path: str) -> bool:
    return f"{path}/".startswith(
        (f"{ROOT}/", f"{FILES}/", f"{ROOT}-tools/", f"{ROOT}-private/", "/dev/", "/proc/", "/sys/")
    )


def _source(one: Mapping[str, Any]) -> dict[str, Any]:
    if one.get("claim"):
        return {"persistentVolumeClaim": {"claimName": one["claim"]}}
    if one.get("configMap"):
        return {"configMap": {"name": one["configMap"]}}
    if one.get("secret"):
        return {"secret": {"secretName": one["secret"]}}
    return {"emptyDir": {}}
