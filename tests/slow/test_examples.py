"""Every bundled example runs to success by the real command, as on the laptop of somebody who tries it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WINDLASS = Path(sys.executable).with_name("windlass")
EXAMPLES = sorted((ROOT / "examples/workflows").glob("*.yaml"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples as `make up` lays them out: a git repository of their own, with one commit."""
    target = tmp_path_factory.mktemp("examples") / "my-workflows"
    subprocess.run([ROOT / "scripts/workflows.sh", target], check=True, capture_output=True)
    return target


def windlass(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command in the repository, with a data folder, a home and a TMPDIR that are this test's own."""
    own = repository.parent
    (own / "tmp").mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(own),
        "TMPDIR": str(own / "tmp"),
        "XDG_STATE_HOME": str(own / "state"),
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        [WINDLASS, *words],
        cwd=repository,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def run(repository: Path, target: str, *words: str, code: int = 0) -> dict[str, Any]:
    done = windlass(repository, "run", target, "--output", "json", *words)
    assert done.returncode == code, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {name: step["status"] for name, step in result["steps"].items()}


def test_there_are_some_and_the_readme_names_them() -> None:
    assert len(EXAMPLES) > 8
    readme = (ROOT / "examples/README.md").read_text()
    assert all(f"(workflows/{path.name})" in readme for path in EXAMPLES)


def test_check_finds_nothing_to_say(repository: Path) -> None:
    done = windlass(repository, "check", "--strict", "--output", "json")
    report = json.loads(done.stdout)
    assert [problem for problem in report["problems"] if problem["severity"] != "note"] == []
    assert done.returncode == 0
    assert report["files"] >= len(EXAMPLES) + 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_succeeds(repository: Path, path: Path) -> None:
    result = run(repository, f"workflows/{path.name}")
    assert result["status"] == "succeeded"
    assert result["workflow"] == path.stem
    assert result["repository"] == "my-workflows"
    assert set(statuses(result).values()) <= {"succeeded", "skipped"}


def test_the_backup_is_an_archive_of_what_was_named(repository: Path) -> None:
    source, target = repository / "windlass.yaml", repository.parent / "backups"
    words = ("--input", f"source={source}", "--input", f"destination={target}", "--input", "keep=1")
    run(repository, "nightly-backup", *words)
    result = run(repository, "nightly-backup", *words)
    assert list(target.iterdir()) == [Path(result["outputs"]["archive"])]
    with tarfile.open(result["outputs"]["archive"]) as archive:
        kept = archive.extractfile("windlass.yaml")
        assert kept is not None
        assert kept.read() == source.read_bytes()


def test_production_is_checked_for_a_freeze(repository: Path) -> None:
    assert statuses(run(repository, "deploy"))["freeze-check"] == "skipped"
    result = run(repository, "deploy", "--input", "environment=production", "--input", "announce=false")
    assert statuses(result)["freeze-check"] == "succeeded"
    assert statuses(result)["announce"] == "skipped"
    assert result["outputs"] == {"url": "https://production.shop.example"}


def test_a_release_deploys_one_environment_after_another(repository: Path) -> None:
    result = run(repository, "release", "--input", "version=2.0.1")
    assert result["outputs"] == {"urls": ["https://staging.shop.example", "https://production.shop.example"]}
    staging, production = result["steps"]["rollout"]["items"]
    assert staging["endedAt"] <= production["startedAt"]
    assert (staging["steps"]["announce"]["status"], production["steps"]["announce"]["status"]) == (
        "skipped",
        "succeeded",
    )


def test_the_tests_of_the_build_are_counted(repository: Path) -> None:
    result = run(repository, "build-and-test")
    assert result["outputs"]["tests"] == 2
    package = result["outputs"]["package"]
    assert package["path"].startswith("price-")
    assert package["url"] == f"/api/v1/runs/{result['id']}/artifacts/package?step=package"


def test_the_second_index_is_not_computed(repository: Path) -> None:
    first, second = (run(repository, "price-index", "--input", "base=2021") for _ in range(2))
    assert first["outputs"] == second["outputs"]
    assert len(first["steps"]["compute"]["attempts"]) == 1
    assert second["steps"]["compute"]["attempts"] == []
    assert second["steps"]["fetch"]["attempts"][0]["cache"]["restored"].startswith("tables-")


def test_the_pipeline_tries_again(repository: Path) -> None:
    result = run(repository, "data-pipeline")
    assert [attempt["status"] for attempt in result["steps"]["extract"]["attempts"]] == ["failed", "succeeded"]
    assert result["outputs"]["totals"] == {"DE": 1550, "FR": 800}


def test_a_large_order_is_reviewed(repository: Path) -> None:
    assert statuses(run(repository, "order-received", "--input", "amount=200"))["review"] == "succeeded"
    assert statuses(run(repository, "order-received", "--input", "amount=199"))["review"] == "skipped"


def test_cleanup_happens_after_a_failure(repository: Path) -> None:
    result = run(repository, "integration-test", "--input", "fail=true", code=1)
    assert (result["status"], result["cause"]) == ("failed", "exit-code")
    assert statuses(result)["test"] == "failed"
    assert statuses(result)["remove"] == statuses(result)["tell"] == "succeeded"
    assert not Path(f"/tmp/windlass-it-{result['id']}").exists()


def test_the_alarm_is_raised_above_the_limit(repository: Path) -> None:
    result = run(repository, "monitor", "--input", "limit=100")
    assert statuses(result)["alarm"] == "skipped"


def test_the_report_is_one_page(repository: Path) -> None:
    result = run(repository, "weekly-report", "--input", "week=2026-11-18", "--input", "audience=board")
    assert result["outputs"]["report"].startswith("# Example Shop, week 47 of 2026\n")
    assert "48,210 EUR" in result["outputs"]["report"]
    assert statuses(result)["board-note"] == "succeeded"


def test_the_workflow_tests_of_the_examples_pass(repository: Path) -> None:
    done = windlass(repository, "test", "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["passed"], report["failed"]) == (4, 0)
    assert [test["file"] for test in report["tests"]] == ["tests/deploy.test.yaml"]


def test_an_action_makes_a_table_of_what_it_is_given(repository: Path) -> None:
    result = run(repository, "stock-list")
    assert result["outputs"] == {
        "articles": 2,
        "table": "| article | stock |\n| ------- | ----: |\n| tea     |     4 |\n| sugar   |    12 |",
    }
    result = run(repository, "stock-list", "--input", "below=1")
    assert result["outputs"]["articles"] == 0
    assert statuses(result)["order"] == "skipped"


def test_the_examples_of_actions_succeed(repository: Path) -> None:
    found = sorted((ROOT / "examples/actions").glob("*/examples/*.yaml"))
    assert found
    for path in found:
        assert run(repository, str(path.relative_to(ROOT / "examples")))["status"] == "succeeded"


def test_the_parts_of_the_smoke_test_share_a_server(repository: Path) -> None:
    result = run(repository, "smoke-test")
    assert result["outputs"] == {"answer": 200}
    ended = {part["name"]: part["status"] for part in result["steps"]["page"]["attempts"][0]["parts"]}
    assert ended == {**dict.fromkeys(("build", "serve", "look", "tidy"), "succeeded"), "requests": "skipped"}


def test_the_smoke_test_shows_the_requests_after_a_failure(repository: Path) -> None:
    result = run(repository, "smoke-test", "--input", "expected=Somebody Else", code=1)
    assert result["message"] == "part look: exit code 1"
    ended = {part["name"]: part["status"] for part in result["steps"]["page"]["attempts"][0]["parts"]}
    assert ended == {
        **dict.fromkeys(("build", "serve", "requests", "tidy"), "succeeded"),
        "look": "failed",
    }
