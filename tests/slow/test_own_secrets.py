"""The own store by the real commands: on a laptop, on a server, from elsewhere; no value on a disk."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps, secret
from tests.slow.folders import contents
from tests.slow.repo import workflow
from tests.slow.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

VALUE = secret("own", " battery")
OTHER = secret("own.other")
SETTINGS = """
apiVersion: windlass.dev/v1
kind: Repository
secrets: {DB: "ref+windlass://DB", MINE: "ref+windlass://user/TOKEN"}
environments:
  production: {}
"""
USE = """
    steps:
      use:
        env: {DB: "${{ secrets.DB }}"}
        run: 'echo "${#DB} characters: $DB"'
"""
MINE = """
    steps: {use: {env: {T: "${{ secrets.MINE }}"}, run: 'echo "${#T} characters: $T"'}}
"""


@pytest.fixture
def shop(repo: Repo) -> Repo:
    files = {"windlass.yaml": SETTINGS, "workflows/use.yaml": workflow("use", USE)}
    files["workflows/live.yaml"] = workflow("live", "\n    environment: production" + USE)
    files["workflows/mine.yaml"] = workflow("mine", MINE)
    repo.commit(files)
    return repo


def given(
    home: Home, value: str, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command that is given a value by its standard input."""
    process = home.start(*words, cwd=cwd, env=env, stdin=subprocess.PIPE)
    out, err = process.communicate(value, timeout=150)
    assert value.strip() not in out + err
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def nowhere(folder: Path) -> None:
    held = [path for path, data in contents(folder) if VALUE.encode() in data]
    assert held == []


def test_on_a_laptop_without_a_server(home: Home, shop: Repo) -> None:
    run = ("run", "use", "--output", "json")
    before = json.loads(home.windlass(*run, cwd=shop.path).stdout)
    assert before["steps"]["use"]["cause"] == "secret-not-found"
    done = given(home, VALUE + "\n", "secrets", "set", "DB", cwd=shop.path)
    assert done.stdout == "repository:shop/DB is kept, version 1: ref+windlass://DB\n", done.stderr
    assert f"{len(VALUE)} characters: ***" in home.windlass("run", "use", cwd=shop.path).stdout
    rows = json.loads(home.windlass("secrets", "list", "--output", "json", cwd=shop.path).stdout)
    assert [(row["kind"], row["owner"], row["name"]) for row in rows] == [("repository", "shop", "DB")]
    given(home, OTHER, "secrets", "set", "TOKEN", "--user", cwd=shop.path)
    assert f"{len(OTHER)} characters: ***" in home.windlass("run", "mine", cwd=shop.path).stdout
    checked = json.loads(home.windlass("secrets", "check", "--output", "json", cwd=shop.path).stdout)
    assert [row["status"] for row in checked] == ["found", "found"]
    assert home.windlass("secrets", "rotate", cwd=shop.path).stdout.startswith("2 sealed anew, by key ")
    assert f"{len(VALUE)} characters: ***" in home.windlass("run", "use", cwd=shop.path).stdout
    assert home.windlass("secrets", "rm", "DB", cwd=shop.path).stdout == "repository:shop/DB is gone\n"
    assert home.windlass("secrets", "rm", "DB", cwd=shop.path).returncode != 0
    nowhere(home.folder)


def test_values_come_by_file_or_a_hidden_question(home: Home, shop: Repo) -> None:
    keeps(home.folder / "value").write_text(f"{OTHER}\n")
    assert home.windlass("secrets", "set", "DB", "--file", "../value", cwd=shop.path).returncode == 0
    assert f"{len(OTHER)} characters: ***" in home.windlass("run", "use", cwd=shop.path).stdout
    terminal = Terminal(home, "secrets", "set", "DB", cwd=shop.path)
    terminal.until("DB: ")
    terminal.type(VALUE)
    assert terminal.end() == "repository:shop/DB is kept, version 2: ref+windlass://DB\n"
    assert f"{len(VALUE)} characters: ***" in home.windlass("run", "use", cwd=shop.path).stdout
    for words, told in (
        (("set", "DB"), "at least 4 characters"),
        (("set",), "needs a NAME"),
        (("set", "DB", "--file", "none"), "cannot be read"),
        (("rm", "DB", "--user", "--tenant", "a"), "not allowed with"),
        (("set", "DB", "hunter22"), "never given on the command line"),
        (("set", "DB=hunter22"), "never given on the command line"),
        (("set", "DB", "--value", "hunter22"), "never given on the command line"),
        (("check", "a", "b"), "takes at most one NAME"),
    ):
        done = home.windlass("secrets", *words, cwd=shop.path)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr
        assert "hunter22" not in done.stderr
    assert "say whose secret it is" in home.windlass("secrets", "set", "DB").stderr


def test_on_a_server_from_here_and_from_elsewhere(home: Home, shop: Repo, serve: MakeServer) -> None:
    server = serve(shop.path)
    here = {"WINDLASS_DATA": str(server.data)}
    assert given(home, VALUE, "secrets", "set", "DB", cwd=shop.path, env=here).returncode == 0
    run = server.begin("shop", "use")
    assert server.ended(run)["status"] == "succeeded"
    assert server.step_log(run, "use").text == f"{len(VALUE)} characters: ***\n"
    elsewhere = ("--server", str(server.http.base_url).rstrip("/"))
    words = ("secrets", "set", "DB", "--repository", "shop", "--environment", "production", *elsewhere)
    assert given(home, VALUE + "!!", *words).returncode == 0
    live = server.begin("shop", "live")
    server.ended(live)
    assert server.step_log(live, "use").text == f"{len(VALUE) + 2} characters: ***\n"
    checked = home.windlass("secrets", "check", "shop", *elsewhere, "--output", "json")
    statuses = {row["name"]: row["status"] for row in json.loads(checked.stdout)}
    assert statuses == {"DB": "found", "MINE": "secret-not-found"}
    assert home.windlass("secrets", "rotate", *elsewhere).stdout.startswith("2 sealed anew")
    assert home.windlass("secrets", "rm", "DB", "--repository", "none", *elsewhere).returncode != 0
    server.kill()
    server.start()
    again = server.begin("shop", "use")
    server.ended(again)
    assert server.step_log(again, "use").text == f"{len(VALUE)} characters: ***\n"
    nowhere(server.data)
    assert VALUE not in server.log
