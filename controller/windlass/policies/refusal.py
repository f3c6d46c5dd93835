"""What a policy refuses: the field of the pod and the reason. In: nothing. Out: `Refusal`. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """One field that is not allowed. `field` is a path in the pod: `spec.containers[0].securityContext.privileged`."""

    field: str
    reason: str
