"""The only place where a server is constructed: parts, in the order in which they need one another.

In: Settings. Out: `serve` runs until it is stopped and returns an exit code. The order of the start matters: the lock
and the lease first (one writer, R26), then what the ledger knows (open runs, live definitions), then the loops, then
the API.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from typing import TYPE_CHECKING

from windlass import log
from windlass.artifacts.objects import Objects, folder_url
from windlass.artifacts.transfer import Bounds
from windlass.clock import SystemClock
from windlass.data_lock import DataLock
from windlass.errors import SourceError
from windlass.executors.local.spawn import spawn_supervisor
from windlass.executors.named import Given, Runners, all_runners, kinds_of
from windlass.executors.placing import Placing
from windlass.executors.registry import always
from windlass.executors.workspace.action_files import ActionFiles
from windlass.executors.workspace.checkout import CheckoutFiles
from windlass.executors.workspace.secret_values import SecretValues
from windlass.executors.workspace.step_files import StepFiles
from windlass.kube.extra import require_extra
from windlass.logs.archive import LogArchive
from windlass.reconcile.admission import Admission
from windlass.reconcile.artifact_pieces import LoadArtifacts, SaveArtifacts
from windlass.reconcile.bell import Bell
from windlass.reconcile.cache_book import CacheBook, LedgerBook
from windlass.reconcile.cache_pieces import RestoreCache, SaveCache
from windlass.reconcile.catalog import Catalog
from windlass.reconcile.chains import Chains
from windlass.reconcile.controller import Controller
from windlass.reconcile.custom_events import CustomEvents
from windlass.reconcile.engine import Engine
from windlass.reconcile.firings import Firings
from windlass.reconcile.git_triggers import GitTriggers
from windlass.reconcile.hooks import Hooks
from windlass.reconcile.library_mirrors import LibraryMirrors
from windlass.reconcile.library_polls import LibraryPolls
from windlass.reconcile.log_keeping import LogKeeping
from windlass.reconcile.own_secrets import OwnSecrets, StoreKeys
from windlass.reconcile.repository_secrets import RepositorySecrets
from windlass.reconcile.restore import give_up, restore_catalog, restore_runs
from windlass.reconcile.retention import RetentionLoop
from windlass.reconcile.reuse import LedgerReuse
from windlass.reconcile.schedules import Schedules
from windlass.reconcile.served_libraries import ServedLibraries
from windlass.reconcile.server_parts import Parts
from windlass.reconcile.source import SourceReconciler
from windlass.reconcile.sources import Sources
from windlass.reconcile.tenancy import Tenancy
from windlass.reconcile.trigger_index import TriggerIndex
from windlass.reconcile.written_sources import auth_of, source_of
from windlass.secrets.sealing import Sealer
from windlass.sources.auth import auth_for
from windlass.sources.branch import HEADS
from windlass.sources.hashing import CommitHashes
from windlass.sources.mirror import Mirror
from windlass.sources.named_refs import Named
from windlass.sources.one_file import file_of_commit
from windlass.starting import bound, ledger_url, token_digests, url_of, webhook_keys
from windlass.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from windlass.executors.base import Executor
    from windlass.executors.workspace.pieces import Collection, Preparation
    from windlass.operator.operator import Operator
    from windlass.runs.model import Checkout, RunHead, Step
    from windlass.secrets.base import Origin
    from windlass.settings import Settings
    from windlass.sources.tree import Tree
    from windlass.store.tx import Tx

SWITCH = 0.0005  # seconds: a run passes from web to ledger to run loop, and no busy thread may hold it up for 5 ms
FIRST_ROUND = 60.0  # seconds; a repository that cannot be read must not keep the others from serving


def serve(settings: Settings) -> int:
    """Run the server. Raises UsageError when it must not start; returns 0 after a stop, 1 when it had to give up."""
    sys.setswitchinterval(SWITCH)
    keys, tokens = webhook_keys(settings), token_digests(settings)
    with DataLock(settings.data) as lock, bound(settings) as listening:
        server, kill = Server(settings, keys), False
        try:
            from windlass.web.app import create_app
            from windlass.web.server import WebServer

            app, url = create_app(server.begin(), tokens), url_of(listening)

            def ready() -> None:
                """Called in a thread, once the API answers."""
                server.settle()
                lock.announce(url)
                print(f"ready {url}", flush=True)

            kill = WebServer(app, listening, ready, lambda: server.failed).serve(server.open_runs)
            return 1 if server.failed else 0
        finally:
            server.close(kill=kill)


class Server:
    """What runs things: one at a time on a ledger.

    `ledger`: one that is open already. `address`: where other processes find this one. `may_start`: whether this
    process still leads (see `executors/gate.py`). `seal_key`: of secret inputs; None: one of the data folder.
    """

    def __init__(
        self,
        settings: Settings,
        keys: dict[str, list[bytes]],
        *,
        ledger: Ledger | None = None,
        address: str = "",
        may_start: Callable[[], bool] = always,
        seal_key: bytes | None = None,
    ) -> None:
        self._settings = settings
        self._may_start = may_start
        self._seal_key = seal_key
        supervisor = spawn_supervisor()
        clock = SystemClock()
        self._bell = Bell()
        self._ledger = ledger or Ledger.open(ledger_url(settings))
        writer, reads = self._ledger.writer, self._ledger.reads
        epoch = writer.take_over(f"{socket.gethostname()}/{os.getpid()} {address}".strip(), clock.now())
        log.event("controller.leading", epoch=epoch)
        writer.on_event = lambda _cursor: self._bell.ring()
        reuse = LedgerReuse(reads)
        self._known = all_runners(settings.runners, own_engine=settings.own_engine, cluster=settings.kubernetes)
        self._runners = Runners(
            self._known,
            lambda: Given(
                settings.data,
                engine.observe,
                clock,
                preparations,
                collections,
                supervisor,
                settings.limits.local_attempts,
                self._may_start,
                settings.policies,
                engine.round,
            ),
        )
        self._place = Placing(self._known, self._tenant, settings.policies)
        engine = Engine(
            writer, self._runners, clock, on_change=self._changed, on_end=self._ended, reuse=reuse, place=self._place
        )
        objects = Objects(settings.objects or folder_url(settings.data / "objects"))
        caches = CacheBook(LedgerBook(reads, writer), objects, clock, settings.limits.cache_size)
        entry = settings.limits.cache_entry_size
        bounds = Bounds(settings.limits.artifact_size, settings.limits.artifact_files)
        store_keys = StoreKeys(settings.store_keys, settings.data)
        own = OwnSecrets(reads, writer, clock, store_keys, changed=self._forget_secrets)
        self._secrets = RepositorySecrets(settings, self._file, own.provider)
        preparations: list[Preparation] = [
            SecretValues(self._reveal, self._secrets.values),
            CheckoutFiles(self._fill),
            LoadArtifacts(objects),
            RestoreCache(caches, entry),
            StepFiles(),
            ActionFiles(),
        ]
        collections: list[Collection] = [SaveArtifacts(objects, bounds), SaveCache(caches, entry)]
        self._local = self._runners["local"]  # its supervisor is there already
        self._hashes = CommitHashes(self._tree)
        self._sealer: Sealer | None = None  # made at the first secret
        kinds = kinds_of(self._known)
        admission = Admission(
            writer, engine, clock, settings.runner, self._hash, self._branch, self._seal, self._merged, kinds
        )
        catalog = Catalog()
        index, firings = TriggerIndex(catalog), Firings(admission, engine, clock)
        self._chains = Chains(index, firings, writer, reads)
        schedules = Schedules(catalog, admission, writer, reads, clock, engine)
        git = GitTriggers(index, firings, writer, reads)
        auths = [auth for one in settings.libraries if (auth := auth_of(one.auth, one.git)) is not None]
        mirrors = LibraryMirrors(settings.data / "libraries", lambda location: auth_for(location, auths))
        self._libraries = ServedLibraries(
            mirrors,
            LibraryPolls(mirrors, clock, random.random, self._nudge),
            (repository.name for repository in settings.repositories),
            clock,
            random.random,
            allow_local=not settings.tokens,
        )
        reconciler = SourceReconciler(
            catalog,
            schedules,
            writer,
            clock,
            keys=keys,
            news=self._bell.ring,
            git=git,
            libraries=self._libraries,
            runners=kinds,
            told=self._source_told,
        )
        states = [source_of(repository, settings, keys) for repository in settings.repositories]
        restore_catalog(catalog, states, reads)
        self._parts = Parts(
            settings=settings,
            clock=clock,
            writer=writer,
            reads=reads,
            catalog=catalog,
            engine=engine,
            admission=admission,
            schedules=schedules,
            sources=Sources(states, reconciler, clock, random.random),
            hooks=Hooks(
                catalog,
                admission,
                engine,
                writer,
                clock,
                keys,
                open_server=not settings.tokens,
                resolve=self._secrets.one,
            ),
            custom_events=CustomEvents(index, firings, writer, clock),
            bell=self._bell,
            objects=objects,
            log_path=self._local.log_path,
            secrets=self._secrets,
            own_secrets=own,
            log_archive=LogArchive(objects) if settings.objects else None,
        )
        archive = self._parts.log_archive
        self._logs = LogKeeping(archive, self._local.log_path) if archive is not None else None
        self._retention = RetentionLoop(self._parts, caches)
        self._tenancy = Tenancy(
            self._parts, random.random, secrets=self._secrets, webhook_keys=keys, server_auths=auths
        )
        self._operator: Operator | None = None

    def _tenant(self, repository: str) -> str | None:
        return next((one.tenant for one in self._settings.repositories if one.name == repository), None)

    def _all_runners(self, head: RunHead) -> list[Executor]:
        """Every runner that a run may have been on."""
        return [self._runners[self._place(head.repository, name)] for name in self._known]

    def _seal(self, run: str, name: str, value: str) -> bytes:
        """Raises WindlassError when the key cannot be used."""
        return self._sealing().seal(run, name, value)

    def _reveal(self, run: str, names: Sequence[str]) -> dict[str, str]:
        """The secrets of a run that goes on. Raises WindlassError."""
        kept = self._parts.reads.secrets(run)
        return {name: self._sealing().open(run, name, kept[name]) for name in names if name in kept}

    def _sealing(self) -> Sealer:
        """Made at the first secret. Raises WindlassError."""
        if self._sealer is None:
            key = self._seal_key
            self._sealer = Sealer(key) if key is not None else Sealer.of(self._settings.data)
        return self._sealer

    def _mirror(self, repository: str, commit: str | None) -> tuple[Mirror, str]:
        """Of a repository, with that commit in it: a controller that takes over on another machine has nothing yet.

        Raises SourceError.
        """
        state = self._tenancy.left(repository)
        if state is None or commit is None:
            raise SourceError(f"repository {repository} is not served any more", "SourceMissing")
        if not state.mirror.has(commit):
            state.mirror.bring(Named(commit, (HEADS + state.on_branch,) if state.on_branch else ()))
        return state.mirror, commit

    def _forget_secrets(self) -> None:
        self._secrets.resolver.forget()

    def _file(self, origin: Origin, path: str, most: int) -> bytes | None:
        """A file of a run's commit, from the mirror. Raises SourceError."""
        mirror, commit = self._mirror(origin.repository, origin.commit)
        return file_of_commit(mirror, commit, path, most)

    def _fill(self, checkout: Checkout, folder: Path) -> None:
        """The files of a run's commit, from the mirror. Raises SourceError."""
        mirror, commit = self._mirror(checkout.repository, checkout.commit)
        give = mirror.clone_to if checkout.git else mirror.archive_to
        give(commit, folder)

    def _tree(self, repository: str, commit: str) -> Tree:
        """The names of a commit's files. Raises SourceError."""
        return self._mirror(repository, commit)[0].tree(commit)

    def _hash(self, repository: str, commit: str | None, globs: Sequence[str]) -> str:
        return self._hashes.digest(repository, commit or "", globs)

    def _branch(self, repository: str) -> str | None:
        state = self._parts.sources.states.get(repository)
        return state.on_branch if state is not None else None

    def _merged(self, repository: str, commit: str | None) -> bool:
        """Whether a commit is one of the branch that is followed; what is live came from there, also if it moved."""
        state = self._parts.sources.states.get(repository)
        if state is None or commit is None:
            return False
        if commit == state.commit or any(one.commit == commit for one in self._parts.catalog.of(repository).values()):
            return True
        return state.commit is not None and state.mirror.descends(commit, state.commit)

    def _nudge(self, repository: str) -> None:
        self._parts.sources.nudge(repository)

    def _changed(self, head: RunHead, steps: tuple[Step, ...]) -> None:
        self._bell.ring()
        if self._logs is not None:
            self._logs.changed(head, steps)
        if head.status.terminal:
            self._chains.wake(head.id)
        if self._operator is not None:
            self._operator.run_changed(head)

    def _source_told(self, repository: str) -> None:
        if self._operator is not None:
            self._operator.source_told(repository)

    def _ended(self, tx: Tx, head: RunHead) -> None:
        self._chains.ended(tx, head)

    def begin(self) -> Controller:
        """Take up what the ledger holds, and start the loops. What is asked for from now on is done."""
        parts = self._parts
        states, unreadable = restore_runs(parts.reads)
        if self._logs is not None:
            self._logs.resume(parts.reads, self._settings.data / "logs")
            self._logs.start()
        parts.engine.adopt(states)
        if unreadable:  # which runner it was on cannot be read either
            give_up(unreadable, parts.writer, parts.clock, self._all_runners, self._ended)
        controller = Controller(parts)
        parts.sources.start()
        if parts.settings.kubernetes is not None:
            require_extra()
            from windlass.operator.starting import make_operator

            self._operator = make_operator(parts.settings.kubernetes, controller, self._tenancy)
            self._operator.start()
        parts.engine.start()
        self._libraries.start()
        return controller

    def settle(self) -> None:
        """Once each repository was looked at: what depends on that starts too."""
        parts = self._parts
        parts.sources.wait_for_first_round(FIRST_ROUND)
        for name in parts.sources.states:
            parts.schedules.arm(name)
        parts.schedules.start()
        self._chains.start()
        self._retention.start()

    @property
    def failed(self) -> bool:
        return self._parts.engine.failed is not None

    def open_runs(self) -> int:
        return self._parts.engine.open_runs

    def close(self, *, kill: bool) -> None:
        """Stop taking work, in the reverse order; running steps are left to be adopted unless they are to be killed."""
        parts = self._parts
        if self._operator is not None:
            self._operator.stop()
        self._retention.stop()
        self._chains.stop()
        parts.schedules.stop()
        parts.sources.stop()
        self._libraries.close()
        if kill:
            self._runners.close(kill=True)
        parts.engine.stop()
        if not kill:
            self._runners.close(kill=False)
        if self._logs is not None:
            self._logs.stop()
        self._ledger.close()
