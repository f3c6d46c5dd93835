"""The life of a run, case by case: what runs, what is skipped, how it ends."""

from __future__ import annotations

import pytest

from windlass.plan.model import OutputSpec, Retry, Wait
from windlass.runs.decide import decide
from windlass.runs.model import CancelRequested, Ended, Quiet, Started, Stop


def test_a_graph_runs_in_order_and_succeeds(world, step):
    w = world(step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))
    assert [k.path for k in w.launched] == ["a"]
    w.begin("a").end("a")
    assert [k.path for k in w.launched] == ["a", "b", "c"]
    w.end("b")
    assert "d" not in [k.path for k in w.launched]
    w.end("c").end("d")
    assert w.head.status == "succeeded"
    assert w.head.cause is None
    assert w.head.message is None


def test_what_depends_on_a_failure_is_skipped_and_so_on_down(world, step):
    w = world(step("a"), step("b", "a"), step("c", "b"), step("other")).end("a", 3)
    assert w.statuses() == {"a": "failed", "b": "skipped", "c": "skipped", "other": "running"}
    assert w.step("c").cause == "needs-failed"
    w.end("other")
    assert (w.head.status, w.head.cause, w.head.message) == ("failed", "exit-code", "exit code 3")


@pytest.mark.parametrize("condition", ["${{ failure() }}", "${{ always() }}", "${{ steps.a.status == 'failed' }}"])
def test_a_condition_that_looks_at_states_is_asked_after_a_failure(world, step, condition):
    w = world(step("a"), step("b", "a", condition=condition, tolerant=True)).end("a", 1)
    assert w.statuses()["b"] == "running"
    w.end("b")
    assert w.head.status == "failed"


def test_failure_sees_ancestors_beyond_the_direct_dependency(world, step):
    w = world(step("a"), step("b", "a"), step("c", "b", condition="${{ failure() }}", tolerant=True)).end("a", 1)
    assert w.statuses() == {"a": "failed", "b": "skipped", "c": "running"}


def test_a_step_that_its_own_if_skipped_stops_only_those_that_read_it(world, step):
    w = world(
        step("a", condition=False),
        step("waits", "a"),
        step("reads", "a", reads=("a",)),
        step("below", "reads"),
    )
    assert w.statuses() == {"a": "skipped", "waits": "running", "reads": "skipped", "below": "skipped"}
    assert (w.step("a").cause, w.step("reads").cause, w.step("below").cause) == (
        "if-false",
        "needs-skipped",
        "needs-skipped",
    )
    w.end("waits")
    assert w.head.status == "succeeded"


def test_errored_outweighs_failed_and_names_its_own_cause(world, step):
    w = world(step("a"), step("b")).end("a", 1).end("b", None, cause="image-pull")
    assert (w.head.status, w.head.cause) == ("errored", "image-pull")


def test_continue_on_error_counts_as_success_and_keeps_what_was_written(world, step):
    out = {"x": OutputSpec({"type": "integer"})}
    w = world(
        step("a", continue_on_error=True, outputs=out),
        step("b", "a", condition="${{ success() && has(steps.a.outputs.x) }}"),
    ).end("a", 1, outputs=b"x=7\n")
    assert w.step("a").status == "failed"
    assert w.step("a").outputs == {"x": 7}
    assert w.statuses()["b"] == "running"
    w.end("b")
    assert w.head.status == "succeeded"


def test_a_condition_that_cannot_be_evaluated_is_errored(world, step):
    w = world(step("a", condition="${{ event.body.missing == 1 }}"))
    assert (w.step("a").status, w.step("a").cause) == ("errored", "expression")
    assert (w.head.status, w.head.cause) == ("errored", "expression")


class TestRetry:
    def test_attempts_follow_with_growing_delay_up_to_the_cap(self, world, step):
        w = world(step("a", retry=Retry(attempts=4, delay=1000, factor=2, max_delay=1500)))
        w.end("a", 1)
        assert (w.step("a").status, w.wake_at) == ("waiting", w.now + 1000)
        w.later(999)
        assert len(w.launched) == 1
        w.later(1).end("a", 1)
        assert w.wake_at == w.now + 1500
        w.later(1500).end("a", 0)
        assert w.head.status == "succeeded"
        assert [a.number for a in w.step("a").attempts] == [1, 2, 3]

    def test_never_beats_on(self, world, step):
        w = world(step("a", retry=Retry(attempts=3, never=(42,)))).end("a", 42)
        assert w.head.status == "failed"

    def test_only_listed_exit_codes(self, world, step):
        policy = Retry(attempts=2, on=(), exit_codes=(75,))
        assert world(step("a", retry=policy)).end("a", 1).head.status == "failed"
        assert world(step("a", retry=policy)).end("a", 75).step("a").status == "waiting"

    def test_a_lost_attempt_is_repeated_only_when_idempotent(self, world, step):
        policy = Retry(attempts=5, delay=0)
        w = world(step("a", retry=policy)).end("a", None, cause="lost")
        assert (w.head.status, w.head.cause) == ("errored", "lost")
        w = world(step("a", idempotent=True)).end("a", None, cause="lost").later(0)
        assert [k.number for k in w.launched] == [1, 2]

    def test_what_never_started_is_repeated_and_uses_up_nothing(self, world, step):
        w = world(step("a", retry=Retry(attempts=2, delay=60_000)))
        w.end("a", None, cause="never-started").later(0).end("a", 1).later(60_000).end("a", 1)
        assert [k.number for k in w.launched] == [1, 2, 3]
        assert (w.head.status, w.head.cause) == ("failed", "exit-code")
        w = world(step("a"))
        for _ in range(30):
            w = w.end("a", None, cause="never-started").later(0) if w.head.status == "running" else w
        assert (w.head.status, w.head.cause) == ("errored", "never-started"), "some day it ends"

    def test_losses_do_not_use_up_the_attempts_of_the_user(self, world, step):
        w = world(step("a", idempotent=True, retry=Retry(attempts=2, delay=0)))
        w.end("a", None, cause="lost").later(0).end("a", 1).later(0)
        assert [k.number for k in w.launched] == [1, 2, 3]


class TestTimeouts:
    def test_a_step_over_its_timeout_is_stopped_and_failed(self, world, step):
        w = world(step("a", timeout=5000))
        w.later(60_000)
        assert w.stopped == []  # it counts from the start of the process
        w.begin("a")
        assert w.wake_at == w.now + 5000
        w.later(5000)
        assert [k.path for k in w.stopped] == ["a"]
        w.end("a", 143)
        assert (w.step("a").status, w.step("a").cause) == ("failed", "timeout")

    def test_a_run_over_its_timeout_is_failed_with_deadline(self, world, step):
        w = world(step("a"), step("b", "a"), step("bye", section="finally"), timeout=10_000).begin("a")
        w.later(10_000)
        assert w.statuses() == {"a": "running", "b": "skipped", "bye": "pending"}
        w.end("a", 143)
        assert (w.step("a").status, w.step("a").cause) == ("cancelled", "deadline")
        assert w.head.status == "running"
        w.end("bye")
        assert (w.head.status, w.head.cause) == ("failed", "deadline")

    def test_an_executor_that_does_not_answer_a_stop_cannot_keep_the_run_open(self, world, step):
        w = world(step("a")).begin("a").cancel()
        w.later(10_000 + 30_000)
        assert (w.head.status, w.step("a").status) == ("cancelled", "cancelled")


class TestCancel:
    def test_it_ends_running_waiting_and_pending_steps(self, world, step):
        w = world(step("a"), step("b", retry=Retry(attempts=2)), step("c", "a")).end("b", 1)
        w.cancel()
        assert w.statuses() == {"a": "running", "b": "cancelled", "c": "cancelled"}
        assert w.head.status == "cancelling"
        w.end("a", 0)
        assert (w.head.status, w.head.cause) == ("cancelled", "cancelled-by-user")
        assert w.step("a").status == "cancelled"

    def test_finally_still_runs_and_a_second_one_cuts_it_short(self, world, step):
        w = world(step("a"), step("bye", section="finally"), step("later", "bye", section="finally"))
        w.cancel().end("a", 143)
        assert w.statuses()["bye"] == "running"
        w.cancel(kill=True)
        assert [k.path for k in w.stopped] == ["a", "bye"]
        w.end("bye", 137)
        assert w.statuses()["later"] == "cancelled"
        assert w.head.status == "cancelled"

    def test_asked_twice_what_was_told_to_end_has_less_time_for_it(self, world, step):
        w = world(step("a", kill_after=60_000))
        w.cancel()
        again = decide(w.state, [CancelRequested(w.now, kill=True)], w.now)
        assert again.commands == (Stop(w.key("a"), 1000),)
        w.cancel(kill=True)
        assert decide(w.state, [CancelRequested(w.now, kill=True)], w.now).commands == ()

    def test_before_anything_started(self, world, step):
        w = world(step("a", "b"), step("b"))
        w.cancel().end("b", 143)
        assert w.head.status == "cancelled"


class TestFinally:
    def test_it_sees_the_status_the_run_is_going_to_have(self, world, step):
        w = world(
            step("a"),
            step("bad", section="finally", condition="${{ failure() }}", tolerant=True),
            step("good", section="finally", condition="${{ run.status == 'succeeded' }}"),
        ).end("a", 1)
        assert w.statuses() == {"a": "failed", "bad": "running", "good": "skipped"}

    def test_it_sees_steps_that_it_needs_not_wait_for(self, world, step):
        from windlass.plan.model import EnvLayer

        shown = EnvLayer("step", {"A": "${{ steps.a.status }}"})
        w = world(step("a"), step("tell", section="finally", env=(shown,))).end("a", 1)
        assert w.running[w.key("tell")].env["A"] == "failed"

    def test_a_failing_one_makes_a_succeeded_run_failed(self, world, step):
        w = world(step("a"), step("bye", section="finally")).end("a").end("bye", 2)
        assert (w.head.status, w.head.message) == ("failed", "exit code 2")

    def test_otherwise_the_first_cause_stays(self, world, step):
        w = world(step("a"), step("bye", section="finally")).end("a", 1).end("bye", 2)
        assert w.head.message == "exit code 1"


OUT = {"n": OutputSpec({"type": "integer"}), "s": OutputSpec({"type": "string"})}


class TestOutputs:
    def test_typed_and_read_by_the_next_step_and_the_run(self, world, step):
        from windlass.plan.model import EnvLayer

        w = world(
            step("a", outputs=OUT),
            step("b", "a", reads=("a",), env=(EnvLayer("step", {"N": "${{ steps.a.outputs.n + 1 }}"}),)),
            outputs={"total": {"value": "${{ steps.a.outputs.n * 2 }}", "schema": None, "reads": ["a"]}},
        )
        w.end("a", outputs=b"n=41\ns<<E\nx\ny\nE\n")
        assert w.step("a").outputs == {"n": 41, "s": "x\ny"}
        assert w.running[w.key("b")].env["N"] == "42"
        assert w.end("b").head.outputs == {"total": 82}

    @pytest.mark.parametrize(
        ("raw", "cause"),
        [
            (b"n=1\n", "output-missing"),
            (b"n=1\ns=x\nz=1\n", "output-undeclared"),
            (b"n=one\ns=x\n", "output-type"),
            (b"n\ns=x\n", "output-type"),
            (b"s<<E\nnever closed\n", "output-type"),
            (b"n=1\ns=" + b"x" * 5000, "output-too-large"),
            (b"n=1\ns=\xff\n", "output-type"),
        ],
    )
    def test_what_does_not_fit_is_errored(self, world, step, raw, cause):
        w = world(step("a", outputs=OUT)).end("a", outputs=raw)
        assert (w.step("a").status, w.step("a").cause) == ("errored", cause)


def test_terminal_is_final(world, step):
    w = world(step("a")).end("a")
    before = w.head
    key = w.launched[0]
    w.later(86_400_000).tell(Ended(key, w.now, 1), Started(key, w.now, {}), CancelRequested(w.now))
    assert w.head == before
    assert w.statuses() == {"a": "succeeded"}
    assert w.launched == [key]


def test_late_and_doubled_observations_change_nothing(world, step):
    w = world(step("a", retry=Retry(attempts=2, delay=0)))
    first = w.launched[0]
    w.end("a", 1).later(0)
    w.tell(Ended(first, w.now, 0), Ended(first, w.now, 0))
    assert w.statuses() == {"a": "running"}
    assert w.end("a").head.status == "succeeded"


class TestWait:
    def test_a_span_passes_without_an_attempt(self, world, step):
        w = world(step("a", wait=Wait(span=60_000)), step("b", "a"))
        assert (w.step("a").status, w.wake_at, w.launched) == ("waiting", w.now + 60_000, [])
        assert (w.head.status, w.head.message) == ("waiting", w.step("a").message)
        w.later(59_999)
        assert w.statuses() == {"a": "waiting", "b": "pending"}
        w.later(1)
        assert w.statuses() == {"a": "succeeded", "b": "running"}
        assert (w.head.status, w.head.message) == ("running", None)

    def test_until_a_moment_that_an_expression_gives(self, world, step):
        w = world(step("a", wait=Wait(until="${{ '1970-01-01T01:00:00Z' }}")))
        assert w.wake_at == 3_600_000
        w.later(3_600_000)
        assert w.head.status == "succeeded"

    @pytest.mark.parametrize("wait", [Wait(until="tomorrow"), Wait(span="${{ 'soon' }}")])
    def test_what_is_no_time_is_errored(self, world, step, wait):
        w = world(step("a", wait=wait))
        assert (w.step("a").status, w.step("a").cause) == ("errored", "expression")

    def test_cancel_ends_it(self, world, step):
        w = world(step("a", wait=Wait(span=60_000))).cancel()
        assert (w.head.status, w.statuses()) == ("cancelled", {"a": "cancelled"})


def test_silence_ends_an_attempt_as_failed_and_it_is_tried_again(world, step):
    w = world(
        step("a", quiet_timeout=60_000, retry=Retry(attempts=2, delay=0, on=("quiet-timeout",))), step("b")
    ).begin("a")
    w.tell(Quiet(w.key("b"), w.now))
    assert w.stopped == []
    w.tell(Quiet(w.key("a"), w.now), Quiet(w.key("a"), w.now))
    assert [key.path for key in w.stopped] == ["a"]
    first = w.key("a")
    w.tell(Ended(first, w.now, 143))
    attempt = w.step("a").attempts[0]
    assert (attempt.status, attempt.cause, attempt.exit_code) == ("failed", "quiet-timeout", 143)
    assert attempt.message == "wrote nothing for longer than its quietTimeout of 1m"
    w.later(0).tell(Quiet(first, w.now))
    assert w.step("a").status == "running"
    assert [key.number for key in w.stopped] == [1]


def test_a_cancel_wins_over_silence(world, step):
    w = world(step("a", quiet_timeout=60_000)).begin("a")
    w.tell(CancelRequested(w.now), Quiet(w.key("a"), w.now))
    w.tell(Ended(w.key("a"), w.now, 143))
    assert (w.step("a").status, w.step("a").cause) == ("cancelled", "cancelled-by-user")
