"""`windlass run` interrupted: once it cancels and cleans up, twice it kills; no process is ever left behind.

The fixture `home` looks for processes after each test.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.processes import marked
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo

BODY = """
    steps:
      work:
        timeout: 60s
        killAfter: 1s
        run: |
          touch WITNESS.work
          sleep 300 & setsid sleep 300 & sleep 300
      later: {needs: [work], run: touch WITNESS.later}
    finally:
      tidy:
        timeout: 60s
        killAfter: 1s
        run: |
          touch WITNESS.tidy
          until [ -e WITNESS.go ]; do sleep 0.02; done
          touch WITNESS.tidied
"""


class Interrupted:
    """A run of BODY, and the files by which it tells how far it came."""

    def __init__(self, home: Home, repo: Repo, *words: str) -> None:
        self._folder = home.folder
        repo.add("it", BODY.replace("WITNESS", str(home.folder / "saw")))
        self.process = home.start("run", "it", *words, cwd=repo.path)
        self.until_saw("work")

    def until_saw(self, what: str) -> None:
        until(lambda: self.saw(what) or self.process.poll() is not None)
        assert self.saw(what), self.process.communicate()

    def saw(self, what: str) -> bool:
        return (self._folder / f"saw.{what}").exists()

    def go(self) -> None:
        (self._folder / "saw.go").touch()

    def result(self, code: int) -> dict[str, Any]:
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == code, (out, err)
        assert "Traceback" not in err
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_cancels_and_runs_finally(home: Home, repo: Repo, number: int) -> None:
    it = Interrupted(home, repo, "--output", "json")
    it.process.send_signal(number)
    it.until_saw("tidy")
    it.go()
    result = it.result(130)
    assert it.saw("tidied")
    assert not it.saw("later")
    assert (result["status"], result["cause"]) == ("cancelled", "cancelled-by-user")
    found = {name: (step["status"], step["cause"]) for name, step in result["steps"].items()}
    assert found["work"] == ("cancelled", "cancelled-by-user")
    assert found["later"] == ("cancelled", "cancelled-by-user")
    assert found["tidy"][0] == "succeeded"


def test_twice_kills(home: Home, repo: Repo) -> None:
    it = Interrupted(home, repo, "--output", "json")
    it.process.send_signal(signal.SIGINT)
    it.until_saw("tidy")
    it.process.send_signal(signal.SIGINT)
    result = it.result(130)  # `tidy` would wait for ever, and fail by its timeout
    assert not it.saw("tidied")
    assert result["status"] == "cancelled"
    assert result["steps"]["tidy"]["status"] == "cancelled"


def test_twice_at_once_kills_too(home: Home, repo: Repo) -> None:
    it = Interrupted(home, repo, "--output", "json")
    it.process.send_signal(signal.SIGINT)
    it.process.send_signal(signal.SIGINT)
    until(lambda: it.process.poll() is not None or it.saw("tidy"))
    if it.process.poll() is None:  # both signals were taken as one
        it.process.send_signal(signal.SIGINT)
    assert it.result(130)["status"] == "cancelled"
    assert not it.saw("tidied")


def test_the_text_says_so_too(home: Home, repo: Repo) -> None:
    it = Interrupted(home, repo)
    it.process.send_signal(signal.SIGINT)
    it.until_saw("tidy")
    it.go()
    out, _ = it.process.communicate(timeout=60)
    assert it.process.returncode == 130
    assert "cancelled it" in out


def test_a_step_that_ignores_term_is_killed_after_its_grace(home: Home, repo: Repo) -> None:
    saw = home.folder / "saw"
    repo.add(
        "deaf", f"steps: [{{killAfter: 300ms, run: 'trap \"\" TERM; touch {saw}; while true; do sleep 0.05; done'}}]\n"
    )
    with home.start("run", "deaf", "--output", "json", cwd=repo.path) as running:
        until(saw.exists)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert json.loads(out)["steps"]["step-1"]["status"] == "cancelled"


def test_twice_kills_a_step_that_ignores_term(home: Home, repo: Repo) -> None:
    saw, told = home.folder / "saw", home.folder / "told"
    script = f'trap "touch {told}" TERM; touch {saw}; while true; do sleep 0.05 || true; done'
    repo.add("deaf", f"steps: [{{killAfter: 5m, run: '{script}'}}]\n")
    with home.start("run", "deaf", "--output", "json", cwd=repo.path) as running:
        until(saw.exists)
        running.send_signal(signal.SIGINT)
        until(told.exists)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.5)  # the first one leaves it its five minutes
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert json.loads(out)["status"] == "cancelled"


def test_kill_nine_of_the_command_leaves_nothing(home: Home, repo: Repo) -> None:
    it = Interrupted(home, repo)
    until(lambda: len(_of_steps(home)) >= 3)  # those that move away need a moment
    it.process.kill()
    it.process.communicate()
    until(lambda: not marked(f"{home.folder}/"))
    assert not it.saw("tidied")


def test_kill_nine_of_the_whole_session_leaves_nothing(home: Home, repo: Repo) -> None:
    it = Interrupted(home, repo)
    os.killpg(it.process.pid, signal.SIGKILL)
    it.process.communicate()
    until(lambda: not marked(f"{home.folder}/"))


def test_an_interrupt_before_anything_started_is_130(home: Home, repo: Repo) -> None:
    repo.add("it", "steps: [{run: sleep 300}]\n")
    process: subprocess.Popen[str] = home.start("run", "it", cwd=repo.path)
    until(lambda: _children(process.pid) or process.poll() is not None, pause=0.001)  # the supervisor is the first
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (130, False), err


def _children(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return ""


def _of_steps(home: Home) -> dict[int, str]:
    return {pid: line for pid, line in marked(f"{home.folder}/").items() if line.startswith("sleep 300")}


def test_ctrl_c_ends_it_whatever_it_waits_for(home: Home, repo: Repo) -> None:
    """Here nobody reads what it prints. What it had started ends with it: `home` looks."""
    repo.add("it", f"steps: [{{run: 'seq 100000; touch {home.folder}/written; sleep 300'}}]\n")
    process = home.start("run", "it", cwd=repo.path)
    until((home.folder / "written").exists)

    def ended() -> bool:
        process.send_signal(signal.SIGINT)
        return process.poll() is not None

    until(ended, pause=0.1)
    process.communicate()
    assert process.returncode == 130
