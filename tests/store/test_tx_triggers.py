"""What makes a trigger fire once: firings, deliveries, idempotency keys; and where schedules stand (R11, R15)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from windlass.store.values import ScheduleRow

DAY = 86_400_000


def test_a_tick_fires_once_whoever_asks(ledger) -> None:
    def fire(number: int) -> bool:
        return ledger.writer.write(
            lambda tx: tx.insert_firing("shop", "deploy", "schedule[0]", "1000", 1000, f"run{number}", None, 1001)
        )

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(fire, range(20))) == [False] * 19 + [True]
    assert len(ledger.reads.firings("shop", "deploy")) == 1


def test_ticks_differ_by_trigger_and_key(ledger) -> None:
    def work(tx) -> list[bool]:
        keys = [("shop", "a", "s", "1"), ("shop", "b", "s", "1"), ("shop", "a", "t", "1"), ("shop", "a", "s", "2")]
        return [tx.insert_firing(*key, None, None, "why", 5) for key in keys]

    assert ledger.writer.write(work) == [True] * 4


def test_firings_are_listed_newest_first_with_their_reason(ledger) -> None:
    def work(tx) -> None:
        for n in range(5):
            reason = "skipped: overlap" if n == 3 else None
            tx.insert_firing("shop", "a", "schedule[0]", str(n), n * 1000, None if reason else f"r{n}", reason, n + 7)
        tx.insert_firing("shop", "other", "schedule[0]", "0", 0, "r", None, 9)

    ledger.writer.write(work)
    page = ledger.reads.firings("shop", "a", 2)
    assert [row.key for row in page] == ["4", "3"]
    assert page[1].to_json() == {
        "trigger": "schedule[0]",
        "scheduledAt": "1970-01-01T00:00:03.000Z",
        "at": "1970-01-01T00:00:00.010Z",
        "run": None,
        "reason": "skipped: overlap",
    }
    assert [row.key for row in ledger.reads.firings("shop", "a", 9, before=page[1].id)] == ["2", "1", "0"]


def test_schedules_are_replaced_and_deleted(ledger) -> None:
    def work(tx) -> None:
        tx.set_schedule("shop", "a", "schedule[0]", "d1", 2000, 1000)
        tx.set_schedule("shop", "a", "schedule[0]", "d2", None, 2000)
        tx.set_schedule("shop", "a", "schedule[1]", "d", 5, 4)
        tx.set_schedule("farm", "z", "schedule[0]", "d", 5, 4)
        tx.delete_schedule("shop", "a", "schedule[1]")
        tx.delete_schedules("farm")

    ledger.writer.write(work)
    assert ledger.reads.schedules() == [ScheduleRow("shop", "a", "schedule[0]", "d2", None, 2000)]


def test_a_delivery_is_remembered_for_its_time(ledger) -> None:
    answer = {"runs": [{"id": "1"}]}
    ledger.writer.write(lambda tx: tx.remember_delivery("shop/push", "id\0-é", answer, 10 * DAY))
    find = ledger.writer.write
    assert find(lambda tx: tx.find_delivery("shop/push", "id\0-é", 10 * DAY)) == answer
    assert find(lambda tx: tx.find_delivery("shop/push", "id\0-é", 10 * DAY + 1)) is None
    assert find(lambda tx: tx.find_delivery("shop/other", "id\0-é", 0)) is None
    ledger.writer.write(lambda tx: tx.remember_delivery("shop/push", "id\0-é", {}, 20 * DAY))  # expired, sent again
    assert find(lambda tx: tx.find_delivery("shop/push", "id\0-é", 20 * DAY)) == {}


def test_an_idempotency_key_is_found_for_its_time(ledger) -> None:
    ledger.writer.write(lambda tx: tx.insert_idempotency("shop/deploy", "k", "digest", "run1", 100))
    assert ledger.writer.write(lambda tx: tx.find_idempotency("shop/deploy", "k", 100)) == ("run1", "digest")
    assert ledger.writer.write(lambda tx: tx.find_idempotency("shop/deploy", "k", 101)) is None
    ledger.writer.write(lambda tx: tx.insert_idempotency("shop/deploy", "k", "other", "run2", 500))
    assert ledger.writer.write(lambda tx: tx.find_idempotency("shop/deploy", "k", 101)) == ("run2", "other")


def test_old_memories_are_pruned(ledger) -> None:
    def work(tx) -> list[object]:
        for at in (1, 100):
            tx.insert_firing("shop", "a", "s", str(at), None, None, "why", at)
            tx.remember_delivery("hook", str(at), {"at": at}, at)
            tx.insert_idempotency("shop/a", str(at), "d", "r", at)
        tx.prune_triggers(firings=50, deliveries=50, idempotency=50)
        return [
            tx.find_delivery("hook", "1", 0), tx.find_delivery("hook", "100", 0),
            tx.find_idempotency("shop/a", "1", 0), tx.find_idempotency("shop/a", "100", 0),
        ]  # fmt: skip

    assert ledger.writer.write(work) == [None, {"at": 100}, None, ("r", "d")]
    assert [row.key for row in ledger.reads.firings("shop", "a")] == ["100"]


def test_marks_are_remembered_by_scope_until_they_are_deleted(ledger) -> None:
    def work(tx) -> None:
        tx.set_mark("chain", "b", {"é": 1})
        tx.set_mark("chain", "a", None)
        tx.set_mark("tags", "a", ["v1"])
        tx.set_mark("chain", "b", {"é": 2})

    ledger.writer.write(work)
    assert ledger.reads.marks("chain") == {"a": None, "b": {"é": 2}}
    ledger.writer.write(lambda tx: tx.delete_mark("chain", "a"))
    assert (ledger.reads.marks("chain"), ledger.reads.marks("tags")) == ({"b": {"é": 2}}, {"a": ["v1"]})
