"""A launch as a Job, and as the Secret that goes with it.

In: a Launch. Out: the objects to create: the Job first, its Secret right after, owned by it. A script of a shell is an
argument; other files, and values that must not show, come from the Secret, which exists only if there are any. Pure.
"""

from __future__ import annotations

import base64
import json
import posixpath
import shlex
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.executors.containers.driver import DRIVER, driver_files
from windlass.executors.containers.folder import ROOT
from windlass.executors.kubernetes import naming
from windlass.executors.kubernetes.attempt import OWES, TERMS, Remembered
from windlass.executors.kubernetes.engine import give_engine
from windlass.executors.kubernetes.errors import UnfitError
from windlass.executors.kubernetes.pods import CONTAINER
from windlass.executors.kubernetes.pull_secret import give_pull_secret
from windlass.executors.kubernetes.services import give_services
from windlass.executors.kubernetes.variables import Variables, literal
from windlass.executors.kubernetes.volumes import FILES, mount
from windlass.executors.kubernetes.workspace import mount_in, surround

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.executors.kubernetes.terms import Terms
    from windlass.executors.kubernetes.workspace import Workspace
    from windlass.runs.model import Launch

OUTPUT = "/dev/termination-log"
OUTPUTS_IN = f"{ROOT}/output"  # of those that may be larger
INPUTS = "inputs.json"
OUTPUTS = 4096  # bytes: what the kubelet keeps of that file
MASKS = "masks"
MARK = "mark"
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_LONGEST_WORD = 120_000  # bytes of one argument; Linux takes 131,072 with the final zero
_LONGEST_NOTE = 100_000  # characters of one annotation; all of them may have 256 KiB
_LARGEST_SECRET = 1_000_000  # bytes; the API server takes 1 MiB
_SURROUNDINGS = f"""\
mkdir -p DIRECTORY && cd DIRECTORY || exit 126
: > {ROOT}/env
: > {ROOT}/variables.sh
trap 'stopped=1; made TERM ""' TERM
"""  # nobody else tells a part to end: a kubelet tells the first process alone
# A limit can be edited by whoever may edit Jobs; this cannot: whatever fails, no second Pod is made (promise R2).
ONCE = {
    "rules": [
        {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}},
        {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]
}
SPARE = 300  # seconds: the cluster's own limit comes after ours


@dataclass(slots=True)
class Objects:
    """`secret` lacks the reference to the Job, whose uid is not known yet. `engine`: the container of `docker: true`,
    as it was made. `files` go into the workspace, by name. `pull`: another Secret, for the kubelet."""

    job: dict[str, Any]
    secret: dict[str, Any] | None
    files: dict[str, str]
    engine: dict[str, Any] | None = None
    pull: dict[str, Any] | None = None


@dataclass(slots=True)
class _Draft:
    """What is collected for the Secret, or for the workspace: files by name; variables that must not show."""

    variables: Variables
    place: str = FILES  # where its files are going to be
    files: dict[str, str] = field(default_factory=dict)


def objects_of(
    launch: Launch, terms: Terms, namespace: str, mark: str | None, workspace: Workspace | None = None
) -> Objects:
    """`mark`: of the driver of parts. Raises UnfitError."""
    name = naming.object_name(launch.key)
    image = launch.image or terms.image
    if not image:
        raise UnfitError("it names no image, and its runner has none for steps without one (`image`)")
    draft = _Draft(Variables(name, launch.masks), FILES if workspace is None else ROOT)
    command = _parts(launch, mark, draft, workspace) if launch.parts else _command(launch, draft)
    env = _environment(launch, draft, workspace)
    pod = _pod(launch, image, command, env)
    _give_services(pod, launch, draft)
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": naming.labels(launch.key),
        "annotations": naming.notes(launch.key),
    }
    brought, draft.files = (draft.files, {}) if workspace is not None else ({}, draft.files)
    secret = _secret(launch, metadata, draft, mark)
    mount(pod, launch, name, list(draft.files), scratch=bool(launch.parts) and workspace is None)
    if workspace is not None:
        mount_in(pod, workspace, _storage(launch, terms))
    engine = _give_engine(pod, launch, terms)
    if workspace is not None:
        surround(pod, workspace, launch, terms.helper)
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "backoffLimit": 0,
            "podFailurePolicy": ONCE,
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": terms.unread,
            "template": {
                "metadata": _pod_metadata(launch, metadata, secret is not None, workspace),
                "spec": pod,
            },
        },
    }
    return Objects(job, secret, brought, engine, give_pull_secret(pod, launch.registries, metadata))


def _storage(launch: Launch, terms: Terms) -> str | None:
    """The most that a workspace may take: what the step asks for, else what its policy allows."""
    for part in ("limits", "requests"):
        if (asked := launch.resources.get(part, {}).get("ephemeral-storage")) is not None:
            return asked
    most = terms.policy.limits.get("ephemeral-storage")
    return str(int(most)) if most is not None else None


# ---- the program


def _command(launch: Launch, draft: _Draft) -> list[str]:
    """A shell gets its script as an argument: no file, so nothing for a kubelet to fetch and mount. Where files are
    brought anyway it is one of them, as everywhere."""
    *before, last = launch.argv
    script = launch.script
    if script is None:
        return [literal(word) for word in launch.argv]
    plain = draft.place == FILES and last == "{script}" and not any("{script}" in word for word in before)
    if plain and before and posixpath.basename(before[0]) in _SHELLS and len(script.encode()) < _LONGEST_WORD:
        return [*before, "-c", literal(script), launch.script_name]
    draft.files[launch.script_name] = script
    return [literal(word.replace("{script}", f"{draft.place}/{launch.script_name}")) for word in launch.argv]


def _parts(launch: Launch, mark: str | None, draft: _Draft, workspace: Workspace | None) -> list[str]:
    directory = f"{ROOT}/work" if workspace is None else workspace.directory
    surroundings = _SURROUNDINGS.replace("DIRECTORY", shlex.quote(directory))
    try:
        written = driver_files(launch, mark or "", surroundings, files=draft.place)
    except ValueError as error:
        raise UnfitError(str(error)) from error
    draft.files |= written
    for part in launch.parts:
        if part.script is not None:
            draft.files[part.script_name] = part.script
    return ["sh", f"{draft.place}/{DRIVER}"]


# ---- the environment


def _environment(launch: Launch, draft: _Draft, workspace: Workspace | None) -> list[dict[str, Any]]:
    env = dict(launch.env) | {"WINDLASS_OUTPUT": OUTPUTS_IN if workspace and workspace.outputs else OUTPUT}
    if launch.parts:
        env["WINDLASS_ENV"] = f"{ROOT}/env"
    if workspace is not None or _wants_inputs(launch) or draft.files:
        draft.files[INPUTS] = launch.inputs
        env["WINDLASS_INPUTS"] = f"{draft.place}/{INPUTS}"
    return draft.variables.of(env, launch.unset)


def _wants_inputs(launch: Launch) -> bool:
    """Only a program that we do not see, or that names it, may read it: most steps need no file for it."""
    if launch.inputs == "{}":
        return False
    texts = (launch.script or "", *launch.argv, *launch.env.values())
    return launch.script is None or any("WINDLASS_INPUTS" in text for text in texts)


def _give_services(pod: dict[str, Any], launch: Launch, draft: _Draft) -> None:
    try:
        give_services(pod, launch.services, draft.variables)
    except ValueError as error:
        raise UnfitError(str(error)) from error


def _give_engine(pod: dict[str, Any], launch: Launch, terms: Terms) -> dict[str, Any] | None:
    if not launch.docker:
        return None
    try:
        return deepcopy(give_engine(pod, launch, terms.engine))
    except ValueError as error:
        raise UnfitError(str(error)) from error


# ---- the Secret


def _secret(launch: Launch, metadata: Mapping[str, Any], draft: _Draft, mark: str | None) -> dict[str, Any] | None:
    if not draft.files and not draft.variables.hidden and not launch.masks and mark is None:
        return None
    data = {f"file.{number}": text for number, text in enumerate(draft.files.values())}
    data |= draft.variables.hidden
    if launch.masks:  # for a controller that adopts it
        data[MASKS] = json.dumps(launch.masks)
    if mark is not None:
        data[MARK] = mark
    encoded = {name: base64.b64encode(text.encode("utf-8", "surrogateescape")).decode() for name, text in data.items()}
    if sum(map(len, encoded.values())) > _LARGEST_SECRET:
        raise UnfitError("its scripts, inputs and secrets are larger than what a Kubernetes Secret can hold (1 MiB)")
    return {"apiVersion": "v1", "kind": "Secret", "metadata": dict(metadata), "immutable": True, "data": encoded}


# ---- the Pod


def _pod_metadata(
    launch: Launch, metadata: Mapping[str, Any], secret: bool, workspace: Workspace | None
) -> dict[str, Any]:
    """The step's own labels and annotations, without those that are ours to give. Raises UnfitError."""
    kept = Remembered(launch.output_limit, launch.kill_after, launch.quiet_timeout, secret)
    notes = {}
    if workspace is not None:
        kept.keeps, kept.outputs = workspace.keeps, workspace.outputs
        if workspace.owed is not None:
            notes[OWES] = workspace.owed
            if len(workspace.owed) > _LONGEST_NOTE:
                raise UnfitError("its artifacts and caches have more paths than the kubernetes runner can remember")
    pod = launch.pod
    own = {
        part: {name: value for name, value in (pod.get(part) or {}).items() if not _reserved(name)}
        for part in ("labels", "annotations")
    }
    ours = {"labels": metadata["labels"], "annotations": {**metadata["annotations"], **notes, TERMS: kept.text()}}
    return {part: {**own[part], **ours[part]} for part in ours}


def _reserved(name: str) -> bool:
    domain = name.partition("/")[0] if "/" in name else ""
    return domain == naming.PREFIX or domain.endswith((f".{naming.PREFIX}", "kubernetes.io", "k8s.io"))


def _pod(launch: Launch, image: str, command: list[str], env: list[dict[str, Any]]) -> dict[str, Any]:
    """Pod Security `baseline`, and a little more: images as they are run, root inside included."""
    pod = launch.pod
    own = pod.get("securityContext") or {}
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": image,
        "command": command,
        "env": env,
        "terminationMessagePath": OUTPUT,
        "terminationMessagePolicy": "File",
        "securityContext": {"allowPrivilegeEscalation": False}
        | ({"readOnlyRootFilesystem": True} if own.get("readOnlyRootFilesystem") else {}),
    }
    if launch.resources:
        container["resources"] = {part: dict(given) for part, given in launch.resources.items()}
    security = {name: own[name] for name in ("runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup") if name in own}
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "shareProcessNamespace": True,  # a program that is the first process of all would ignore TERM
        "terminationGracePeriodSeconds": -(-launch.kill_after // 1000),
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, **security},
        "containers": [container],
    }
    if launch.timeout is not None:
        spec["activeDeadlineSeconds"] = -(-(launch.timeout + launch.kill_after) // 1000) + SPARE
    return spec | _wishes(pod)


def _wishes(pod: Mapping[str, Any]) -> dict[str, Any]:
    """What a step may ask of the cluster; whether it gets it, the policy says."""
    names = {
        "nodeSelector": "nodeSelector",
        "serviceAccount": "serviceAccountName",
        "priorityClass": "priorityClassName",
        "runtimeClass": "runtimeClassName",
        "hostNetwork": "hostNetwork",
    }
    found: dict[str, Any] = {theirs: pod[ours] for ours, theirs in names.items() if pod.get(ours)}
    if pod.get("tolerations"):
        found["tolerations"] = [
            {name: value for name, value in one.items() if value is not None} for one in pod["tolerations"]
        ]
    if pod.get("imagePullSecrets"):
        found["imagePullSecrets"] = [{"name": name} for name in pod["imagePullSecrets"]]
    return found
