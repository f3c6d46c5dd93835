"""From a request for a run to a recorded run: the one door that API, hooks, schedules and the command line share.

In: a live definition and a Cause with raw or checked inputs. Out: the run's id, committed, and the engine told. Wrong
inputs never create a run (interfaces.md, "HTTP").
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from windlass.crashpoints import reach
from windlass.errors import ConflictError, InputError, InputProblem
from windlass.plan.fitting import misfits
from windlass.plan.values import escaped
from windlass.reconcile.creation import NewRun, prepare, record
from windlass.reconcile.hashing import hash_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.clock import Clock, Millis
    from windlass.plan.model import Plan
    from windlass.reconcile.catalog import LiveWorkflow
    from windlass.reconcile.creation import Cause
    from windlass.reconcile.engine import Engine
    from windlass.reconcile.given_secrets import Seal
    from windlass.reconcile.hashing import HashFiles, HashFilesOf
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
IDEMPOTENCY_SPAN: Millis = 24 * 3_600_000


def checked_env(env: Mapping[str, Any]) -> dict[str, Any]:
    """The trigger's layer of the environment. Raises InputError with pointers below `/env`."""
    told = {name: _env_mistake(name, value) for name, value in env.items()}
    problems = [InputProblem(f"/env/{escaped(name)}", mistake) for name, mistake in told.items() if mistake]
    if problems:
        raise InputError(problems)
    return dict(env)


def _env_mistake(name: str, value: Any) -> str | None:
    if not ENV_NAME.fullmatch(name) or name.startswith("WINDLASS_"):
        return "is no name for a variable (and WINDLASS_* is ours)"
    if value is not None and not isinstance(value, (str, int, float, bool)):
        return "must be text, a number, a boolean or null"
    if isinstance(value, str) and "\0" in value:
        return "must not hold NUL"
    return None


class Admission:
    def __init__(
        self,
        writer: Writer,
        engine: Engine,
        clock: Clock,
        runner: str,
        hash_files: HashFilesOf | None = None,
        branch_of: Callable[[str], str | None] | None = None,
        seal: Seal | None = None,
        merged: Callable[[str, str | None], bool] = lambda _repository, _commit: True,
        runners: Mapping[str, str] | None = None,
    ) -> None:
        """`branch_of`: the branch of a repository that is followed; `merged`: whether a commit is one of it;
        `runners`: kinds by name, None: any name goes."""
        self._writer = writer
        self._engine = engine
        self._clock = clock
        self.runner = runner
        self._hash_files = hash_files
        self._branch_of = branch_of
        self.seal = seal
        self.merged = merged
        self._runners = runners

    def hashing(self, repository: str, commit: str | None) -> HashFiles:
        """What answers `hashFiles` in a run of that commit."""
        return hash_nothing if self._hash_files is None else partial(self._hash_files, repository, commit)

    def branch(self, repository: str) -> str | None:
        return self._branch_of(repository) if self._branch_of is not None else None

    def plan(self, live: LiveWorkflow, cause: Cause) -> NewRun:
        new = prepare(
            live.model,
            live.repository_model,
            repository=live.repository,
            commit=live.commit,
            text=live.text,
            cause=cause,
            now=self._clock.now(),
            runner=self.runner,
            hash_files=self.hashing(live.repository, live.commit),
            uses=live.used,
            branch=self.branch(live.repository),
            merged=self.merged(live.repository, live.commit),
            seal=self.seal,
        )
        self.check(new.plan)
        return new

    def check(self, plan: Plan) -> None:
        """Raises InputError when the runners that are there cannot run it."""
        if self._runners is not None and (wrong := misfits(plan, self._runners)):
            raise InputError([InputProblem("", one) for one in wrong])

    def admit(
        self, new: NewRun, *, guard: Callable[[Tx, str], str | None] | None = None, start: bool = True
    ) -> tuple[str, bool]:
        """Record the run. `guard` runs first in the same transaction: an id that it returns is the run that the same
        request made before, and nothing is recorded. Returns the id and whether the run is new.
        """

        def work(tx: Tx) -> str:
            existing = guard(tx, new.head.id) if guard is not None else None
            if existing is not None:
                return existing
            record(tx, new)
            return new.head.id

        run = self._writer.write(work)
        fresh = run == new.head.id
        if fresh:
            reach("run.recorded")
            if start:
                with self._engine.round:
                    self._engine.add(new.state())
        return run, fresh

    def once(self, scope: str, key: str, body_digest: str) -> Callable[[Tx, str], str | None]:
        """A guard for idempotency keys: the same key gives the same run for 24 h; another body is a conflict."""
        now = self._clock.now()

        def guard(tx: Tx, run: str) -> str | None:
            known = _known(tx, scope, key, body_digest, now)
            if known is None:
                tx.insert_idempotency(scope, key, body_digest, run, now)
            return known

        return guard

    def seen(self, scope: str, key: str, body_digest: str) -> str | None:
        """The run that this request made before: also when the workflow would refuse the request by now."""
        now = self._clock.now()
        return self._writer.write(lambda tx: _known(tx, scope, key, body_digest, now))


def _known(tx: Tx, scope: str, key: str, body_digest: str, now: Millis) -> str | None:
    found = tx.find_idempotency(scope, key, now - IDEMPOTENCY_SPAN)
    if found is None:
        return None
    known, digest = found
    if digest != body_digest:
        raise ConflictError(f"the idempotency key {key} was used with a different body")
    return known
