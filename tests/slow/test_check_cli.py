"""`windlass check`: every problem of a repository at once, for people, programs and forges."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.repo import workflow

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo

BAD = workflow(
    "bad",
    """
    inputs:
      environment: {type: string, enum: [a, b], default: "c"}
    steps:
      build:
        run: echo ${{ inputs.environment }}
        outputs: {tag: {type: string}}
      test:
        needs: [biuld]
        env: {TAG: "${{ steps.build.outputs.tga }}"}
        run: echo "$TAG"
    """,
)
MISSPELLED = workflow("misspelled", "steps: {it: {timout: 3s, run: 'true'}}\n")
WARNED = workflow("warned", "inputs: {never: {type: string, default: yes}}\nsteps: [{run: 'true'}]\n")
GOOD = workflow("good", "steps: [{run: 'true'}]\n")
CYCLE = workflow("cycle", "steps: {a: {needs: [b], run: x}, b: {needs: [c], run: x}, c: {needs: [a], run: x}}\n")

FILES: dict[str, str | None] = {
    "workflows/bad.yaml": BAD,
    "workflows/broken.yaml": "apiVersion: windlass.dev/v1\nkind: [Workflow\n",
    "workflows/deep/cycle.yml": CYCLE,
    "workflows/good.yaml": GOOD,
    "workflows/misspelled.yaml": MISSPELLED,
    "workflows/warned.yaml": WARNED,
    "workflows/readme.md": "not looked at",
}


@pytest.fixture
def mixed(repo: Repo) -> Repo:
    repo.commit(FILES)
    return repo


def checked(home: Home, repo: Repo, *words: str, code: int) -> dict[str, Any]:
    done = home.windlass("check", *words, "--output", "json", cwd=repo.path)
    assert done.returncode == code, (done.stdout, done.stderr)
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["ok"] is (code == 0)
    return report


def rules(report: dict[str, Any]) -> set[tuple[str, str]]:
    return {(problem["file"].removeprefix("workflows/"), problem["rule"]) for problem in report["problems"]}


def test_every_problem_of_every_file_at_once(home: Home, mixed: Repo) -> None:
    report = checked(home, mixed, code=1)
    assert report["files"] == 6
    assert rules(report) >= {
        ("bad.yaml", "input-value"),
        ("bad.yaml", "expression-in-script"),
        ("bad.yaml", "unknown-step"),
        ("bad.yaml", "unknown-name"),
        ("broken.yaml", "yaml-syntax"),
        ("deep/cycle.yml", "dependency-cycle"),
        ("misspelled.yaml", "unknown-key"),
        ("warned.yaml", "unused-input"),
        ("warned.yaml", "yaml-1.1"),
    }
    assert not [problem for problem in report["problems"] if problem["file"] == "workflows/good.yaml"]
    places = [(p["file"], p["line"], p["column"]) for p in report["problems"]]
    assert places == sorted(places)


def test_the_shape_of_a_problem(home: Home, mixed: Repo) -> None:
    problems = checked(home, mixed, "workflows/misspelled.yaml", code=1)["problems"]
    assert problems == [
        {
            "file": "workflows/misspelled.yaml",
            "line": 4,
            "column": 14,
            "endLine": 4,
            "endColumn": 20,
            "path": "steps.it.timout",
            "rule": "unknown-key",
            "severity": "error",
            "message": problems[0]["message"],
            "hint": "did you mean timeout?",
        }
    ]
    assert "timout" in problems[0]["message"]


def test_the_token_is_underlined(home: Home, mixed: Repo) -> None:
    done = home.windlass("check", cwd=mixed.path)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    underlined = {}
    for number, line in enumerate(lines):
        found = re.match(r"(workflows/\S+?):(\d+):(\d+): (error|warning): .* \[([a-z0-9.-]+)\]$", line)
        if found and "^" in lines[number + 2]:
            shown, marks = lines[number + 1], lines[number + 2]
            source = (mixed.path / found[1]).read_text().splitlines()[int(found[2]) - 1]
            assert shown.strip() == source.strip()
            begin = marks.index("^")
            assert source[int(found[3]) - 1 :].startswith(shown[begin])
            underlined[found[5]] = shown[begin : len(marks)]
    assert underlined["unknown-key"] == "timout"
    assert underlined["unknown-step"] == "biuld"
    assert underlined["expression-in-script"] == "${{ inputs.environment }}"
    assert underlined["input-value"] == '"c"'
    assert underlined["unknown-name"].endswith("tga")
    assert "  hint: did you mean timeout?" in lines
    assert "  hint: did you mean build?" in lines


def test_a_path_limits_what_is_reported_not_what_is_read(home: Home, mixed: Repo) -> None:
    report = checked(home, mixed, "workflows/good.yaml", code=0)
    assert (report["files"], report["problems"]) == (6, [])
    assert rules(checked(home, mixed, "workflows/deep", code=1)) == {("deep/cycle.yml", "dependency-cycle")}
    both = checked(home, mixed, "workflows/deep", "workflows/misspelled.yaml", code=1)
    assert rules(both) == {("deep/cycle.yml", "dependency-cycle"), ("misspelled.yaml", "unknown-key")}


def test_strict_refuses_warnings(home: Home, mixed: Repo) -> None:
    assert len(checked(home, mixed, "workflows/warned.yaml", code=0)["problems"]) == 2
    assert len(checked(home, mixed, "workflows/warned.yaml", "--strict", code=1)["problems"]) == 2
    checked(home, mixed, "workflows/good.yaml", "--strict", code=0)


def test_strict_lets_notes_pass(home: Home, repo: Repo) -> None:
    repo.add("night", 'triggers: {schedule: [{cron: "30 2 * * *", timezone: Europe/Berlin}]}\nsteps: [{run: "true"}]\n')
    report = checked(home, repo, "--strict", code=0)
    assert {(problem["rule"], problem["severity"]) for problem in report["problems"]} == {("dst-change", "note")}


def test_it_reads_the_work_tree(home: Home, repo: Repo) -> None:
    repo.commit({"workflows/good.yaml": GOOD})
    checked(home, repo, code=0)
    repo.write({"workflows/good.yaml": MISSPELLED})
    checked(home, repo, code=1)


def test_an_edit_is_seen_although_what_is_unchanged_is_remembered(home: Home, mixed: Repo) -> None:
    first = checked(home, mixed, code=1)
    assert checked(home, mixed, code=1) == first
    assert checked(home, mixed, "--no-cache", code=1) == first
    mixed.write({"workflows/misspelled.yaml": MISSPELLED.replace("timout", "timeout")})
    assert ("misspelled.yaml", "unknown-key") not in rules(checked(home, mixed, code=1))


def test_github_shows_them_beside_the_code(home: Home, mixed: Repo) -> None:
    done = home.windlass("check", "--output", "github", cwd=mixed.path)
    assert done.returncode == 1
    wanted = "::error file=workflows/misspelled.yaml,line=4,col=14,endLine=4,endColumn=20,title=unknown-key::"
    assert any(line.startswith(wanted) for line in done.stdout.splitlines())
    assert any(line.startswith("::warning file=workflows/warned.yaml,") for line in done.stdout.splitlines())


def test_sarif(home: Home, mixed: Repo) -> None:
    done = home.windlass("check", "--output", "sarif", cwd=mixed.path)
    assert done.returncode == 1
    log = json.loads(done.stdout)
    (run,) = log["runs"]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "windlass")
    (found,) = [result for result in run["results"] if result["ruleId"] == "unknown-key"]
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "workflows/misspelled.yaml"
    region = {"startLine": 4, "startColumn": 14, "endLine": 4, "endColumn": 20}
    assert {name: place["region"][name] for name in region} == region
    assert found["level"] == "error"
    assert {result["ruleId"] for result in run["results"]} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_every_rule_that_is_named_is_explained(home: Home, mixed: Repo) -> None:
    for name in sorted({rule for _, rule in rules(checked(home, mixed, code=1))}):
        done = home.windlass("explain", "rule", name)
        assert done.returncode == 0
        assert done.stdout.startswith(f"{name} (")


def test_from_a_folder_below_files_are_named_from_the_root(home: Home, mixed: Repo) -> None:
    done = home.windlass("check", "--output", "json", ".", cwd=mixed.path / "workflows/deep")
    assert {problem["file"] for problem in json.loads(done.stdout)["problems"]} == {"workflows/deep/cycle.yml"}


def test_without_a_path_all_of_the_repository_is_reported(home: Home, mixed: Repo) -> None:
    above = checked(home, mixed, code=1)
    done = home.windlass("check", "--output", "json", cwd=mixed.path / "workflows/deep")
    assert (done.returncode, json.loads(done.stdout)) == (1, above)


@pytest.mark.parametrize("words", [("no-such-path",), ("--output", "xml"), ("--no-such-flag",)])
def test_wrong_use(home: Home, repo: Repo, words: tuple[str, ...]) -> None:
    repo.commit({"workflows/good.yaml": GOOD})
    done = home.windlass("check", *words, cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert words[-1] in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_repository(home: Home) -> None:
    done = home.windlass("check", cwd=home.folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no repository" in done.stderr


def test_what_is_not_run_yet_is_refused_by_name(home: Home, repo: Repo) -> None:
    repo.add("tested", "steps: {it: {outputs: {key: {type: secret}}, run: 'true'}}\n")
    problems = checked(home, repo, code=1)["problems"]
    (problem,) = [one for one in problems if one["rule"] == "not-supported"]
    assert problem["path"] == "steps.it.outputs.key.type"
    assert "output type secret" in problem["message"]


def test_a_named_file_is_read_wherever_it_stands(home: Home, repo: Repo) -> None:
    repo.add("good", "steps: {it: {run: 'true'}}\n")
    repo.write({"drafts/new.yaml": workflow("new", "steps: {it: {runn: 'true'}}\n")})
    report = checked(home, repo, "drafts/new.yaml", code=1)
    assert {(p["file"], p["rule"]) for p in report["problems"]} >= {("drafts/new.yaml", "unknown-key")}
    checked(home, repo, code=0)
    loose = home.folder / "loose"
    loose.mkdir()
    (loose / "hello.yaml").write_text(workflow("hello", "steps: {it: {run: 'true', needs: [gone]}}\n"))
    done = home.windlass("check", "hello.yaml", cwd=loose)
    assert (done.returncode, "unknown-step" in done.stdout, "1 file: 1 error" in done.stdout) == (1, True, True)
