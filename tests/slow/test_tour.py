"""docs/tour.md and docs/authors/ are true: the files of a page make a repository, its commands are run in it and print
what the page shows.

Ids and times differ from run to run: an id of the page stands for the one that was printed in its place, which later
commands are given. Everything else is compared as it is.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo

DOCS = Path(__file__).resolve().parents[2] / "docs"
TOUR = DOCS / "tour.md"
PAGES = [TOUR, *sorted((DOCS / "authors").glob("*.md"))]
FILE = re.compile(r'^```yaml title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")
# What differs each time: ids, commits, moments, and how long something took.
MASKS = (
    (ID, "ID"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "COMMIT"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b(?:\d+(?:ms|s|m))+(?= |$)", re.MULTILINE), "SPAN"),
    (re.compile(r" +"), " "),
)
VERBS = ("run", "check", "fmt", "test", "lock", "next", "explain", "logs", "completion")


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a block with what is shown below it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def masked(text: str) -> list[str]:
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.rstrip().split("\n")]


def with_ids(command: str, ids: dict[str, str]) -> str:
    return ID.sub(lambda found: ids.get(found[0], found[0]), command)


def printed(home: Home, repo: Repo, command: str) -> str:
    """What a person would see in a terminal, as far as it is no terminal."""
    env = {**home.env, "PATH": f"{Path(sys.executable).parent}:{home.env['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{command}"],
        cwd=repo.path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=150,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_what_a_page_shows_is_what_is_printed(home: Home, repo: Repo, path: Path) -> None:
    page = path.read_text()
    repo.commit(dict(FILE.findall(page)))
    ids: dict[str, str] = {}
    for command, shown in (one for block in CONSOLE.findall(page) for one in commands(block)):
        real = printed(home, repo, with_ids(command, ids))
        assert masked(real) == masked(shown), f"$ {command}\n{real}"
        ids |= dict(zip(ID.findall(shown), ID.findall(real), strict=True))


def typed(path: Path) -> str:
    return "\n".join(command for block in CONSOLE.findall(path.read_text()) for command, _ in commands(block))


def test_every_verb_of_authors_is_on_the_tour() -> None:
    assert {verb for verb in VERBS if f"windlass {verb}" in typed(TOUR)} == set(VERBS)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("fmt", ["fmt", "fmt --check"]),
        ("explain", ["explain rule", "explain env", "explain triggers", "explain why"]),
        ("plan", ["--dry-run", "--output json", "--output mermaid"]),
        ("next", ["next"]),
        ("completion", ["completion bash", "completion zsh", "completion fish", "completion words"]),
        ("check", ["check"]),
        ("test", ["test"]),
    ],
)
def test_each_verb_of_authors_has_a_page(page: str, words: list[str]) -> None:
    shown = typed(DOCS / f"authors/{page}.md")
    assert [word for word in words if word not in shown] == []
    assert f"authors/{page}.md" in (DOCS.parent / "mkdocs.yml").read_text()
