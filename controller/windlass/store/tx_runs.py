"""Changes to runs, steps and attempts.

In: heads and steps as `decide` made them. Out: rows; what is terminal in the ledger stays as it is (promise R4),
whoever asks.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from windlass.errors import ConflictError, NotFoundError
from windlass.runs.model import TERMINAL
from windlass.store.rows import Row, attempt_to_row, run_to_row, run_values, step_to_row
from windlass.store.tx_base import TxBase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from windlass.runs.model import RunHead, Step, StepKey

# Columns that never change once the run is there.
_KEPT = (
    "repository", "workflow", "git_commit", "created_at", "trigger_data", "actor_data", "trigger_kind", "actor_name",
    "rerun_of",
)  # fmt: skip
_STEP_KEYS = ("run_id", "path", "item")


class RunChanges(TxBase):
    __slots__ = ()

    def insert_run(
        self, head: RunHead, plan: bytes, plan_digest: str, definition: str, steps: Iterable[Step] = ()
    ) -> None:
        """A new run with its frozen plan (JSON), its definition (YAML) and its steps, in the order they are listed."""
        self._change("insert_run", **run_to_row(head))
        self._change(
            "insert_content",
            run_id=head.id,
            plan=zlib.compress(plan, 1),
            plan_digest=plan_digest,
            definition=zlib.compress(definition.encode("utf-8", "surrogatepass"), 1),
        )
        self._change_many("insert_value", list(run_values(head)))
        self._insert_steps(head.id, list(steps), 0)

    def insert_secrets(self, run: str, sealed: Mapping[str, bytes]) -> None:
        """Values of a new run, by the names of their placeholders."""
        self._change_many("insert_run_secret", [{"run_id": run, "name": n, "sealed": v} for n, v in sealed.items()])

    def delete_secrets(self, run: str) -> None:
        """At the end of the run nobody needs them any more."""
        self._change("delete_run_secrets", run_id=run)

    def save_run(self, head: RunHead) -> None:
        """Raises ConflictError when the run has ended, NotFoundError when there is none."""
        row = run_to_row(head)
        for name in _KEPT:
            del row[name]
        row["the_id"] = row.pop("id")
        if self._change("update_run", **row) == 1:
            return
        found = self._row("run_exists", id=head.id)
        if found is None:
            raise NotFoundError(f"no run {head.id}")
        raise ConflictError(f"run {head.id} has ended: {found[0]}")

    def save_steps(self, run: str, steps: Sequence[Step]) -> None:
        """Steps that changed, with their attempts; unknown ones are added behind the others.

        Of each step the last two attempts are written: earlier ones have ended and are in the ledger. At its end the
        unit of work fails with ConflictError when a step or attempt has ended in the ledger and is not as given.
        """
        self._changed += [(run, step) for step in steps]

    def finish(self) -> None:
        """The end of the unit of work: all its steps go in two statements, which saves PostgreSQL many round trips."""
        changed, self._changed = self._changed, []
        if not changed:
            return
        updated = self._change_many("update_step", [_renamed(step_to_row(run, step)) for run, step in changed])
        if updated != len(changed):
            self._add_or_refuse(changed, updated)
        attempts = [attempt_to_row(run, step.key, a) for run, step in changed for a in step.attempts[-2:]]
        if self._change_many("save_attempt", attempts) != len(attempts):
            raise ConflictError(f"an attempt of run {changed[0][0]} has ended and cannot change")

    def _add_or_refuse(self, changed: Sequence[tuple[str, Step]], updated: int) -> None:
        """Some were not updated: the ledger has never heard of them, or they have ended."""
        new: dict[str, dict[StepKey, Step]] = {}
        ended: list[str] = []
        for run, step in changed:
            found = self._row("step_status", run_id=run, path=step.key.path, item=step.key.item)
            if found is None:
                new.setdefault(run, {})[step.key] = step
                updated += 1
            elif found[0] in TERMINAL:
                name = f"step {step.key.path} of run {run} has ended: {found[0]}"
                ended.insert(0 if found[0] != step.status else len(ended), name)
        if updated != len(changed):
            raise ConflictError(ended[0])
        for run, steps in new.items():
            if self._row("run_exists", id=run) is None:
                raise NotFoundError(f"no run {run}")
            counted = self._row("next_position", run_id=run)
            self._insert_steps(run, list(steps.values()), counted[0] if counted else 0)

    def _insert_steps(self, run: str, steps: Sequence[Step], first: int) -> None:
        rows = [step_to_row(run, step) | {"position": first + n} for n, step in enumerate(steps)]
        self._change_many("insert_step", rows)
        self._change_many("save_attempt", [attempt_to_row(run, s.key, a) for s in steps for a in s.attempts])

    def delete_runs(self, runs: Sequence[str]) -> None:
        """Ended runs with everything that belongs to them; their firings stay, so that no tick fires again."""
        self._change_many("delete_run", [{"id": run} for run in runs])


def _renamed(row: Row) -> Row:
    for key in _STEP_KEYS:
        row[f"the_{key}"] = row.pop(key)
    return row
