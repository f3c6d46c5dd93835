"""What a server is busy with when it is killed, and what must be true once it is up again.

In: a repository and a server. Out: for each scenario `prepare` (before the first start), `act` (everything the outside
does, whatever becomes of the server) and `settle` (the outside goes on as it would; then what must be true).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx2
from tests.canary import secret
from tests.reconcile.library_repos import action, library, settings
from tests.slow.promises import WITNESS, check, one_run_a_tick
from tests.slow.waiting import until

from windlass.loading.lock import lock_text
from windlass.reconcile.library_mirrors import LibraryMirrors
from windlass.reconcile.locking import make_lock
from windlass.sources.location import Location
from windlass_schemas.repository import Library

if TYPE_CHECKING:
    from tests.slow.repo import Repo
    from tests.slow.server import Server

KEY = secret("crashes")
ORDER = ("first", "second", "third")


class Scenario(Protocol):
    def __init__(self, repo: Repo, folder: Path) -> None: ...
    def prepare(self) -> None: ...
    def act(self, server: Server) -> None: ...
    def settle(self, server: Server) -> None: ...


class _Base:
    def __init__(self, repo: Repo, folder: Path) -> None:
        self.repo = repo
        self.folder = folder
        self.witness = folder / "witness"

    def add(self, name: str, triggers: str = "", second: str = "") -> None:
        """Three steps in a row, the second of which needs two attempts, and a cleanup."""
        self.repo.add(
            name,
            f"""{triggers}
env: {{WITNESS: {self.witness}}}
steps:
  - {{name: first, outputs: {{n: {{type: integer}}}}, run: '{WITNESS}; echo n=1 >> "$WINDLASS_OUTPUT"'}}
  - name: second
    retry: {{attempts: 2, delay: 20ms}}{second}
    run: '{WITNESS}; [ "$WINDLASS_ATTEMPT" = 2 ]'
  - {{name: third, env: {{N: "${{{{ steps.first.outputs.n }}}}"}}, run: '{WITNESS}; [ "$N" = 1 ]'}}
finally:
  tidy: {{run: '{WITNESS}'}}
""",
        )

    def sent(self, server: Server, path: str, body: bytes, headers: dict[str, str]) -> httpx2.Response | None:
        """The answer; None when the server went away before it answered."""
        try:
            return server.http.post(path, content=body, headers={"Content-Type": "application/json", **headers})
        except httpx2.TransportError:
            return None


class ByApi(_Base):
    """Somebody starts a run over the API, with an idempotency key, and asks again when there was no answer."""

    def prepare(self) -> None:
        self.add("pipeline")

    def act(self, server: Server) -> None:
        self.answer = self._post(server)

    def _post(self, server: Server) -> httpx2.Response | None:
        path = f"/api/v1/workflows/{self.repo.name}/pipeline/runs"
        return self.sent(server, path, b'{"idempotencyKey": "once"}', {})

    def settle(self, server: Server) -> None:
        first = self.answer.json()["id"] if self.answer is not None else None
        if first is not None:
            server.run(first)  # R15: what was answered is there
        again = self._post(server)
        assert again is not None
        assert again.status_code in ((200,) if first else (200, 201)), again.text
        assert first in (None, again.json()["id"])
        (run,) = check(server, self.witness, self.repo, ORDER)
        assert run["id"] == again.json()["id"]
        self.status = run["status"], run["cause"]


class ByArtifacts(ByApi):
    """The same, with steps that hand files on."""

    def prepare(self) -> None:
        self.repo.add(
            "pipeline",
            f"""
env: {{WITNESS: {self.witness}}}
steps:
  first:
    run: '{WITNESS}; mkdir out; head -c 300000 /dev/urandom > out/data; sha256sum out/data > sum'
    artifacts: {{save: {{out: "out/*", sum: sum}}}}
    cache: {{key: one, paths: [out]}}
  second:
    artifacts:
      load: {{in: "${{{{ steps.first.artifacts.out }}}}", sum: "${{{{ steps.first.artifacts.sum }}}}"}}
      save: {{again: in}}
    run: '{WITNESS}; cd in; sha256sum -c ../sum'
  third:
    artifacts: {{load: {{again: "${{{{ steps.second.artifacts.again }}}}"}}}}
    run: '{WITNESS}; test -s again/out/data'
""",
        )

    def settle(self, server: Server) -> None:
        super().settle(server)
        if self.status == ("succeeded", None):
            (run,) = server.runs()
            items = server.get(f"/runs/{run['id']}/artifacts")["items"]
            assert [item["path"] for item in items] == ["out/out/data", "sum", "again/out/data"]
            assert items[0]["digest"] == items[2]["digest"]


class ByHook(_Base):
    """A forge delivers a webhook, and delivers it again."""

    def prepare(self) -> None:
        trigger = "{name: push, verify: {scheme: github, secret: HOOK}}"
        self.add("pipeline", f"triggers: {{webhook: [{trigger}]}}")

    def act(self, server: Server) -> None:
        self.answer = self._deliver(server)

    def _deliver(self, server: Server) -> httpx2.Response | None:
        body = json.dumps({"ref": "refs/heads/main"}).encode()
        signature = "sha256=" + hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": "d1", "X-GitHub-Event": "push"}
        return self.sent(server, f"/hooks/{self.repo.name}/push", body, headers)

    def settle(self, server: Server) -> None:
        first = self.answer.json()["runs"][0]["id"] if self.answer is not None else None
        if first is not None:
            server.run(first)  # R15
        again = self._deliver(server)
        assert again is not None
        assert again.status_code in ((200,) if first else (200, 202)), again.text
        assert first in (None, again.json()["runs"][0]["id"])
        (run,) = check(server, self.witness, self.repo, ORDER)
        assert run["id"] == again.json()["runs"][0]["id"]
        self.status = run["status"], run["cause"]


class ByGroup(_Base):
    """Runs of one workflow and a step of another share a group, asked for over the API, with keys."""

    def prepare(self) -> None:
        self.add("whole", "concurrency: {group: it}")
        self.add("single", second="\n    concurrency: {group: it}")

    def act(self, server: Server) -> None:
        for number, name in enumerate(("whole", "single", "whole", "single")):
            path = f"/api/v1/workflows/{self.repo.name}/{name}/runs"
            self.sent(server, path, json.dumps({"idempotencyKey": str(number)}).encode(), {})

    def settle(self, server: Server) -> None:
        self.act(server)
        runs = check(server, self.witness, self.repo, ORDER)
        assert sorted(run["workflow"] for run in runs) == ["single", "single", "whole", "whole"]
        held = sorted((one["startedAt"], one["endedAt"]) for one in map(self._holder, runs) if one["startedAt"])
        assert all(before[1] <= after[0] for before, after in pairwise(held)), held
        until(lambda: server.get("/groups")["items"] == [])
        ends = {(run["status"], run["cause"]) for run in runs} - {("succeeded", None)}
        self.status = next(iter(ends), ("succeeded", None))

    @staticmethod
    def _holder(run: dict[str, Any]) -> dict[str, Any]:
        return run if run["workflow"] == "whole" else dict(run["steps"]["second"])


class ByEvent(_Base):
    """Somebody sends a custom event, and again; the end of its run starts another."""

    def prepare(self) -> None:
        self.add("pipeline", "triggers: {event: [{name: go}]}")
        self.add("follower", "triggers: {workflow: [{name: pipeline, when: ended}]}")

    def act(self, server: Server) -> None:
        self.answer = self._send(server)

    def _send(self, server: Server) -> httpx2.Response | None:
        return self.sent(server, "/api/v1/events/go", b'{"idempotencyKey": "once"}', {})

    def settle(self, server: Server) -> None:
        first = self.answer.json()["runs"][0]["id"] if self.answer is not None else None
        if first is not None:
            server.run(first)  # R15
        again = self._send(server)
        assert again is not None
        assert again.status_code in ((200,) if first else (200, 202)), again.text
        assert first in (None, again.json()["runs"][0]["id"])
        until(lambda: server.runs(workflow="follower"))
        runs = {run["workflow"]: run for run in check(server, self.witness, self.repo)}
        assert set(runs) == {"pipeline", "follower"}
        assert len(server.runs()) == 2
        assert runs["pipeline"]["id"] == again.json()["runs"][0]["id"]
        self.status = runs["pipeline"]["status"], runs["pipeline"]["cause"]


class ByPush(_Base):
    """A commit and a tag are pushed; one workflow waits for either."""

    def prepare(self) -> None:
        self.add("pipeline", "triggers: {git: [{push: {}}, {tag: {}}]}")
        self.pushed = False

    def act(self, server: Server) -> None:
        self.pushed = True
        server.reconcile(self.repo.name)  # the first look is over: from here on a tag is new
        self.commit = self.repo.commit({"a": "1"})
        until(lambda: self._fired(server) == {"git[0]"})
        self.repo.git("tag", "v1")
        self.sent(server, f"/hooks/{self.repo.name}", b"{}", {})

    def _fired(self, server: Server) -> set[str]:
        items = server.get(f"/workflows/{self.repo.name}/pipeline/firings")["items"]
        assert len(items) == len({item["trigger"] for item in items})
        return {item["trigger"] for item in items}

    def settle(self, server: Server) -> None:
        if not self.pushed:  # killed by its first look
            self.act(server)
        until(lambda: self._fired(server) == {"git[0]", "git[1]"})
        runs = check(server, self.witness, self.repo)
        assert [run["commit"] for run in runs] == [self.commit] * 2
        self.status = runs[0]["status"], runs[0]["cause"]


class BySchedule(_Base):
    """A schedule ticks every second."""

    def prepare(self) -> None:
        self.add("tick", "triggers: {schedule: [{every: 1s}]}")

    def act(self, server: Server) -> None:
        """Time does it."""

    def settle(self, server: Server) -> None:
        known = {run["id"] for run in server.runs()}
        until(lambda: len({run["id"] for run in server.runs()} - known) >= 2)  # R13: it goes on
        check(server, self.witness, self.repo, ORDER)
        one_run_a_tick(server, self.repo.name, "tick")
        self.status = "succeeded", None


class ByCommit(_Base):
    """A commit goes live, one of its files is broken, while a run of the commit before is under way."""

    def prepare(self) -> None:
        self.gate = self.folder / "gate"
        self.first = self.repo.commit({"workflows/live.yaml": self._live(1), "workflows/other.yaml": self._other("")})

    def _live(self, version: int) -> str:
        return f"""apiVersion: windlass.dev/v1
kind: Workflow
metadata: {{name: live, title: Version {version}}}
env: {{WITNESS: {self.witness}}}
steps:
  - {{name: first, run: '{WITNESS}'}}
  - {{name: second, timeout: 60s, run: '{WITNESS}; until [ -e {self.gate} ]; do sleep 0.02; done'}}
  - name: third
    outputs: {{version: {{type: integer}}}}
    run: '{WITNESS}; echo version={version} >> "$WINDLASS_OUTPUT"'
outputs: {{version: "${{{{ steps.third.outputs.version }}}}"}}
"""

    def _other(self, mistake: str) -> str:
        head = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: other}\n"
        return f"{head}steps: [{{run: 'true'{mistake}}}]\n"

    def act(self, server: Server) -> None:
        self.run = server.begin(self.repo.name, "live")
        until(lambda: server.run(self.run)["steps"]["second"]["status"] == "running")
        files = {"workflows/live.yaml": self._live(2), "workflows/other.yaml": self._other(", nonsense: 1")}
        self.second = self.repo.commit(files)
        self.sent(server, f"/hooks/{self.repo.name}", b"{}", {})  # the forge's notification

    def settle(self, server: Server) -> None:
        if not hasattr(self, "run"):  # killed by its first commit, before anybody could ask for anything
            self.act(server)
        self.gate.touch()
        live = server.live(self.repo.name)
        assert set(live) == {"live", "other"}  # R18: the last good ones, from the first moment on
        assert live["live"]["commit"] in (self.first, self.second)
        assert live["other"]["commit"] == self.first
        until(lambda: server.live(self.repo.name)["live"]["title"] == "Version 2")
        other = server.live(self.repo.name)["other"]
        assert (other["stale"], other["commit"]) == (True, self.first)
        state = server.get(f"/repositories/{self.repo.name}")
        assert state["commit"] == self.second
        assert [problem["file"] for problem in state["problems"]] == ["workflows/other.yaml"]
        (run,) = check(server, self.witness, self.repo, ORDER)
        assert run["commit"] == self.first  # R17
        assert run["outputs"] == {"version": 1}
        fresh = server.ended(server.begin(self.repo.name, "live"))
        assert (fresh["commit"], fresh["outputs"]) == (self.second, {"version": 2})
        self.status = run["status"], run["cause"]


class ByLibrary(_Base):
    """A commit needs another commit of a library, whose folder goes away once it was fetched."""

    def prepare(self) -> None:
        self.infra = library(self.folder, "infra", self._say("one"))
        self.first = self._locked()

    def _say(self, word: str) -> dict[str, str]:
        rest = f"""env: {{WITNESS: {self.witness}}}
outputs: {{said: {{type: string}}}}
run: '{WITNESS}; echo said={word} >> "$WINDLASS_OUTPUT"'
"""
        return {"say/action.yaml": action("say", rest)}

    def _locked(self) -> str:
        named = {"infra": Library.model_validate({"git": str(self.infra.path)})}
        mirrors = LibraryMirrors(self.folder / "laptop")
        lock = make_lock(named, Location(str(self.repo.path), local=True), mirrors)
        mirrors.close()
        outputs = 'outputs: {said: "${{ steps.say.outputs.said }}"}\n'
        head = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: user}\n"
        return self.repo.commit(
            {
                "windlass.yaml": settings(infra=f"git: {self.infra.path}"),
                "windlass.lock": lock_text(lock),
                "workflows/user.yaml": f"{head}{outputs}steps: {{say: {{uses: infra/say}}}}\n",
            }
        )

    def act(self, server: Server) -> None:
        self.run = server.begin(self.repo.name, "user")
        server.ended(self.run)
        self.infra.commit(self._say("two"))
        self.second = self._locked()
        self.sent(server, f"/hooks/{self.repo.name}", b"{}", {})

    def settle(self, server: Server) -> None:
        if not hasattr(self, "run"):  # killed by its first commit
            self.act(server)
        live = server.live(self.repo.name)["user"]
        assert live["commit"] in (self.first, self.second)  # R18: one of the two, whole
        until(lambda: server.live(self.repo.name)["user"]["commit"] == self.second)
        newest = self.infra.git("rev-parse", "HEAD")
        shown = f"/repositories/{self.repo.name}"
        until(lambda: server.get(shown)["libraries"]["infra"]["commit"] == newest)
        assert server.get(shown)["problems"] == []
        shutil.rmtree(self.infra.path)
        fresh = server.ended(server.begin(self.repo.name, "user"))
        assert fresh["outputs"] == {"said": "two"}
        run = server.run(self.run)
        assert run["outputs"] == {"said": "one"}  # R17
        self.status = run["status"], run["cause"]


SCENARIOS: dict[str, Any] = {"api": ByApi, "schedule": BySchedule, "hook": ByHook, "commit": ByCommit}
SCENARIOS |= {"artifacts": ByArtifacts, "event": ByEvent, "push": ByPush, "group": ByGroup}
SCENARIOS |= {"library": ByLibrary}
