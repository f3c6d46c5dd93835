"""Jobs of runs that have ended are removed after a while, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import TIMEOUT

from windlass.executors.kubernetes.naming import object_name
from windlass.kube.resources import JOBS, PODS
from windlass.runs.model import AttemptKey

if TYPE_CHECKING:
    from tests.executors.kubernetes_bench import Kube

    from windlass.runs.model import Launch


def of(kube: Kube, run: str, step: str = "step", script: str = "true") -> Launch:
    launch = kube.launch(script, step)
    return replace(launch, key=AttemptKey(run, step, "", 1))


def test_jobs_of_ended_runs_go_and_no_others(kube: Kube) -> None:
    ended, kept, busy = (of(kube, f"{kube.run}-{name}") for name in ("ended", "kept", "busy"))
    still = of(kube, busy.key.run, "still", "sleep 1000")
    barred = AttemptKey(ended.key.run, "barred", "", 1)
    executor = kube.executor(keep=1)
    executor.start([ended, kept, busy, still])
    executor.adopt({barred: None})
    for key in (ended.key, kept.key, busy.key, barred):
        kube.seen.ended(key, TIMEOUT)
    executor.forget(busy.key)
    executor.forget(ended.key)
    left = {object_name(key) for key in (kept.key, busy.key, still.key, barred)}
    wait_until(lambda: {job["metadata"]["name"] for job in kube.list(JOBS)} == left, TIMEOUT)
    wait_until(lambda: len(kube.list(PODS)) == 3, TIMEOUT)
    executor.close(kill=True)


def test_what_is_forgotten_stays_for_a_while(kube: Kube) -> None:
    launch = kube.launch("true")
    executor = kube.executor()
    executor.start([launch])
    kube.seen.ended(launch.key, TIMEOUT)
    executor.forget(launch.key)
    executor.close(kill=False)
    assert kube.job()["spec"]["ttlSecondsAfterFinished"] == kube.terms.unread
