"""`windlass run`: inputs of every type, from flags, files and defaults; wrong ones are refused all at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo

BODY = """
    inputs:
      environment: {type: string, enum: [staging, production], default: staging}
      replicas: {type: integer, minimum: 1, maximum: 50, default: 2}
      ratio: {type: number, required: false}
      loud: {type: boolean, default: false}
      parts: {type: array, items: {type: string, enum: [api, web]}, default: [api]}
      more: {type: object, required: false}
      day: {type: string, format: date, required: false}
      note: {type: string, required: false}
    steps:
      it:
        env:
          ENVIRONMENT: ${{ inputs.environment }}
          REPLICAS: ${{ inputs.replicas }}
          LOUD: ${{ inputs.loud }}
          PARTS: ${{ inputs.parts }}
          NOTE: ${{ inputs.note }}
        outputs: {seen: {type: string}, file: {type: object}, twice: {type: integer}}
        run: |
          printf 'seen<<END\\n%s\\nEND\\n' "$ENVIRONMENT $REPLICAS $LOUD $PARTS <$NOTE>" >> "$WINDLASS_OUTPUT"
          echo "file=$(cat "$WINDLASS_INPUTS")" >> "$WINDLASS_OUTPUT"
          echo "twice=$(( REPLICAS * 2 ))" >> "$WINDLASS_OUTPUT"
    outputs:
      more: ${{ inputs.more }}
      ratio: ${{ inputs.ratio }}
"""


@pytest.fixture
def deploy(repo: Repo) -> Repo:
    repo.add("deploy", BODY)
    return repo


def refused(home: Home, repo: Repo, *words: str) -> str:
    """What it says on stderr when it exits with 2 and prints nothing else."""
    done = home.windlass("run", "deploy", *words, cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, ""), (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_defaults(home: Home, deploy: Repo) -> None:
    result = home.run_json(deploy.path, "deploy")
    given = {"environment": "staging", "replicas": 2, "loud": False, "parts": ["api"]}
    assert {name: value for name, value in result["inputs"].items() if value is not None} == given
    outputs = result["steps"]["it"]["outputs"]
    assert outputs["seen"] == 'staging 2 false ["api"] <>'
    assert outputs["twice"] == 4
    assert {name: value for name, value in outputs["file"].items() if value is not None} == given


def test_flags_are_read_by_their_declared_types(home: Home, deploy: Repo) -> None:
    words = ["environment=production", "replicas=7", "ratio=0.5", "loud=true", 'parts=["web","api"]', 'more={"a": [1]}']
    flags = [flag for word in [*words, "note=a = b", "day=2026-02-28"] for flag in ("--input", word)]
    result = home.run_json(deploy.path, "deploy", *flags)
    assert result["inputs"] == {
        "environment": "production",
        "replicas": 7,
        "ratio": 0.5,
        "loud": True,
        "parts": ["web", "api"],
        "more": {"a": [1]},
        "note": "a = b",
        "day": "2026-02-28",
    }
    assert result["steps"]["it"]["outputs"]["seen"] == 'production 7 true ["web","api"] <a = b>'
    assert result["outputs"] == {"more": {"a": [1]}, "ratio": 0.5}


def test_files_and_a_literal_at_sign(home: Home, deploy: Repo) -> None:
    (deploy.path / "note.txt").write_text("line one\nline two\n")
    (deploy.path / "inputs.yaml").write_text("replicas: 9\nnote: from the file\nloud: true\n")
    result = home.run_json(deploy.path, "deploy", "--inputs-file", "inputs.yaml", "--input", "note=@note.txt")
    assert result["inputs"]["note"] == "line one\nline two"
    assert (result["inputs"]["replicas"], result["inputs"]["loud"]) == (9, True)
    (deploy.path / "inputs.json").write_text(json.dumps({"note": "json"}))
    assert home.run_json(deploy.path, "deploy", "--inputs-file", "inputs.json")["inputs"]["note"] == "json"
    assert home.run_json(deploy.path, "deploy", "--input", "note=@@note")["inputs"]["note"] == "@note"


def test_wrong_values_are_refused_all_at_once(home: Home, deploy: Repo) -> None:
    words = ["environment=nowhere", "replicas=51", "loud=yes", 'parts=["db"]', "day=2026-02-30", "surplus=1"]
    said = refused(home, deploy, *(flag for word in words for flag in ("--input", word)))
    for name in ("environment", "replicas", "loud", "parts", "day", "surplus"):
        assert name in said, said
    assert "staging" in said  # what would have been right


def test_a_missing_input_is_named(home: Home, repo: Repo) -> None:
    repo.add("deploy", "inputs: {who: {type: string}}\nsteps: [{run: 'true', env: {W: '${{ inputs.who }}'}}]")
    assert "who" in refused(home, repo)


@pytest.mark.parametrize(
    "words",
    [
        ("--input", "no-equals-sign"),
        ("--input", "note=@no-such-file"),
        ("--inputs-file", "no-such-file"),
        ("--env", "WINDLASS_STEP=x"),
        ("--env", "1X=x"),
    ],
)
def test_wrong_words_are_wrong_use(home: Home, deploy: Repo, words: tuple[str, str]) -> None:
    assert words[1].removeprefix("note=@").partition("=")[0] in refused(home, deploy, *words)


def test_nothing_ran_when_inputs_are_refused(home: Home, repo: Repo) -> None:
    witness = home.folder / "witness"
    step = f"{{run: 'touch {witness}', env: {{N: '${{{{ inputs.n }}}}'}}}}"
    repo.add("deploy", f"inputs: {{n: {{type: integer}}}}\nsteps: [{step}]")
    refused(home, repo, "--input", "n=x")
    assert not witness.exists()
    home.run_json(repo.path, "deploy", "--input", "n=1")
    assert witness.exists()


def test_a_value_never_becomes_part_of_a_script(home: Home, deploy: Repo) -> None:
    hostile = "\"; touch pwned; echo '$(touch pwned)` ${{ inputs.replicas }}"
    result = home.run_json(deploy.path, "deploy", "--input", f"note={hostile}")
    assert result["steps"]["it"]["outputs"]["seen"].endswith(f"<{hostile}>")
