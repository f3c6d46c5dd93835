"""What a Pod's status means: why an attempt waits, and how it ended. Causes, not mysteries.

In: a Pod as far as it is read. Out: a Delay while it has not begun, a Verdict once it is over. Pure. The words are
those of `runs/causes.py`; what Kubernetes says itself goes on as the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from windlass.executors.kubernetes.pods import TOOLS, service_of
from windlass.executors.registry_words import REFUSED, is_final, pull_cause

if TYPE_CHECKING:
    from windlass.executors.kubernetes.pods import ContainerStatus, Pod, Terminated

# Reasons of the condition DisruptionTarget (KEP-3329)
DISRUPTIONS = {
    "PreemptionByScheduler": ("preempted", "a Pod with a higher priority took its place"),
    "DeletionByTaintManager": ("node-lost", "its node became unusable"),
    "EvictionByEvictionAPI": ("drained", "it was evicted, as when a node is drained"),
    "DeletionByPodGC": ("node-lost", "its node is gone"),
    "TerminationByKubelet": ("evicted", "its node ran short of resources, or shuts down"),
}
# Reasons of a Pod's status
STATUSES = {
    "Evicted": "evicted",
    "Preempting": "preempted",
    "NodeLost": "node-lost",
    "NodeShutdown": "node-lost",
    "Terminated": "node-lost",
    "DeadlineExceeded": "timeout",
    "NodeAffinity": "unschedulable",
    "UnexpectedAdmissionError": "evicted",
}
REFUSED_BY_NODE = ("OutOf", "Out of")  # OutOfcpu, OutOfmemory…: the node had no room after all
_NOT_BEGUN = ("StartError", "ContainerCannotRun", "ContainerStatusUnknown")
_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed")
_UNUSABLE = ("InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_CONFIG = "CreateContainerConfigError"
_NOT_CREATED = ("CreateContainerError", "RunContainerError")
_MISSING = re.compile(r'(secret|configmap) "?[^"]*"? not found|couldn\'t find key|references non-existent', re.I)
_MESSAGE = 1000  # characters


@dataclass(frozen=True, slots=True)
class Delay:
    """Why it has not begun. `patience`: seconds after which that is its end; None: as long as the runner waits.
    `ends_as`: the cause of that end, if it is another."""

    cause: str
    message: str
    patience: float | None = None
    ends_as: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """As `runs.model.Ended`: `exit_code` None when nothing ran to its end."""

    exit_code: int | None
    cause: str | None = None
    message: str | None = None
    begun: bool = True  # its program was started


UNPROVEN = Verdict(None, "lost", "its Pod is gone, and nothing proves how it ended", begun=False)


# ---- before the program runs


def delay_of(pod: Pod) -> Delay | None:
    """None: it runs, or is on its way and nothing is wrong."""
    scheduled = pod.condition("PodScheduled")
    if scheduled is not None and scheduled.status == "False" and not pod.spec.node_name:
        return Delay("unschedulable", _text(scheduled.message or scheduled.reason))
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        found = waits(status)
        if found is not None and status.name == TOOLS:  # an image that the workflow does not name
            return replace(found, message=f"helperImage of the runner: {found.message}")
        if found is not None:
            return found
    return None


def waits(status: ContainerStatus) -> Delay | None:
    """Why a container is not created; None: nothing is wrong with it."""
    waiting = status.state.waiting
    if waiting is None:
        return None
    message = _text(waiting.message or waiting.reason)
    if waiting.reason in _UNUSABLE:
        return Delay("image-pull", message, 0.0)
    if waiting.reason in _PULLING:
        cause = pull_cause(message)
        return Delay(cause, message, 1.0 if cause == REFUSED and is_final(message) else 15.0)
    if waiting.reason == _CONFIG:
        return Delay("config-missing" if _MISSING.search(message) else "start-failed", message, 10.0)
    if waiting.reason in _NOT_CREATED:
        return Delay("start-failed", message, 5.0)
    return None


def delay_by_event(reason: str, message: str) -> Delay | None:
    """What only an Event tells: of a Pod that waits for its volumes, of a Job that gets no Pod."""
    text = _text(message)
    if reason == "FailedCreate":
        if "exceeded quota" in text:
            return Delay("quota", text)
        return Delay("admission-refused", text, 0.0 if _is_refusal(text) else 20.0)
    if reason in ("FailedMount", "FailedAttachVolume"):
        missing = bool(_MISSING.search(text))
        return Delay("config-missing" if missing else "volume", text, 10.0 if missing else None)
    if reason == "FailedCreatePodSandBox":
        return Delay("sandbox", text)
    return None


def _is_refusal(text: str) -> bool:
    return any(word in text for word in ("forbidden", "denied", "Invalid value", "is invalid"))


# ---- after it


def verdict_of(pod: Pod) -> Verdict:
    """Of a Pod that is over. `terminated` missing: it never ran, or its node is not there to tell."""
    ended = pod.state.terminated
    if ended is not None and ended.reason not in _NOT_BEGUN:
        if ended.exit_code == 0:
            return Verdict(0)
        return Verdict(ended.exit_code, *_why(pod, ended))
    crashed = _crashed_first(pod)
    if crashed is not None:
        return crashed
    disrupted = disruption(pod)
    if disrupted is not None:
        return Verdict(None, *disrupted, begun=ended is not None and ended.reason == "ContainerStatusUnknown")
    if ended is not None and ended.reason == "ContainerStatusUnknown":
        return Verdict(None, "node-lost", _text(ended.message) or "its node does not know what became of it")
    if ended is not None:
        return Verdict(None, "start-failed", runtime_words(ended.message), begun=False)
    text = _text(pod.status.message or pod.status.reason) or "its Pod ended before its container was started"
    return Verdict(None, "start-failed", text, begun=False)


def _why(pod: Pod, ended: Terminated) -> tuple[str | None, str | None]:
    """Of a program that ended with another code than 0."""
    if ended.reason == "OOMKilled":
        return "oom-killed", "the kernel ended it because memory ran out"
    return disruption(pod) or (None, None)


def disruption(pod: Pod) -> tuple[str, str] | None:
    """Cause and message when it was not the program's fault; None: nothing says so."""
    reason = pod.status.reason
    if reason == "DeadlineExceeded":
        return "timeout", "it ran longer than the limit that its Pod was given"
    if reason.startswith(REFUSED_BY_NODE):
        return "evicted", _text(pod.status.message) or reason
    target = pod.condition("DisruptionTarget")
    if target is not None and target.status == "True":
        cause, said = DISRUPTIONS.get(target.reason, ("evicted", target.reason))
        if reason in ("NodeShutdown", "Terminated"):
            cause = "node-lost"
        return cause, _text(f"{said}: {pod.status.message or target.message}".rstrip(": "))
    if reason in STATUSES:
        return STATUSES[reason], _text(pod.status.message) or reason
    return None


def verdict_of_gone(pod: Pod | None) -> Verdict:
    """Of one that is no more; `pod` as it was last, None: there never was one."""
    if pod is None:
        return Verdict(None, "pod-deleted", "its Job was deleted before its Pod was made", begun=False)
    begun = pod.state.running is not None or pod.state.terminated is not None
    disrupted = disruption(pod)
    if disrupted is not None:
        return Verdict(None, *disrupted, begun=begun)
    who = "its Pod was deleted, and nobody here did it"
    return Verdict(None, "pod-deleted", who if begun else f"{who}, before its program began", begun=begun)


def _crashed_first(pod: Pod) -> Verdict | None:
    for status in pod.status.init_container_statuses:
        ended = status.state.terminated
        if ended is not None and ended.exit_code != 0 and service_of(status.name) is None:
            said = _text(ended.message or ended.reason)
            message = f"the init container {status.name} ended with exit code {ended.exit_code}"
            return Verdict(None, "init-failed", f"{message}: {said}" if said else message, begun=False)
    return None


def runtime_words(message: str) -> str:
    """A container runtime wraps the reason in many words; the last ones are it."""
    text = _text(message)
    found = re.search(r'exec: "(?P<program>[^"]*)": (?P<why>.*)$', text)
    if found is not None:
        return f"{found['program']}: {found['why'].removesuffix(': unknown')}"
    return text or "its container could not be started"


def _text(message: str) -> str:
    return " ".join(message.split())[:_MESSAGE]
