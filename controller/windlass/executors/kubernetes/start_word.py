"""The word that a program has begun, told once.

In: the Pod in which it was seen. Out: `Told.started`. Of one that is first seen when it is over, the word comes with
that of its end, so that one commit records both: a step that does little costs the ledger no more than it must. Where
its end takes long to tell (a long log is read), the start is not kept back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from windlass.executors.containers.log_copy import millis_of
from windlass.executors.now import now_millis

if TYPE_CHECKING:
    from windlass.executors.kubernetes.attempt import Attempt, Told
    from windlass.executors.kubernetes.pods import Pod

TOGETHER = 0.25  # seconds for which it waits for the end


class StartWord:
    def __init__(self, attempt: Attempt, told: Told) -> None:
        self._attempt = attempt
        self._told = told
        self._owed: tuple[Pod, str, int] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, pod: Pod, namespace: str) -> None:
        self._tell(pod, namespace, now_millis())

    def tell_soon(self, pod: Pod, namespace: str) -> None:
        """With `tell_now`, or a moment later."""
        self._owed = (pod, namespace, now_millis())
        self._timer = asyncio.get_running_loop().call_later(TOGETHER, self.tell_now)

    def tell_now(self) -> None:
        """What is owed."""
        self.hold_back()
        if self._owed is not None:
            self._tell(*self._owed)
            self._owed = None

    def hold_back(self) -> None:
        """Nothing is told by itself any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, pod: Pod, namespace: str, at: int) -> None:
        attempt = self._attempt
        if attempt.told_started:
            return
        attempt.told_started = True
        state = pod.state.running or pod.state.terminated
        if attempt.launch is None and state is not None and state.started_at:
            at = min(at, millis_of(state.started_at)) or at
        handle = {"namespace": namespace, "job": attempt.name, "uid": attempt.job_uid}
        handle |= {"pod": pod.metadata.name, "node": pod.spec.node_name}
        self._told.started(attempt, at, handle)
