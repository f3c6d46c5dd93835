"""Why an attempt waits for its program to begin: what its Pod says, with what only this side knows.

In: an attempt, its Pod. Out: a Delay, None when nothing is wrong. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.executors.kubernetes.judging import delay_of
from windlass.executors.kubernetes.services import delay_of_services
from windlass.executors.registry_words import PULLS

if TYPE_CHECKING:
    from windlass.executors.kubernetes.attempt import Attempt
    from windlass.executors.kubernetes.judging import Delay
    from windlass.executors.kubernetes.pods import Pod

PULLED_AGAIN = 20.0  # seconds; a kubelet tries the second time after 10


def why_it_waits(attempt: Attempt, pod: Pod | None) -> Delay | None:
    """The services come first: the step's own container waits for them."""
    if pod is None:
        return None
    services = attempt.launch.services if attempt.launch is not None else ()
    found = delay_of_services(pod, services) or delay_of(pod)
    if found is not None and found.cause in PULLS and attempt.pulls_late and found.patience:
        return replace(found, patience=PULLED_AGAIN)
    return found
