"""A user's home for one test: the `windlass` command in a scrubbed environment that ends at the test's own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests import canary

WINDLASS = Path(sys.executable).with_name("windlass")


class Home:
    """`folder` holds everything: home, state, temporary files, repositories."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("home", "tmp"):
            (folder / name).mkdir()

    @property
    def env(self) -> dict[str, str]:
        own = self.folder
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(own / "home"),
            "XDG_STATE_HOME": str(own / "home/state"),
            "XDG_CACHE_HOME": str(own / "home/cache"),
            "XDG_CONFIG_HOME": str(own / "home/config"),
            "TMPDIR": str(own / "tmp"),
            "LANG": "C.UTF-8",
            "USER": "ada",
        }

    def start(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, **more: Any
    ) -> subprocess.Popen[str]:
        """The command as a process of its own session, so that a signal of the test's own terminal never reaches it."""
        return subprocess.Popen(
            [WINDLASS, *words],
            cwd=cwd or self.folder,
            env={**self.env, **(env or {})},
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=more.pop("stderr", subprocess.PIPE),
            text=True,
            start_new_session=True,
            **more,
        )

    def windlass(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command until it ends. What it prints holds no secret value."""
        done = subprocess.run(
            [WINDLASS, *words],
            cwd=cwd or self.folder,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        canary.seen(done.stdout + done.stderr, f"what `windlass {words[0] if words else ''}` prints")
        return done

    def run_json(self, repo: Path, *words: str, code: int = 0, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """`windlass run … --output json`: the object; the exit code must be `code`."""
        done = self.windlass("run", *words, "--output", "json", cwd=repo, env=env)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        result: dict[str, Any] = json.loads(done.stdout)
        return result
