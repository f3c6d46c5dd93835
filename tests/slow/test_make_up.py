"""`make up` as a stranger would: a repository of their own, hints, and an edit that is live once committed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = {path.stem for path in (ROOT / "examples/workflows").glob("*.yaml")}


class Up:
    """A running `make up`: what it said until it was ready, and where its API is."""

    def __init__(self, folder: Path) -> None:
        self.workflows = folder / "my-workflows"
        self.data = folder / "data"
        # The installation is taken as it is: what is tried here is what comes after it.
        command = ["make", "--no-print-directory", "--old-file=.venv/.installed-run", "up"]
        with (folder / "log").open("ab") as log:
            self.make = subprocess.Popen(
                [*command, f"WORKFLOWS={self.workflows}", "ARGS=--listen 127.0.0.1:0 --poll 1s"],
                cwd=ROOT,
                env={**os.environ, "WINDLASS_DATA": str(self.data), "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.said = self._until_hints()
        found = re.search(r"API: (http://\S+)/api/v1", self.said)
        if not found:
            self.stop()
        assert found, self.said + (folder / "log").read_text()
        self.url = found[1]

    def _until_hints(self) -> str:
        assert self.make.stdout is not None
        said = ""
        for line in self.make.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        return said

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def server_pid(self) -> int:
        return int(json.loads((self.data / "server.json").read_text())["pid"])

    def stop(self) -> None:
        if self.make.poll() is None:
            os.killpg(self.make.pid, signal.SIGTERM)
        self.make.wait(timeout=60)
        assert self.make.stdout is not None
        self.make.stdout.close()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    try:
        yield running
    finally:
        running.stop()


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_it_says_where_what_and_how_to_go_on(up: Up) -> None:
    assert all(re.search(rf"^    {name}\b", up.said, re.MULTILINE) for name in EXAMPLES)
    assert "windlass run " in up.said
    assert "git commit" in up.said
    assert {item["name"] for item in up.get("/api/v1/workflows")["items"]} == EXAMPLES


def test_an_edit_that_is_committed_is_live_without_a_restart(up: Up) -> None:
    deploy = up.workflows / "workflows/deploy.yaml"
    deploy.write_text(deploy.read_text().replace("Deploy the shop", "Deploy the new shop"))
    assert up.get("/api/v1/workflows/my-workflows/deploy")["title"] == "Deploy the shop"
    subprocess.run(["git", "-C", up.workflows, "commit", "--quiet", "--all", "--message", "Rename"], check=True)
    until(lambda: bool(up.get("/api/v1/workflows/my-workflows/deploy")["title"] == "Deploy the new shop"))


def test_the_webhook_of_the_examples_starts_a_run(up: Up) -> None:
    def post(order: dict[str, object]) -> dict[str, Any]:
        url = f"{up.url}/hooks/my-workflows/order"
        request = urllib.request.Request(url, json.dumps(order).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    [started] = post({"order": "A-17", "amount": 250})["runs"]
    until(lambda: up.get(f"/api/v1/runs/{started['id']}")["endedAt"] is not None)
    run = up.get(f"/api/v1/runs/{started['id']}")
    assert (run["status"], run["title"]) == ("succeeded", "Order A-17")
    assert run["steps"]["review"]["status"] == "succeeded"
    assert post({"amount": 1})["runs"] == []


def test_it_stops_cleanly_and_keeps_the_repository(up: Up, tmp_path: Path) -> None:
    note = up.workflows / "note.txt"
    note.write_text("mine")
    pid = up.server_pid()
    up.stop()
    until(lambda: gone(pid))
    again = Up(tmp_path)
    again.stop()
    assert note.read_text() == "mine"
    assert "Copying examples/" not in again.said
