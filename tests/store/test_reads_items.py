"""Parts of long runs: the first items of each loop, and pages of them, with their attempts and what is below them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.errors import NotFoundError
from windlass.runs.model import Status, StepKey
from windlass.runs.nesting import DETAIL


@pytest.fixture
def run(ledger, runs):
    """A loop of seven items, a single step, and a nested workflow with a loop."""
    own = [replace(runs.step("each"), looped=True), runs.step("one")]
    items = [
        replace(runs.step("each", Status.SUCCEEDED, attempts=(runs.attempt(),)), key=StepKey("each", str(n)))
        for n in range(7)
    ]
    nested = replace(runs.step("outer", detail={DETAIL: {"status": "running"}}), key=StepKey("outer", "a/b"))
    inner = [
        replace(runs.step("each"), key=StepKey("outer[a%2Fb]/each", key), looped=not key) for key in ("", "0", "1")
    ]
    steps = (*own, replace(runs.step("outer"), looped=True), *items, nested, *inner)
    head = runs.insert(ledger, None, steps)
    return head.id, steps


def test_an_outline_has_the_first_items_and_one_more(ledger, run) -> None:
    name, steps = run
    head, found = ledger.reads.outline(name, 3)
    assert head.id == name
    assert found == tuple(step for step in steps if step.key.path != "each" or step.key.item in ("", *"0123"))
    assert ledger.reads.outline(name, 7)[1] == steps
    assert ledger.reads.outline("nope", 7) is None


def test_a_page_goes_on_after_an_item(ledger, run) -> None:
    name, steps = run
    items = [step for step in steps if step.key.path == "each" and step.key.item]
    assert ledger.reads.items(name, "each", "", 2) == tuple(items[:2])
    assert ledger.reads.items(name, "each", "1", 10) == tuple(items[2:])
    assert ledger.reads.items(name, "each", "6", 10) == ()
    assert ledger.reads.items(name, "one", "", 10) == ()


def test_a_page_has_what_is_below_its_items(ledger, run) -> None:
    name, steps = run
    assert ledger.reads.items(name, "outer", "", 10) == steps[-4:]
    assert ledger.reads.items(name, "outer[a%2Fb]/each", "0", 10) == steps[-1:]


def test_there_is_no_page_of_what_is_not_there(ledger, run) -> None:
    with pytest.raises(NotFoundError, match="no step gone"):
        ledger.reads.items(run[0], "gone", "", 10)
    with pytest.raises(NotFoundError, match="with an item 99"):
        ledger.reads.items(run[0], "each", "99", 10)


def test_one_step_or_item_with_its_attempts(ledger, run) -> None:
    name, steps = run
    assert [ledger.reads.step(name, step.key) for step in steps] == list(steps)
    assert ledger.reads.step(name, StepKey("each", "7")) is None
    assert ledger.reads.step("nope", StepKey("one")) is None
