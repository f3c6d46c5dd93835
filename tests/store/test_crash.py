"""The process dies between any two statements: a transaction is there as a whole, or not at all."""

from __future__ import annotations

import json

import pytest

SCRIPT = """
import os, sys
from windlass.runs.model import Attempt, RunHead, Step, StepKey
from windlass.store.batch import Batch
from windlass.store.ledger import Ledger

die_at = int(sys.argv[2])
calls = 0

class Counting:
    def __init__(self, real):
        self.real = real

    def __getattr__(self, name):
        call = getattr(self.real, name)
        if name not in ("begin", "change", "change_many", "insert", "commit"):
            return call

        def counted(*arguments):
            global calls
            calls += 1
            if calls == die_at:
                os._exit(9)
            return call(*arguments)

        return counted

ledger = Ledger.open(sys.argv[1])
ledger.writer.take_over("me", 1)
ledger.writer._connection = Counting(ledger.writer._connection)
head = RunHead("run1", "shop", "deploy", None)
steps = [Step(StepKey(name), attempts=(Attempt(1),)) for name in ("a", "b")]

def work(tx):
    tx.insert_firing("shop", "deploy", "schedule[0]", "1000", 1000, head.id, None, 1001)
    tx.insert_run(head, b"{}", "d", "t", steps)
    tx.add_event("run", head.id, {})
    tx.set_schedule("shop", "deploy", "schedule[0]", "d", 2000, 1000)

ledger.writer.write(work)
print("told", flush=True)
os._exit(0)
"""


def test_a_transaction_is_whole_or_not_there(open_ledger, url, python) -> None:
    """Killed at each statement in turn; at the end, right after the writer said that it is committed."""
    ledger = open_ledger()
    outcomes = []
    for number in range(1, 40):
        done = python(SCRIPT, url, str(number))
        found = {
            "run": ledger.reads.run("run1") is not None,
            "steps": len(ledger.reads.steps("run1")) == 2,
            "attempts": len(ledger.reads.open_attempts()) == 2,
            "firing": len(ledger.reads.firings("shop", "deploy")) == 1,
            "schedule": len(ledger.reads.schedules()) == 1,
            "event": ledger.reads.newest_event() > 0,
        }
        assert len(set(found.values())) == 1, f"half of it at call {number}: {json.dumps(found)}"
        outcomes.append((done.returncode, found["run"]))
        if done.returncode == 0:
            assert done.stdout == "told\n"
            break
        assert done.returncode == 9, done.stderr
        if found["run"]:
            break
    assert outcomes[-1] == (0, True)
    assert outcomes[:-1] == [(9, False)] * (len(outcomes) - 1)
    assert len(outcomes) > 8


@pytest.mark.parametrize("ended", [False, True])
def test_the_epoch_outlives_a_crash(open_ledger, url, python, ended) -> None:
    script = "import os, sys\nfrom windlass.store.ledger import Ledger\nledger = Ledger.open(sys.argv[1])\n"
    script += "print(ledger.writer.take_over('me', 1), flush=True)\n" + (
        "ledger.close()\n" if ended else "os._exit(9)\n"
    )
    assert [python(script, url).stdout.strip() for _ in range(2)] == ["1", "2"]
    assert open_ledger().writer.take_over("me", 1) == 3
