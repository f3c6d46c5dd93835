"""Two controllers on one PostgreSQL: the one that leads is killed, stands still, or loses its ledger under load.

What counts is what happened: each start of an attempt leaves a line in a file, and the ledger has to agree with it.
"""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest
from tests.postgres import IN_CI
from tests.slow.installation import LONG, LONGER_THAN_A_LEASE, Installation
from tests.slow.jumping import COMPILER
from tests.slow.waiting import until

from windlass.clock import from_rfc3339

MARK = 'echo "$WINDLASS_RUN_ID/$WINDLASS_STEP/$WINDLASS_ATTEMPT" >> "$STARTS"'
CHAIN = f"""inputs: {{starts: {{type: string}}}}
env: {{STARTS: "${{{{ inputs.starts }}}}"}}
defaults: {{retry: {{attempts: 5}}}}
steps:
  - {{name: one, idempotent: true, run: '{MARK}; sleep 0.2'}}
  - {{name: two, idempotent: true, run: '{MARK}; sleep 0.2'}}
  - {{name: three, idempotent: true, run: '{MARK}'}}
"""
HELD = f"""inputs: {{starts: {{type: string}}, flag: {{type: string}}}}
env: {{STARTS: "${{{{ inputs.starts }}}}", FLAG: "${{{{ inputs.flag }}}}"}}
steps:
  held: {{run: '{MARK}; while [ ! -e "$FLAG" ]; do sleep 0.05; done'}}
  after: {{needs: [held], run: '{MARK}'}}
"""
TICKING = """triggers: {schedule: [{cron: "* * * * * *", overlap: allow}]}
steps: [{run: 'true'}]
"""
FILES = {"chain": CHAIN, "held": HELD}


def test_a_standby_goes_on_when_the_leader_is_killed(installation) -> None:
    here = installation(FILES)
    here.repo.add("ticking", TICKING)
    first = here.controller("a").leads()
    second = here.controller("b")
    here.web.start()
    runs = [begin(here, "chain") for _ in range(8)]
    until(lambda: len(here.started()) >= 10)
    first.kill()
    late = until(lambda: _begun(here))
    second.leads()
    ended = [here.web.ended(run) for run in [*runs, late]]
    assert {run["status"] for run in ended} == {"succeeded"}, [run["message"] for run in ended]
    here.check_once(ended)
    assert len(here.started()) >= 27
    ticks = Counter(run["trigger"]["scheduledAt"] for run in here.web.runs(workflow="ticking"))
    assert ticks
    assert set(ticks.values()) == {1}, "one run for a tick, whoever leads"
    assert here.epoch()[0] == 2
    assert here.epoch()[1].endswith(second.url)


def begin(here: Installation, name: str, **inputs: str) -> str:
    return here.begin(name, starts=str(here.starts), **inputs)


def _begun(here: Installation) -> str | None:
    """A run that was asked for while nobody leads is refused, and asked for again."""
    path = f"/api/v1/workflows/{here.repo.name}/chain/runs"
    answer = here.web.http.post(path, json={"inputs": {"starts": str(here.starts)}})
    if answer.status_code == 201:
        return str(answer.json()["id"])
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"]
    return None


def test_a_leader_that_stood_still_starts_and_writes_nothing(installation, tmp_path) -> None:
    here = installation(FILES)
    first = here.controller("a").leads()
    second = here.controller("b")
    here.web.start()
    flag = tmp_path / "flag"
    run = begin(here, "held", flag=str(flag))
    until(here.started)
    first.signal(signal.SIGSTOP)
    second.leads()
    epoch = here.epoch()
    lost = here.web.ended(run)
    assert (lost["status"], lost["cause"]) == ("errored", "lost"), "a process of another machine, as far as it can tell"
    flag.touch()  # what the old leader would go on with, if it could
    other = begin(here, "chain")
    first.signal(signal.SIGCONT)
    assert first.wait() == 1, first.log
    assert "election.lost" in first.log or "another controller has taken over" in first.log
    assert "Traceback" not in first.log
    ended = here.web.ended(other)
    assert ended["status"] == "succeeded"
    assert here.web.run(run) == lost, "terminal is final"
    assert list(here.started()) == [f"{run}/held/1", *(f"{other}/{step}/1" for step in ("one", "two", "three"))]
    here.check_once([ended, lost])
    assert here.epoch() == epoch
    assert second.alive
    again = here.controller("c")  # as a service manager does
    assert again.ask("/readyz").status_code in (200, 503)
    until(lambda: again.ask("/readyz").status_code == 200)
    assert "windlass_leading 0.0" in again.ask("/metrics").text


def test_a_leader_that_is_stopped_hands_over_at_once(installation) -> None:
    """With spans that would take minutes otherwise."""
    spans = {"WINDLASS_LEASE_DURATION": "10m", "WINDLASS_RENEW_DEADLINE": "5m", "WINDLASS_RETRY_PERIOD": "200ms"}
    here = installation(FILES)
    first = here.controller("a", **spans).leads()
    second = here.controller("b", **spans)
    first.stop()
    second.leads()
    second.kill()
    second.start().leads()  # on its own data folder it need not wait either
    assert here.epoch()[0] == 3


def test_a_ledger_that_is_restarted_under_load_costs_nothing_but_time(installation, postgres) -> None:
    here = installation(FILES, **LONG)
    leader = here.controller("a").leads()
    standby = here.controller("b")
    here.web.start()
    runs = [begin(here, "chain") for _ in range(8)]
    until(lambda: len(here.started()) >= 6)
    postgres.stop("immediate")
    postgres.start()
    ended = [here.web.ended(run) for run in [*runs, until(lambda: _begun(here))]]
    assert {run["status"] for run in ended} == {"succeeded"}
    assert {len(step["attempts"]) for run in ended for step in run["steps"].values()} == {1}
    here.check_once(ended)
    assert here.epoch()[0] == 1
    assert leader.alive
    assert standby.alive


@pytest.mark.skipif(COMPILER is None and not IN_CI, reason="there is no C compiler: no clock can be moved")
def test_a_clock_that_jumps_changes_nobodys_mind(installation, jump) -> None:
    here = installation(FILES)
    leader = here.controller("a", **jump(0)).leads()
    standby = here.controller("b")
    here.web.start()
    for hour in (3600, -3600):
        jump(hour)
        run = here.web.ended(begin(here, "chain"))
        assert run["status"] == "succeeded"
        off = from_rfc3339(run["createdAt"]) / 1000 - time.time()
        assert abs(off - hour) < 300, "its clock has jumped indeed"
        assert not standby.says("ready", LONGER_THAN_A_LEASE)
    assert leader.alive
    assert here.epoch()[0] == 1
