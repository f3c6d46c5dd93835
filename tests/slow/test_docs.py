"""What the documentation shows is true: its workflows are checked and run, its server file is read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.slow.repo import Repo

from windlass.loading.server_file import libraries_of, read_server_file, webhook_keys_of

ROOT = Path(__file__).resolve().parents[2]
WINDLASS = Path(sys.executable).with_name("windlass")
BY_EXAMPLE = ROOT / "docs/by-example.md"  # whose documents are one repository
ELSEWHERE = (BY_EXAMPLE, ROOT / "docs/runners.md")  # test_docker.py has the engine that the latter needs
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").glob("*.md")) if page not in ELSEWHERE)]


def blocks(page: Path, kind: str) -> list[str]:
    """The YAML blocks of a page that are documents of this kind."""
    found: list[str] = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in found if re.search(rf"^kind: {kind}$", block, re.MULTILINE)]


WORKFLOWS = [(page.name, block) for page in PAGES for block in blocks(page, "Workflow")]

ACTIONS = [block for page in PAGES for block in blocks(page, "Action")]


def windlass(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "WINDLASS_DATA": str(folder / "data")}
    command = [str(WINDLASS), *words]
    return subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False
    )


def name_the_library(folder: Path) -> None:
    """The bundled library as a git repository, under the alias that the language page shows; locked."""
    library = Repo(folder / "library")
    shutil.copytree(ROOT / "examples/library", library.path, dirs_exist_ok=True)
    library.commit({})
    library.git("tag", "v2.3.0")
    (page,) = [block for block in blocks(ROOT / "docs/language.md", "Repository") if "libraries:" in block]
    shown = re.sub(r"git: https://\S+", f"git: file://{library.path}", page)
    (folder / "windlass.yaml").write_text(shown)
    locked = windlass(folder, "lock")
    assert locked.returncode == 0, locked.stderr


def test_pages_show_workflows() -> None:
    assert {"README.md", "getting-started.md", "language.md"} <= {page for page, _ in WORKFLOWS}


@pytest.mark.parametrize(("page", "text"), WORKFLOWS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(WORKFLOWS)])
def test_a_shown_workflow_is_clean_and_runs(tmp_path: Path, page: str, text: str) -> None:
    del page
    (tmp_path / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind: Repository\n")
    if "uses: infra/" in text:
        name_the_library(tmp_path)
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/shown.yaml").write_text(text)
    for action in ACTIONS:
        found = re.search(r"^metadata: \{name: ([a-z-]+)", action, re.MULTILINE)
        assert found is not None
        folder = tmp_path / "actions" / found[1]
        folder.mkdir(parents=True)
        (folder / "action.yaml").write_text(action)
    checked = windlass(tmp_path, "check", "--strict")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    done = windlass(tmp_path, "run", "workflows/shown.yaml", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "succeeded"


def test_shown_repository_files_are_clean(tmp_path: Path) -> None:
    shown = [block for page in PAGES for block in blocks(page, "Repository")]
    assert shown
    for block in shown:
        (tmp_path / "windlass.yaml").write_text(block)
        checked = windlass(tmp_path, "check", "--strict")
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_shown_server_file_can_be_read(tmp_path: Path) -> None:
    page = (ROOT / "docs/server-file.md").read_text()
    block = re.search(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert block
    (tmp_path / "windlass-server.yaml").write_text(block[1])
    shown = read_server_file(tmp_path / "windlass-server.yaml")
    assert [repository.name for repository in shown.repositories] == ["shop"]
    assert [library.git for library in libraries_of(shown)] == ["https://git.example.com/infra/"]
    assert set(webhook_keys_of(shown)) == {"WEBHOOK_KEY", "FORGE_KEY"}


def test_shown_workflow_tests_pass_with_the_example_that_they_are_for(tmp_path: Path) -> None:
    shown = [block for page in PAGES for block in blocks(page, "Test")]
    assert shown
    shutil.copytree(ROOT / "examples", tmp_path / "shop")
    for number, block in enumerate(shown):
        (tmp_path / f"shop/tests/shown-{number}.test.yaml").write_text(block)
    done = windlass(tmp_path / "shop", "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shown-0" in done.stdout


@pytest.fixture(scope="module")
def by_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that the page shows."""
    folder = tmp_path_factory.mktemp("shop")
    places = {
        "Repository": "windlass.yaml",
        "Workflow": "workflows/{}.yaml",
        "Action": "actions/{}/action.yaml",
        "Test": "tests/{}.test.yaml",
    }
    for kind, place in places.items():
        for number, block in enumerate(blocks(BY_EXAMPLE, kind)):
            name = re.search(r"^metadata:\s*{?\s*name: ([a-z-]+)", block, re.MULTILINE)
            path = folder / place.format(name[1] if name and kind != "Test" else number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block)
    return folder


def test_the_repository_by_example_is_clean_and_its_tests_pass(by_example: Path) -> None:
    checked = windlass(by_example, "check", "--strict")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = windlass(by_example, "test")
    assert tested.returncode == 0, tested.stdout + tested.stderr


NAMES = ["details", "settings", "triggered"]


def test_all_workflows_by_example_are_run(by_example: Path) -> None:
    assert sorted(path.stem for path in (by_example / "workflows").iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_by_example_runs(by_example: Path, name: str) -> None:
    done = windlass(by_example, "run", name, "--output", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "succeeded"
