"""Questions about runs: one, its steps, its plan, and all that are open.

In: ids. Out: the values of `runs.model`. Open runs are read in chunks, so that thousands of them are never in
memory twice.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from windlass.errors import NotFoundError
from windlass.runs.nesting import DETAIL
from windlass.store.rows import attempt_from_row, run_from_row, step_from_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.clock import Millis
    from windlass.runs.model import Attempt, AttemptKey, RunHead, Step, StepKey
    from windlass.store.connection import Connection
    from windlass.store.pool import Pool

CHUNK = 250  # open runs that are read at once


class RunReads:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def run(self, run: str) -> RunHead | None:
        row = self._pool.row("run", id=run)
        return None if row is None else run_from_row(row)

    def steps(self, run: str) -> tuple[Step, ...]:
        """In the order in which they were given, with their attempts; none for an unknown run."""
        return self._pool.ask(lambda connection: self._steps(connection, run), snapshot=True)

    def step(self, run: str, key: StepKey) -> Step | None:
        """One step or item, with its attempts."""
        span = {"run_id": run, "path": key.path, "item": key.item}

        def question(connection: Connection) -> tuple[Step, ...]:
            steps = connection.rows(self._sql("step"), span)
            return joined(steps, connection.rows(self._sql("step_attempts"), span)).get(run, ())

        return next(iter(self._pool.ask(question, snapshot=True)), None)

    def whole_run(self, run: str) -> tuple[RunHead, tuple[Step, ...]] | None:
        """The run and its steps at one moment."""

        def question(connection: Connection) -> tuple[RunHead, tuple[Step, ...]] | None:
            rows = connection.rows(self._sql("run"), {"id": run})
            return (run_from_row(rows[0]), self._steps(connection, run)) if rows else None

        return self._pool.ask(question, snapshot=True)

    def outline(self, run: str, items: int) -> tuple[RunHead, tuple[Step, ...]] | None:
        """The run and its steps at one moment, with the first items of each loop: one more than asked for, if any."""
        span = {"run_id": run, "places": items + 2}  # the loop's own row, and one to see that there are more

        def question(connection: Connection) -> tuple[RunHead, tuple[Step, ...]] | None:
            rows = connection.rows(self._sql("run"), {"id": run})
            if not rows:
                return None
            steps = connection.rows(self._sql("outline_steps"), span)
            attempts = connection.rows(self._sql("outline_attempts"), span)
            return run_from_row(rows[0]), joined(steps, attempts).get(run, ())

        return self._pool.ask(question, snapshot=True)

    def items(self, run: str, path: str, after: str, most: int) -> tuple[Step, ...]:
        """A page of a loop's items, after the item of that key ("": from the first), with the steps below them.

        Raises NotFoundError when the run has no such step, or no such item to go on after.
        """
        span = {"run_id": run, "path": path, "after": after, "most": most}

        def question(connection: Connection) -> tuple[Step, ...]:
            known = connection.rows(self._sql("step_status"), {"run_id": run, "path": path, "item": after})
            if not known:
                raise NotFoundError(f"run {run} has no step {path}" + (f" with an item {after}" if after else ""))
            steps = connection.rows(self._sql("item_page"), span)
            attempts = connection.rows(self._sql("item_attempts"), span)
            found = joined(steps, attempts).get(run, ())
            if not any(DETAIL in step.detail for step in found):
                return found
            inner = {"run_id": run, "prefix": f"{path}[", "length": len(path) + 1}
            steps = connection.rows(self._sql("steps_below"), inner)
            return (*found, *joined(steps, connection.rows(self._sql("attempts_below"), inner)).get(run, ()))

        return self._pool.ask(question, snapshot=True)

    def _steps(self, connection: Connection, run: str) -> tuple[Step, ...]:
        steps = connection.rows(self._sql("steps"), {"run_id": run})
        attempts = connection.rows(self._sql("attempts"), {"run_id": run})
        return joined(steps, attempts).get(run, ())

    def secrets(self, run: str) -> dict[str, bytes]:
        """The sealed values of a run that goes on, by the names of their placeholders."""
        return {name: bytes(sealed) for name, sealed in self._pool.rows("run_secrets", run_id=run)}

    def plan(self, run: str) -> bytes:
        """The frozen plan, as its bytes were given. Raises NotFoundError."""
        return self._content("plan", run)

    def plan_digest(self, run: str) -> str:
        row = self._pool.row("plan_digest", run_id=run)
        if row is None:
            raise NotFoundError(f"no run {run}")
        return str(row[0])

    def definition(self, run: str) -> str:
        """The YAML that the run was made from. Raises NotFoundError."""
        return self._content("definition", run).decode("utf-8", "surrogatepass")

    def _content(self, name: str, run: str) -> bytes:
        row = self._pool.row(name, run_id=run)
        if row is None:
            raise NotFoundError(f"no run {run}")
        return zlib.decompress(row[0])

    def open_runs(self) -> Iterator[tuple[RunHead, tuple[Step, ...], bytes]]:
        """Every run that has not ended, oldest first, with its steps and its plan. Each chunk is one moment."""
        place: tuple[Millis, str] = (-(2**62), "")
        while chunk := self._pool.ask(partial(self._chunk, after=place), snapshot=True):
            yield from chunk
            place = (chunk[-1][0].created_at, chunk[-1][0].id)

    def _chunk(
        self, connection: Connection, after: tuple[Millis, str]
    ) -> list[tuple[RunHead, tuple[Step, ...], bytes]]:
        begin = {"after_at": after[0], "after_id": after[1]}
        heads = [run_from_row(row) for row in connection.rows(self._sql("open_runs"), begin | {"most": CHUNK})]
        if not heads:
            return []
        span = begin | {"last_at": heads[-1].created_at, "last_id": heads[-1].id}
        steps = joined(
            connection.rows(self._sql("open_steps"), span), connection.rows(self._sql("open_attempts_of"), span)
        )
        plans = dict(connection.rows(self._sql("open_plans"), span))
        return [(head, steps.get(head.id, ()), zlib.decompress(plans[head.id])) for head in heads]

    def open_attempts(self) -> dict[AttemptKey, Attempt]:
        """Every attempt that was recorded and has not ended."""
        return dict(attempt_from_row(row) for row in self._pool.rows("open_attempts"))

    def count_open(self) -> int:
        return int(self._pool.rows("count_open")[0][0])

    def ended_before(self, before: Millis, most: int = 500) -> list[str]:
        """Runs that were created before a time and have ended, oldest first: what retention may delete."""
        return [run for (run,) in self._pool.rows("ended_before", before=before, most=most)]

    def ended_before_of(self, repository: str, workflow: str, before: Millis, most: int = 500) -> list[str]:
        """The same, of one workflow."""
        of = {"repository": repository, "workflow": workflow}
        return [run for (run,) in self._pool.rows("ended_before_of", **of, before=before, most=most)]

    def _sql(self, name: str) -> str:
        return self._pool.where.sql[name]


def joined(steps: Iterable[tuple[Any, ...]], attempts: Iterable[tuple[Any, ...]]) -> dict[str, tuple[Step, ...]]:
    """Steps by run, each with its attempts in order."""
    tried: dict[tuple[str, str, str], list[Attempt]] = defaultdict(list)
    for row in attempts:
        tried[row[:3]].append(attempt_from_row(row)[1])
    by_run: dict[str, list[Step]] = defaultdict(list)
    for row in steps:
        by_run[row[0]].append(step_from_row(row, tuple(tried.get(row[:3], ()))))
    return {run: tuple(made) for run, made in by_run.items()}
