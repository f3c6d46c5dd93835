"""Run one workflow in this process: ledger, executor and engine for the time of a command.

In: a planned run. Out: its run object, and whether somebody interrupted it. Each local run has a folder with a ledger
of its own; the newest twenty stay, so that `logs` finds them.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Any

from windlass.artifacts import names
from windlass.cli.data_folder import data_folder
from windlass.cli.lines import wants_colour
from windlass.cli.live import LiveLines
from windlass.cli.questions import Questions
from windlass.errors import FencedError, LedgerError, WindlassError
from windlass.executors.attempt_folder import memory
from windlass.reconcile.creation import record
from windlass.reconcile.engine import Engine
from windlass.runs.model import CancelRequested
from windlass.runs.present import run_object
from windlass.store.ids import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from windlass.clock import Clock
    from windlass.executors.workspace.pieces import Collection, Preparation
    from windlass.reconcile.cache_book import CacheBook
    from windlass.reconcile.creation import NewRun
    from windlass.runs.model import Checkout, RunHead, SecretScope, Step
    from windlass.secrets.resolver import Resolver
    from windlass.settings import RunnerSettings

KEPT = 20
INTERRUPTED = 130  # the exit code
HISTORY_TIMEOUT = 600.0  # seconds, for a copy of the repository's history
OBJECTS = "objects"  # of all local runs, so that a rerun finds what an older run saved
LOOK = 0.03  # seconds between looks at logs that grow; the ends of attempts do not wait for it


class LocalRun:
    def __init__(
        self, data: str | None, root: Path, supervisor: Any, clock: Clock, runners: Mapping[str, RunnerSettings]
    ) -> None:
        """`root` is the work tree that `checkout` copies; `runners` are those that steps may name."""
        self._root = root
        self._base = data_folder(data) / "local"
        self._supervisor = supervisor
        self._clock = clock
        self._runners = runners
        self._news: queue.SimpleQueue[tuple[RunHead, tuple[Step, ...]] | None] = queue.SimpleQueue()
        self._signals = 0
        self._secrets: Resolver | None = None  # made at the first secret

    def execute(self, new: NewRun, *, as_json: bool) -> tuple[dict[str, Any], bool]:
        """Raises LedgerError when the data folder cannot be written."""
        from windlass.artifacts.objects import Objects, folder_url
        from windlass.artifacts.transfer import Bounds
        from windlass.cli.shared_caches import SharedLedger, SharedReuse
        from windlass.executors.named import Given, Runners
        from windlass.executors.workspace.action_files import ActionFiles
        from windlass.executors.workspace.checkout import CheckoutFiles
        from windlass.executors.workspace.secret_values import SecretValues
        from windlass.executors.workspace.step_files import StepFiles
        from windlass.reconcile.artifact_pieces import LoadArtifacts, SaveArtifacts
        from windlass.reconcile.cache_book import CacheBook
        from windlass.reconcile.cache_pieces import RestoreCache, SaveCache
        from windlass.settings import Limits
        from windlass.store.ledger import Ledger

        folder = self._base / new.head.id
        try:
            folder.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise LedgerError(f"the data folder cannot be written: {error}") from error
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        ledger.writer.take_over("windlass run", self._clock.now())
        runners = Runners(
            self._runners,
            lambda: Given(
                folder, engine.observe, self._clock, preparations, collections, self._supervisor, round_=engine.round
            ),
        )
        shared = SharedLedger(self._base.parent / "local-caches.db", self._clock)
        engine = Engine(
            ledger.writer,
            runners,
            self._clock,
            on_change=lambda h, s: self._news.put((h, s)),
            forgets=False,
            reuse=SharedReuse(shared),
        )
        objects = Objects(folder_url(self._base / OBJECTS))
        limits = Limits()
        caches, entry = CacheBook(shared, objects, self._clock, limits.cache_size), limits.cache_entry_size
        preparations: list[Preparation] = [
            SecretValues(lambda _run, _names: new.secrets, self._resolve),
            CheckoutFiles(self._fill),
            LoadArtifacts(objects),
            RestoreCache(caches, entry),
            StepFiles(),
            ActionFiles(),
        ]
        collections: list[Collection] = [SaveArtifacts(objects, Bounds()), SaveCache(caches, entry)]
        local = runners["local"]  # its supervisor is there already
        try:
            ledger.writer.write(lambda tx: record(tx, new))
            engine.start()
            engine.add(new.state())
            out = sys.stderr if as_json else sys.stdout
            live = LiveLines(new.head.id, local.log_path, out, colour=wants_colour(out))
            who = str(new.head.actor.get("name"))
            questions = Questions(who, self._clock, lambda answered: engine.answer(new.head.id, answered))
            self._watch(engine, new.head.id, live, questions)
            head = ledger.reads.run(new.head.id)
            assert head is not None
            return run_object(head, ledger.reads.steps(new.head.id)), self._signals > 0
        finally:
            engine.stop()
            runners.close(kill=True)
            shutil.rmtree(folder / "attempts", ignore_errors=True)
            ledger.close()
            if any(step.cache is not None for step in (*new.plan.steps.values(), *new.plan.finally_.values())):
                _sweep(caches)
            _forget_old(self._base)

    def _resolve(self, references: Mapping[str, str], scope: SecretScope) -> Mapping[str, str]:
        """From files of the work tree, with this user's keys; the own store. Raises SecretError."""
        from windlass.cli.user_secrets import user_origin, user_resolver

        if self._secrets is None:
            self._secrets = user_resolver(self._root, str(self._base.parent))
        return self._secrets.values(references, user_origin(scope.repository, scope.environment))

    def _fill(self, checkout: Checkout, folder: Path) -> None:
        """The work tree as it is, uncommitted changes included; with git the history of HEAD beside it."""
        from windlass.sources.work_tree import copy_to, head_commit

        copy_to(self._root, folder, skip=[self._base.parent])
        if checkout.git:
            from windlass.sources.clone import give_history_of_work_tree

            give_history_of_work_tree(folder, head_commit(self._root), self._root, timeout=HISTORY_TIMEOUT)

    def _watch(self, engine: Engine, run: str, live: LiveLines, questions: Questions) -> None:
        """Print and ask until the run has ended; signals become cancel requests."""
        previous = {s: signal.signal(s, self._on_signal) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        sent = 0
        try:
            while True:
                if self._signals > sent:
                    sent = self._signals
                    engine.cancel(run, CancelRequested(self._clock.now(), message="interrupted", kill=sent > 1))
                questions.look()
                try:
                    head, steps = self._news.get(timeout=LOOK)  # type: ignore[misc]
                except queue.Empty:
                    live.pump()
                    if engine.failed is not None:
                        raise WindlassError(f"the run loop stopped: {engine.failed}") from engine.failed
                    continue
                live.changed(steps)
                questions.changed(steps)
                if head.status.terminal:
                    return
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: Any) -> None:
        """The first cancels, the second kills, the third waits for nobody: the supervisor ends what still runs."""
        self._signals += 1
        if self._signals > 2:
            os._exit(INTERRUPTED)


def _sweep(caches: CacheBook) -> None:
    """What nobody has used for long goes; what cannot go now goes some other time."""
    from windlass.artifacts.objects import ObjectStoreError

    with contextlib.suppress(LedgerError, FencedError, ObjectStoreError):
        caches.sweep()


def _forget_old(base: Path) -> None:
    """Keep the newest runs, whose ids sort by time, and nothing in memory of attempts that are gone."""
    try:
        folders = sorted((f for f in base.iterdir() if is_id(f.name)), key=lambda f: f.name)
    except OSError:
        return
    for folder in folders[:-KEPT]:
        shutil.rmtree(base / OBJECTS / names.of_run(folder.name), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    memory.sweep(base)
