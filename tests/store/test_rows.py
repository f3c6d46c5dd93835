"""to_row and from_row are inverse, for every field of the values, and what a database cannot hold is replaced."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from windlass.runs.model import Attempt, RunHead, Status, Step, StepKey
from windlass.store import rows
from windlass.store.texts import to_indexed, to_plain

# What a text column holds: everything but NUL and surrogates.
plain = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
anything = st.text()
times = st.integers(-(2**62), 2**62)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | anything
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(anything, inner), max_leaves=5)
mappings = st.dictionaries(anything, values, max_size=3)
statuses = st.sampled_from(list(Status))
attempts = st.builds(
    Attempt,
    number=st.integers(1, 99),
    status=statuses,
    cause=st.none() | plain,
    message=st.none() | plain,
    exit_code=st.none() | st.integers(0, 255),
    created_at=times,
    started_at=st.none() | times,
    ended_at=st.none() | times,
    handle=st.none() | mappings,
    stop_reason=st.none() | plain,
    stop_at=st.none() | times,
    detail=mappings,
)
steps = st.builds(
    Step,
    key=st.builds(StepKey, plain, plain),
    status=statuses,
    cause=st.none() | plain,
    message=st.none() | plain,
    outputs=mappings,
    attempts=st.just(()),
    retry_at=st.none() | times,
    started_at=st.none() | times,
    ended_at=st.none() | times,
    detail=mappings,
)
heads = st.builds(
    RunHead,
    id=plain,
    repository=plain,
    workflow=plain,
    commit=st.none() | plain,
    status=statuses,
    cause=st.none() | plain,
    message=st.none() | plain,
    inputs=mappings,
    outputs=mappings,
    title=st.none() | plain,
    labels=st.dictionaries(anything, anything, max_size=3),
    trigger=mappings,
    actor=mappings,
    rerun_of=st.none() | plain,
    created_at=times,
    started_at=st.none() | times,
    ended_at=st.none() | times,
    cancel_at=st.none() | times,
    cancel_cause=st.none() | plain,
    killed=st.booleans(),
    phase=plain,
    result=st.none() | statuses,
)


def in_order(row: dict[str, Any], columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)


@given(heads)
def test_a_run_comes_back(head: RunHead) -> None:
    assert rows.run_from_row(in_order(rows.run_to_row(head), rows.RUN_COLUMNS)) == head


@given(steps)
def test_a_step_comes_back(step: Step) -> None:
    assert rows.step_from_row(in_order(rows.step_to_row("r", step), rows.STEP_COLUMNS)) == step


@given(attempts)
def test_an_attempt_comes_back(attempt: Attempt) -> None:
    row = rows.attempt_to_row("r", StepKey("build"), attempt)
    assert rows.attempt_from_row(in_order(row, rows.ATTEMPT_COLUMNS)) == (("r", "build", "", attempt.number), attempt)


def test_the_strategies_know_every_field() -> None:
    """A field that is added to the model and not to the ledger fails here, not after a restart."""
    assert len(fields(RunHead)) == len(rows.RUN_COLUMNS)
    assert len(fields(Step)) - 2 == len(rows.STEP_COLUMNS) - 3  # without key, attempts; without run_id, path, item
    assert len(fields(Attempt)) == len(rows.ATTEMPT_COLUMNS) - 3


@given(anything)
def test_free_text_becomes_something_a_database_can_hold(text: str) -> None:
    held = to_plain(text)
    assert held is not None
    assert "\0" not in held
    held.encode()


def test_values_are_looked_up_as_they_are_shown() -> None:
    assert [to_indexed(v) for v in ("a", 5, 5.0, 2.5, True, [1, "x"])] == ["a", "5", "5", "2.5", "true", '[1,"x"]']
    assert to_indexed("x" * 5000).startswith("sha256:")
