"""What is answered as never started does not start, though the request for it is still on its way (R2, R26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.executors.conftest import wait_until

from windlass.executors.kubernetes.barrier import BARRED, barrier, is_barrier
from windlass.executors.kubernetes.beginning import BARRED_SAID
from windlass.executors.kubernetes.pods import conditions_of
from windlass.executors.kubernetes.spec import objects_of
from windlass.kube.errors import AlreadyExists
from windlass.kube.resources import JOBS

if TYPE_CHECKING:
    from tests.executors.kubernetes_bench import Kube


def test_what_was_never_made_cannot_be_made_any_more(kube: Kube) -> None:
    key = kube.key()
    executor = kube.executor()
    executor.adopt({key: None})
    ended = kube.seen.ended(key)
    assert (ended.cause, ended.message) == ("never-started", BARRED_SAID)
    late = objects_of(kube.launch("true"), kube.terms, kube.namespace, None).job
    with pytest.raises(AlreadyExists):
        kube.call(kube.client.create(JOBS, late, kube.namespace))
    wait_until(lambda: "Complete" in conditions_of(kube.job()))
    assert is_barrier(kube.job())
    assert kube.pods() == []
    executor.close(kill=False)
    kube.data = kube.data.with_name("before")  # nothing on its disk tells it
    held_up = kube.executor()  # who led before, and asks only now
    held_up.start([kube.launch("true")])
    assert kube.seen.ended(key).cause == "never-started"
    held_up.close(kill=False)
    kube.data = kube.data.with_name("after")
    again = kube.executor()  # a third one, that was not told how it ended
    again.adopt({key: None})
    assert kube.seen.ended(key).cause == "never-started"


def test_a_request_that_was_faster_is_found(kube: Kube) -> None:
    made = objects_of(kube.launch("echo here"), kube.terms, kube.namespace, None).job
    kube.call(kube.client.create(JOBS, made, kube.namespace))
    executor = kube.executor()
    executor.adopt({kube.key(): None})
    ended = kube.seen.ended(kube.key())
    assert ended.exit_code == 0
    assert not is_barrier(kube.job())


def test_a_job_that_only_says_so_is_none(kube: Kube) -> None:
    """Its annotations can be edited by anybody who may edit Jobs."""
    made = objects_of(kube.launch("true"), kube.terms, kube.namespace, None).job
    made["metadata"]["annotations"][BARRED] = "said somebody"
    assert not is_barrier(made)
    assert is_barrier(barrier(kube.key(), kube.namespace))


def test_many_are_found_by_one_list(kube: Kube) -> None:
    """Those that run, those that were never made, and one whose name is somebody else's."""
    names = [f"s{number}" for number in range(30)]
    keys = {name: kube.key(name) for name in names}
    nowhere = {"nodeSelector": {"there": "is-none"}}
    for name in names[:2]:
        made = objects_of(kube.launch("true", name), kube.terms, kube.namespace, None).job
        kube.call(kube.client.create(JOBS, made, kube.namespace))
    foreign = objects_of(kube.launch("true", names[2], pod=nowhere), kube.terms, kube.namespace, None).job
    foreign["metadata"]["annotations"]["windlass.dev/run"] = "another"
    kube.call(kube.client.create(JOBS, foreign, kube.namespace))
    executor = kube.executor()
    executor.adopt(dict.fromkeys(keys.values()))
    ends = [kube.seen.ended(keys[name]) for name in names]
    assert [end.exit_code for end in ends[:2]] == [0, 0]
    assert (ends[2].cause, "not of this attempt" in ends[2].message) == ("lost", True)
    assert {end.cause for end in ends[3:]} == {"never-started"}
