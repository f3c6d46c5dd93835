"""Generated workflows and repositories to measure with."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GIT_ENV = {
    **os.environ,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.com",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.com",
}


def chain(name: str, count: int) -> str:
    """`count` steps of `true`, one after the other."""
    steps = "".join("  - {shell: sh, run: 'true'}\n" for _ in range(count))
    return _head(name) + f"steps:\n{steps}"


def on_kubernetes(name: str, image: str, count: int = 1) -> str:
    """`count` steps of `true`, one after the other, each in a Pod of that image."""
    return _head(name) + "runner: kubernetes\nsteps:\n" + f"  - {{image: '{image}', shell: sh, run: 'true'}}\n" * count


def fan(name: str, count: int) -> str:
    """`count` independent steps of `true`."""
    steps = "".join(f"  s{index}: {{shell: sh, run: 'true'}}\n" for index in range(count))
    return _head(name) + f"steps:\n{steps}"


def stamping(name: str, count: int, stamps: Path) -> str:
    """`count` steps, one after the other, that write the time at their start and their end; no process is started."""
    script = f'{{shell: bash, run: \'echo "$EPOCHREALTIME" >> "{stamps}"; echo "$EPOCHREALTIME" >> "{stamps}"\'}}'
    return _head(name) + "steps:\n" + f"  - {script}\n" * count


def ordinary(name: str) -> str:
    """About 60 lines, as teams write them: inputs, a schedule, five steps with expressions, cleanup."""
    steps = "".join(
        f"""  step-{index}:
    {f"needs: [step-{index - 1}]" if index else "env: {FIRST: 'yes'}"}
    env:
      TARGET: "${{{{ inputs.environment }}}}"
      COUNT: "${{{{ inputs.replicas }}}}"
    timeout: 10m
    run: |
      echo "deploying to $TARGET"
      echo "count is $COUNT"
""".replace("    env: {FIRST: 'yes'}\n", "")
        for index in range(5)
    )
    return (
        _head(name)
        + f"""  title: An ordinary workflow
  owners: [team-shop]
inputs:
  environment:
    type: string
    enum: [staging, production]
    default: staging
  replicas: {{type: integer, minimum: 1, maximum: 50, default: 2}}
triggers:
  schedule:
    - cron: "30 2 * * 1-5"
      timezone: Europe/Berlin
      inputs: {{environment: staging}}
env: {{REGION: eu-central-1}}
timeout: 2h
steps:
{steps}finally:
  tidy:
    run: |
      echo "$REGION"
"""
    )


def _head(name: str) -> str:
    return f"apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata:\n  name: {name}\n"


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A git repository with one commit."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "work")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, timeout=60, env=GIT_ENV, stdout=subprocess.DEVNULL)
