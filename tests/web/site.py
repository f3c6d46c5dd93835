"""A whole server in this process: real ledger, real git, the executor that is released by hand, asked through ASGI.

`Site(folder, files)` commits the files; `start` starts the loops and waits for the first round; `http` is a client.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient
from tests import canary

from windlass.artifacts.objects import Objects, folder_url
from windlass.clock import SystemClock
from windlass.executors.held import HeldExecutor
from windlass.reconcile.admission import Admission
from windlass.reconcile.bell import Bell
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
from windlass.reconcile.own_secrets import OwnSecrets, StoreKeys
from windlass.reconcile.repository_secrets import RepositorySecrets
from windlass.reconcile.schedules import Schedules
from windlass.reconcile.served_libraries import ServedLibraries
from windlass.reconcile.server_parts import Parts
from windlass.reconcile.source import SourceReconciler
from windlass.reconcile.source_state import SourceState
from windlass.reconcile.sources import Sources
from windlass.reconcile.trigger_index import TriggerIndex
from windlass.settings import RepositorySettings, Settings
from windlass.sources.location import parse_location
from windlass.sources.mirror import Mirror
from windlass.store.ledger import Ledger
from windlass.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from windlass.executors.base import Executor
    from windlass.executors.held import Outcome
    from windlass.runs.model import AttemptKey, Launch

GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": os.environ["PATH"],
}
KINDS = {"local": "local", "docker": "docker"}  # of the runners, by name
TOKEN = "wl-0123456789abcdef"


def workflow(name: str = "deploy", more: str = "", steps: str = "  build: {run: make}\n") -> str:
    """A workflow as YAML; `more` are further top-level keys."""
    return f"apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {{name: {name}}}\n{more}steps:\n{steps}"


def hooked(*hooks: str, name: str = "deploy", more: str = "") -> str:
    """A workflow with webhooks, each as YAML in one line."""
    return workflow(name, more + "triggers:\n  webhook:\n" + "".join(f"    - {hook}\n" for hook in hooks))


class Asking(TestClient):
    """No answer holds a secret value: each one is looked at, unless it is read piece by piece."""

    def send(self, request: Any, *, stream: bool = False, **more: Any) -> Any:
        answer = super().send(request, stream=stream, **more)
        if not stream:
            canary.seen(answer.content, f"the answer to {request.method} {request.url.path}")
        return answer


class Site:
    def __init__(
        self,
        folder: Path,
        files: Mapping[str, str],
        *,
        tokens: bool = False,
        keys: Mapping[str, list[bytes]] | None = None,
        script: Callable[[Launch], Outcome | None] | None = None,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.git_folder = folder / "shop"
        self.git_folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.head = self.commit(files)
        settings["tokens"] = settings.pop("tokens_of", ())
        webhook_secret = settings.pop("webhook_secret", None)
        shop = RepositorySettings("shop", str(self.git_folder), local=True, webhook_secret=webhook_secret)
        self.settings = Settings(data=folder / "data", repositories=(shop,), **settings)
        self.settings.data.mkdir()
        self._build(keys or {}, script, open_server=not tokens)
        known = {"ci": hashlib.sha256(TOKEN.encode()).digest()} if tokens else {}
        self.controller = Controller(self.parts)
        self.app = create_app(self.controller, known)
        headers = {"Authorization": f"Bearer {TOKEN}"} if tokens else {}
        self.http = Asking(self.app, base_url="http://127.0.0.1:7878", headers=headers, raise_server_exceptions=False)

    def _build(self, keys: Mapping[str, list[bytes]], script: Any, *, open_server: bool) -> None:
        clock, bell, catalog = SystemClock(), Bell(), Catalog()
        self.ledger = Ledger.open(f"sqlite:///{self.folder}/ledger.db")
        writer, reads = self.ledger.writer, self.ledger.reads
        writer.take_over("test", clock.now())
        executors: dict[str, Executor] = {}
        engine = Engine(
            writer, executors, clock, on_change=lambda head, _steps: self._changed(head), on_end=self._ended
        )
        self.held = HeldExecutor(engine.observe, logs=self.folder / "logs", script=script)
        executors["local"] = self.held
        admission = Admission(
            writer, engine, clock, "local", branch_of=lambda _name: self.source.on_branch, runners=KINDS
        )
        index, firings = TriggerIndex(catalog), Firings(admission, engine, clock)
        self.index, self.firings = index, firings
        self.chains = Chains(index, firings, writer, reads)
        git = GitTriggers(index, firings, writer, reads)
        schedules = Schedules(catalog, admission, writer, reads, clock, engine)
        mirrors = LibraryMirrors(self.folder / "libraries")
        polls = LibraryPolls(mirrors, clock, lambda: 0.5, self._nudge)
        self.libraries = ServedLibraries(mirrors, polls, ["shop"], clock, lambda: 0.5, allow_local=open_server)
        reconciler = SourceReconciler(
            catalog,
            schedules,
            writer,
            clock,
            keys=keys,
            news=bell.ring,
            git=git,
            libraries=self.libraries,
            runners=KINDS,
        )
        shop = self.settings.repositories[0]
        mirror = Mirror(self.folder / "mirror.git", parse_location(shop.git, allow_local=True), None)
        self.source = SourceState(shop, mirror)
        own = OwnSecrets(reads, writer, clock, StoreKeys(self.settings.store_keys, self.folder))
        self.secrets = RepositorySecrets(self.settings, lambda *_: None, own.provider)
        self.parts = Parts(
            settings=self.settings,
            clock=clock,
            writer=writer,
            reads=reads,
            catalog=catalog,
            engine=engine,
            admission=admission,
            schedules=schedules,
            sources=Sources([self.source], reconciler, clock, lambda: 0.5),
            hooks=Hooks(catalog, admission, engine, writer, clock, keys, open_server=open_server),
            custom_events=CustomEvents(index, firings, writer, clock),
            bell=bell,
            objects=Objects(folder_url(self.folder / "objects")),
            log_path=self.held.log_path,
            secrets=self.secrets,
            own_secrets=own,
        )

    def _nudge(self, repository: str) -> None:
        self.parts.sources.nudge(repository)

    def _changed(self, head: Any) -> None:
        self.parts.bell.ring()
        if head.status.terminal:
            self.chains.wake(head.id)

    def _ended(self, tx: Any, head: Any) -> None:
        self.chains.ended(tx, head)

    # ---- its life

    def start(self) -> Site:
        self.parts.engine.start()
        self.parts.sources.start()
        self.libraries.start()
        assert self.parts.sources.wait_for_first_round(10)
        self.chains.start()
        return self

    def close(self) -> None:
        self.http.close()
        self.chains.stop()
        self.parts.sources.stop()
        self.libraries.close()
        self.parts.engine.stop()
        self.ledger.close()

    # ---- the repository

    def git(self, *args: str) -> str:
        done = subprocess.run(["git", *args], cwd=self.git_folder, env=GIT, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str | None]) -> str:
        """A commit of these files; None deletes one. Returns its id; nothing looks at it yet."""
        for name, text in files.items():
            path = self.git_folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def push(self, files: Mapping[str, str | None], **body: Any) -> dict[str, Any]:
        """Commit and reconcile; the repository as it is then."""
        self.commit(files)
        return self.reconcile(**body)

    def reconcile(self, **body: Any) -> dict[str, Any]:
        answer = self.http.post("/api/v1/repositories/shop/reconcile", json={"wait": True, **body})
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    # ---- runs

    def begin(self, name: str = "deploy", **body: Any) -> str:
        """Start a run; its id."""
        answer = self.http.post(f"/api/v1/workflows/shop/{name}/runs", json=body)
        assert answer.status_code == 201, answer.text
        run: str = answer.json()["id"]
        return run

    def running(self, step: str = "build", run: str | None = None) -> AttemptKey:
        """Wait until an attempt of the step runs."""

        def find() -> Any:
            return next((k for k in self.held.running() if k.path == step and run in (None, k.run)), None)

        found: AttemptKey = until(find)
        return found

    def ended(self, run: str) -> dict[str, Any]:
        """Wait until the run has ended; its object."""

        def find() -> Any:
            found = self.http.get(f"/api/v1/runs/{run}").json()
            return found if found["endedAt"] else None

        found: dict[str, Any] = until(find)
        return found

    def socket(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """A WebSocket below `/api/v1/runs/`."""
        return self.http.websocket_connect(f"ws://127.0.0.1:7878/api/v1/runs/{path}", headers=dict(headers or {}))

    def count(self) -> int:
        return len(self.http.get("/api/v1/runs").json()["items"])


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer; polled, for at most so long."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


DEPLOY = workflow(
    more="""inputs:
  replicas: {type: integer, minimum: 1, maximum: 50, default: 2}
  target: {type: string, enum: [staging, production], default: staging}
  note: {type: string, required: false}
  parts: {type: array, items: {type: string}, default: []}
runLabels: {target: "${{ inputs.target }}"}
"""
)
