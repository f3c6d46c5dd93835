"""Many things going on at once: what is due is seen in time although not everything is looked at each time."""

from __future__ import annotations

import random

import pytest

from windlass.plan.loop import Loop
from windlass.plan.model import Retry, Wait
from windlass.runs import timers
from windlass.runs.model import Ended, Started


def played(world_class, plan, seed):
    """A run driven by its own wake-ups and by ends at random: (time, what, key) of each start and stop; its end."""
    chance = random.Random(seed)
    world, seen = world_class(plan).tell(), []
    launched = stopped = 0
    while not world.ended():
        seen += [(world.now, "start", key) for key in world.launched[launched:]]
        seen += [(world.now, "stop", key) for key in world.stopped[stopped:]]
        for key in world.launched[launched:]:
            world.tell(Started(key, world.now, {"pid": 1}))
        launched, stopped = len(world.launched), len(world.stopped)
        ending = [key for key in world.running if key in set(world.stopped)]
        if not ending and chance.random() < 0.3 and world.running:
            ending = [chance.choice(list(world.running))]
        for key in ending:
            del world.running[key]
            world.tell(Ended(key, world.now, chance.choice([0, 0, 1])))
        if not ending:
            assert world.wake_at is not None or world.running
            world.later(50)
    return seen, world.statuses(), world.head.status


@pytest.mark.parametrize("seed", range(6))
def test_looking_at_little_changes_nothing(seed, world_class, make_plan, make_step, monkeypatch):
    steps = [make_step(f"s{n}", timeout=200 + 130 * n) for n in range(8)]
    steps += [make_step(f"r{n}", retry=Retry(attempts=3, delay=170 * n + 60)) for n in range(4)]
    steps += [make_step(f"w{n}", wait=Wait(span=330 * n + 10)) for n in range(4)]
    steps += [make_step("each", loop=Loop("forEach", source=12, max_parallel=5, fail_fast=False), timeout=900)]
    steps += [make_step("after", "s1", "w2", continue_on_error=True), make_step("tell", section="finally")]
    plan = make_plan(*steps, timeout=20_000)
    monkeypatch.setattr(timers, "FEW", 10**6)
    exact = played(world_class, plan, seed)
    monkeypatch.setattr(timers, "FEW", 0)
    assert played(world_class, plan, seed) == exact


def test_each_timeout_of_many_comes_at_its_time(world, step):
    many = world(*(step(f"s{n}", timeout=1000 + 10 * n) for n in range(100)))
    begun = many.now
    many.tell(*(Started(key, begun, {"pid": 1}) for key in many.launched))
    while len(many.stopped) < 100:
        assert many.wake_at is not None
        many.later(many.wake_at - many.now)
        assert [key.path for key in many.stopped] == [f"s{n}" for n in range((many.now - begun - 1000) // 10 + 1)]


def test_a_retry_among_many_comes_at_its_time(world, step):
    many = world(
        *(step(f"s{n}", timeout=60_000) for n in range(100)), step("again", retry=Retry(attempts=2, delay=500))
    )
    many.end("again", 1)
    assert many.wake_at == many.now + 500
    many.later(499)
    assert [key.number for key in many.running if key.path == "again"] == []
    many.later(1)
    assert [key.number for key in many.running if key.path == "again"] == [2]
