"""A real git repository with an identity of its own and nobody's configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": os.environ["PATH"],
    "LC_ALL": "C",
}


def workflow(name: str, body: str) -> str:
    """A workflow file: the head, then `body`."""
    return f"apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {{name: {name}}}\n{dedent(body)}"


class Repo:
    """A repository with a work tree in `path`, on branch main."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def name(self) -> str:
        return self.path.name

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            env=IDENTITY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | None]) -> None:
        """Into the work tree; None deletes."""
        for name, text in files.items():
            target = self.path / name
            if text is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str | None], *, amend: bool = False) -> str:
        """The new commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change", *(["--amend"] if amend else []))
        return self.git("rev-parse", "HEAD")

    def add(self, name: str, body: str) -> str:
        """Commit one workflow in `workflows/NAME.yaml`."""
        return self.commit({f"workflows/{name}.yaml": workflow(name, body)})
