"""Libraries as git repositories on disk, and a repository that uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.slow.repo import Repo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def action(name: str, more: str = "run: echo hi\n") -> str:
    return f"apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {{name: {name}}}\n{more}"


def settings(**libraries: str) -> str:
    """windlass.yaml that names libraries, each as YAML in one line."""
    named = "".join(f"  {name}: {{{written}}}\n" for name, written in libraries.items())
    return "apiVersion: windlass.dev/v1\nkind: Repository\n" + (f"libraries:\n{named}" if named else "")


def library(folder: Path, name: str, files: Mapping[str, str], tag: str | None = None) -> Repo:
    made = Repo(folder / name)
    made.commit(files)
    if tag is not None:
        made.git("tag", tag)
    return made
