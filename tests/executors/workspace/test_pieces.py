"""The workspace: pieces fill the working directory before the program and collect from it after its end."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import wait_until

from windlass.executors.workspace.pieces import PieceError
from windlass.runs.model import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.executors.conftest import Local

    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import AttemptKey, Ended, Launch


class Greeting:
    cause = "start-failed"
    verb = "greeting"

    def wants(self, launch: Launch) -> bool:
        return "GREET" in launch.env

    def prepare(self, launch: Launch, place: Place) -> Launch:
        place.work.mkdir(exist_ok=True)
        (place.work / "hello").write_text("hello\n")
        return replace(launch, env={**launch.env, "GREETED": "yes"})


class Keep:
    """Collects the file `kept`, into memory that outlives executors."""

    name = "keep"

    def __init__(self) -> None:
        self.store: list[str] = []
        self.at_work = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def owes(self, launch: Launch) -> Mapping[str, Any] | None:
        return {"file": launch.env["KEEP"]} if "KEEP" in launch.env else None

    def collect(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> Mapping[str, Any]:
        self.at_work.set()
        while not self.go_on.wait(0.01):
            place.check()
        try:
            self.store.append((place.work / owed["file"]).read_text())
        except FileNotFoundError as error:
            raise PieceError("artifact-missing", f"there is no {owed['file']}") from error
        return {"kept": self.store[-1]}


def test_a_preparation_writes_files_and_changes_the_launch(local):
    executor = local.workspace(preparations=[Greeting()])
    launch = local.launch('cat hello; echo "$GREETED"', env={"GREET": "1"})
    executor.start([launch])
    assert local.seen.ended(launch.key).exit_code == 0
    assert local.log() == b"hello\nyes\n"


def test_the_end_is_told_when_it_is_collected(local):
    keep = Keep()
    executor = local.workspace(collections=[keep])
    launch = local.launch("echo 12 > kept", env={"KEEP": "kept"})
    executor.start([launch])
    ended = local.seen.ended(launch.key)
    assert (ended.exit_code, ended.cause, ended.detail) == (0, None, {"kept": "12\n"})
    assert len(local.seen.of(launch.key)) == 2


def test_what_cannot_be_collected_spoils_a_success_and_not_a_failure(local):
    executor = local.workspace(collections=[Keep()])
    good = local.launch("true", "good", env={"KEEP": "kept"})
    bad = local.launch("exit 3", "bad", env={"KEEP": "kept"})
    executor.start([good, bad])
    ended = local.seen.ended(good.key)
    assert (ended.exit_code, ended.cause, ended.message) == (0, "artifact-missing", "there is no kept")
    ended = local.seen.ended(bad.key)
    assert (ended.exit_code, ended.cause, ended.message) == (3, None, "exit code 3; there is no kept")


def test_a_piece_that_breaks_harms_only_its_attempt(local):
    class Broken(Keep):
        def collect(self, owed, place, ended):
            raise ZeroDivisionError

    executor = local.workspace(collections=[Broken()])
    launch = local.launch("true", env={"KEEP": "kept"})
    executor.start([launch])
    assert local.seen.ended(launch.key).cause == "internal-error"


@pytest.mark.parametrize("while_running", [True, False])
def test_a_controller_that_adopts_collects_again_and_only_then_tells(local, while_running):
    """As after kill -9 between the program's end and the end of collecting."""
    keep = Keep()
    keep.go_on.clear()
    first = local.workspace(collections=[keep])
    launch = local.launch(
        "while [ ! -e go ]; do sleep 0.01; done; echo 12 > kept" if while_running else "echo 12 > kept",
        env={"KEEP": "kept"},
    )
    first.start([launch])
    handle = local.seen.started(launch.key).handle
    if not while_running:
        assert keep.at_work.wait(20)
    seen = local.seen
    first.close(kill=False)
    assert len(seen.of(launch.key)) == 1  # it has not ended for the ledger
    keep.go_on.set()
    second = local.workspace(collections=[keep])
    second.adopt({launch.key: handle})
    if while_running:
        (local.work() / "go").touch()
    ended = local.seen.ended(launch.key)
    assert (ended.exit_code, ended.detail) == (0, {"kept": "12\n"})
    assert keep.store == ["12\n"]


def test_an_adopted_attempt_that_owes_nothing_just_ends(local):
    first = local.workspace()
    launch = local.launch("true")
    first.start([launch])
    handle = local.seen.started(launch.key).handle
    local.seen.ended(launch.key)
    first.close(kill=False)
    second = local.workspace(collections=[Keep()])
    second.adopt({launch.key: handle})
    assert local.seen.ended(launch.key).exit_code == 0


def test_a_stop_while_collecting_ends_the_attempt_without_it(local):
    keep = Keep()
    keep.go_on.clear()
    executor = local.workspace(collections=[keep])
    launch = local.launch("echo 12 > kept", env={"KEEP": "kept"})
    executor.start([launch])
    assert keep.at_work.wait(20)
    executor.stop(Stop(launch.key, 100))
    ended = local.seen.ended(launch.key)
    assert (ended.exit_code, ended.detail) == (0, {})
    assert keep.store == []


def test_killing_at_the_end_waits_for_what_is_collected(local):
    keep = Keep()
    executor = local.workspace(collections=[keep])
    launch = local.launch("echo 12 > kept; sleep 60", env={"KEEP": "kept"})
    executor.start([launch])
    wait_until(lambda: (local.work() / "kept").exists() and (local.work() / "kept").read_text())
    executor.close(kill=True)
    assert keep.store == ["12\n"]
    assert len(local.seen.of(launch.key)) == 2


def test_what_cannot_even_be_looked_at_has_ended_all_the_same(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = local.workspace(collections=[Keep()])
    launches = [local.launch("true", name, env={"KEEP": "yes"}) for name in ("closed", "other")]

    def closed(key: AttemptKey) -> Path:
        if key.path == "closed" and threading.current_thread().name == "windlass-local":
            raise PermissionError("its folder is closed")  # as `chmod 0 ..` makes it for anybody but root
        return type(inner).working_directory(inner, key)

    inner = executor._inner
    monkeypatch.setattr(inner, "working_directory", closed)
    executor.start(launches)
    assert local.seen.ended(launches[1].key).exit_code == 0
    ended = local.seen.ended(launches[0].key)
    assert (ended.exit_code, ended.cause) == (0, "internal-error")
    assert "its folder is closed" in str(ended.message)
    executor.close(kill=True)
