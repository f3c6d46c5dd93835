"""`windlass test`: what it prints in each form, how it exits, and what it refuses."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from windlass.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = """\
apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: deploy}
inputs: {target: {type: string, default: staging}}
steps:
  build: {run: make}
  ask: {if: "${{ inputs.target == 'production' }}", run: "true"}
  ship: {needs: [build, ask], run: ./ship}
"""
TEST = """\
apiVersion: windlass.dev/v1
kind: Test
workflow: deploy
cases:
  - name: staging <asks> nobody
    expect: {status: succeeded, ran: [build, ship], skipped: [ask]}
  - name: production & its question
    inputs: {target: production}
    expect: {skipped: [ship]}
"""
TEXT = """\
tests/deploy.test.yaml
  ✓ staging <asks> nobody
  ✗ production & its question  (tests/deploy.test.yaml:7)
      skipped: ship should have, and did not
      ├─ build  ✓ succeeded
      ├─ ask    ✓ succeeded
      └─ ship   ✓ succeeded  ← expected: skipped
2 cases, 1 failed
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "shop"
    files = {"windlass.yaml": "apiVersion: windlass.dev/v1\nkind: Repository\n", "workflows/deploy.yaml": WORKFLOW}
    for name, text in {**files, "tests/deploy.test.yaml": TEST}.items():
        write(root / name, text)
    monkeypatch.chdir(root)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def passing(root: Path) -> None:
    write(root / "tests/deploy.test.yaml", TEST.replace("skipped: [ship]", "ran: [build, ask, ship]"))


def test_text_shows_the_tree_it_got_against_the_one_expected(shop, capsys):
    assert main(["test"]) == 1
    assert capsys.readouterr().out == TEXT


def test_all_passed_is_exit_0(shop, capsys):
    passing(shop)
    assert main(["test", "tests"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 cases, all passed"


def test_json_has_every_case(shop, capsys):
    assert main(["test", "--output", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["passed"], report["failed"]) == (False, 1, 1)
    first, second = report["tests"][0]["cases"]
    assert (first["name"], first["line"], first["ok"], first["failures"]) == ("staging <asks> nobody", 5, True, [])
    assert first["steps"]["ask"] == {"status": "skipped", "cause": "if-false"}
    assert second["expected"]["skipped"] == ["ship"]


def test_junit_is_xml_with_a_failure_where_one_is(shop, capsys):
    assert main(["test", "--output", "junit"]) == 1
    root = ElementTree.fromstring(capsys.readouterr().out)
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "2", "1")
    suite = root[0]
    assert (suite.tag, suite.get("name"), suite.get("tests")) == ("testsuite", "tests/deploy.test.yaml", "2")
    assert [case.get("name") for case in suite] == ["staging <asks> nobody", "production & its question"]
    assert [case.get("classname") for case in suite] == ["deploy", "deploy"]
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"]]
    assert "ship   ✓ succeeded  ← expected: skipped" in suite[1][0].text


def test_what_xml_cannot_hold_does_not_break_it(shop, capsys):
    write(shop / "tests/deploy.test.yaml", TEST.replace("staging <asks> nobody", '"a \\e[1m b"'))
    assert main(["test", "--output", "junit"]) == 1
    ElementTree.fromstring(capsys.readouterr().out)
    main(["test"])
    assert "\x1b" not in capsys.readouterr().out


def test_a_broken_test_file_is_shown_at_its_place(shop, capsys):
    write(shop / "tests/deploy.test.yaml", TEST.replace("[build, ship]", "[build, shipp]"))
    assert main(["test"]) == 2
    assert (
        "tests/deploy.test.yaml:6:46: error: the workflow has no step shipp [unknown-step]" in capsys.readouterr().err
    )


def test_a_broken_workflow_is_shown_at_its_place(shop, capsys):
    write(shop / "workflows/deploy.yaml", WORKFLOW.replace("needs: [build, ask]", "needs: [built]"))
    assert main(["test"]) == 2
    assert "workflows/deploy.yaml:8:18: error:" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["workflows", "nowhere", "tests/other.test.yaml"])
def test_no_tests_are_wrong_use(shop, capsys, path):
    assert main(["test", path]) == 2
    assert path in capsys.readouterr().err


def test_only_the_named_file_is_played(shop, capsys):
    write(shop / "tests/other.test.yaml", TEST)
    passing(shop)
    os.chdir(shop / "workflows")
    assert main(["test", "../tests/deploy.test.yaml"]) == 0
    assert "other" not in capsys.readouterr().out
