"""The last words about an attempt: its verdict with what only this side knows, and its outputs. Pure.

In: an attempt and its Pod as it was last. Out: the parts of its Over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.executors.kubernetes.judging import UNPROVEN, Verdict
from windlass.executors.kubernetes.spec import OUTPUTS
from windlass.masking import Mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.executors.kubernetes.attempt import Attempt
    from windlass.executors.kubernetes.pods import Pod


def explained(attempt: Attempt, verdict: Verdict, pod: Pod | None) -> Verdict:
    """With what only we know: that we ended it, or that somebody else did."""
    begun = verdict.begun and not (pod is not None and _is_unknown(pod) and not attempt.told_started)
    if attempt.stop_asked:
        return Verdict(verdict.exit_code, None, verdict.message or "stopped", begun)
    if pod is None and attempt.told_started:
        return UNPROVEN
    if attempt.verdict is not None:
        return Verdict(None, attempt.verdict.cause, attempt.verdict.message, begun)
    deleted = pod is not None and pod.metadata.deletion_timestamp is not None
    if deleted and verdict.cause is None and verdict.exit_code != 0:
        said = "its Pod was deleted, and nobody here did it"
        return Verdict(verdict.exit_code, "pod-deleted", said, verdict.begun)
    return verdict


def _is_unknown(pod: Pod) -> bool:
    """What the kubelet says of a container that it never made, when its Pod ends."""
    ended = pod.state.terminated
    return ended is not None and ended.reason == "ContainerStatusUnknown"


def outputs_of(pod: Pod, limit: int, masks: Sequence[str]) -> bytes:
    """At most one byte more than the limit; without what must not show. The kubelet keeps the last 4,096 bytes, so as
    many as that may have been more."""
    ended = pod.state.terminated
    data = ended.message.encode("utf-8", "surrogateescape") if ended is not None else b""
    return shown(data.ljust(OUTPUTS + 1) if len(data) >= OUTPUTS else data, limit, masks)


def spilled(pod: Pod, masks: Sequence[str] | None) -> bool:
    """Whether a value stands in the Pod itself, where its outputs are. `masks` None: nobody knows, so it does."""
    ended = pod.state.terminated
    if ended is None or not ended.message:
        return False
    data = ended.message.encode("utf-8", "surrogateescape")
    return masks is None or bool(Mask(masks).stretches(data))


def shown(data: bytes, limit: int, masks: Sequence[str]) -> bytes:
    """At most one byte more than the limit; without what must not show."""
    if masks:
        data = Mask(masks).whole(data) if len(data) <= limit else b" " * (limit + 1)
    return data[: limit + 1]
