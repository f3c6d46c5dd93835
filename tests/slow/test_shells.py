"""Completion in real shells: keys typed into an interactive bash, zsh and fish, which then run what stands there."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.slow.repo import workflow
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.slow.home import Home
    from tests.slow.repo import Repo

IN_CI = os.environ.get("CI", "") not in ("", "false", "0")
PROMPT = "ready%"
# How somebody sets it up; %s: the folder of what the shell reads first.
SHELLS = {
    "bash": (
        ["bash", "--noprofile", "--rcfile", "%s/rc", "-i"],
        ("rc", f"PS1={PROMPT}; bind 'set bell-style none'; source <(windlass completion bash)"),
    ),
    "zsh": (
        ["env", "ZDOTDIR=%s", "zsh", "-d", "-i"],
        (".zshrc", f"PS1={PROMPT}%; autoload -Uz compinit; compinit -u -D; source <(windlass completion zsh)"),
    ),
    "fish": (
        ["fish", "--no-config", "-C", "source %s/rc"],
        ("rc", f"function fish_prompt; echo -n {PROMPT}; end; windlass completion fish | source"),
    ),
}


class Shell:
    """An interactive shell in a repository, on a terminal of its own."""

    def __init__(self, name: str, home: Home, repo: Repo) -> None:
        words, (file, text) = SHELLS[name]
        (home.folder / file).write_text(text + "\n")
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        os.set_blocking(ours, False)
        path = f"{Path(sys.executable).parent}:{home.env['PATH']}"
        self._ours, self._shown = ours, b""
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *(word.replace("%s", str(home.folder)) for word in words)],
            cwd=repo.path,
            env={**home.env, "PATH": path, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.until(PROMPT)

    def until(self, text: str) -> None:
        until(lambda: text in self._read())

    def _read(self) -> str:
        try:
            while chunk := os.read(self._ours, 65536):
                self._shown += chunk
        except (BlockingIOError, OSError):  # nothing more now; or the other side is gone
            pass
        return self._shown.decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        self._process.kill()
        self._process.wait(10)
        os.close(self._ours)


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest, home: Home, repo: Repo) -> Iterator[Shell]:
    if shutil.which(request.param) is None:
        assert not IN_CI, f"{request.param} is missing"
        pytest.skip(f"{request.param} is missing: install the package {request.param}")
    repo.add("deploy-everything", "steps: {a: {run: echo x}}")
    repo.write({"elsewhere/odd name.yaml": workflow("odd", "steps: {a: {run: echo y}}")})
    made = Shell(request.param, home, repo)
    yield made
    made.close()


def result(repo: Repo, name: str) -> str | None:
    path = repo.path / name
    return path.read_text() if path.exists() and path.read_text().endswith("\n") else None


@pytest.mark.parametrize(
    ("keys", "printed"),
    [
        ("windlass expl\tru\tduplicate-k\t", "duplicate-key (error)"),
        ("windlass run depl\t--dry\t", "shop/deploy-everything at "),
        ("windlass run --dry-run elsew\todd\t", "shop/odd at "),
        ("windlass check --output sa\t", '"version": "2.1.0"'),
        ("windlass check --output=sa\t", '"version": "2.1.0"'),
    ],
    ids=["a rule", "a workflow and a flag", "a file", "a value", "a value behind ="],
)
def test_keys_become_a_command(shell: Shell, repo: Repo, keys: str, printed: str) -> None:
    """Whatever the terminal shows of it: what counts is the command that runs."""
    for number, part in enumerate(keys.split("\t")):
        shell.type(part if number == 0 else f"\t{part}")
    shell.type(" > printed 2>&1\n")
    until(lambda: printed in (result(repo, "printed") or ""))


def test_what_could_stand_there_is_shown(shell: Shell) -> None:
    shell.type("windlass explain \t\t")
    shell.until("triggers")
