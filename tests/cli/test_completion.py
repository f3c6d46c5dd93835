"""Shell completion: what may stand next, and bash that asks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from windlass.cli.completion import completions
from windlass.cli.verbs import VERBS

RUN = "01JD3K7R6V2Q9W8X5Z4Y3T2S1R"
BIN = Path(sys.executable).parent
ASKED: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60, "check": True}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two workflows, one of them named in another way than its file; a local run."""
    root = tmp_path / "shop"
    (root / "workflows").mkdir(parents=True)
    (root / "windlass.yaml").write_text("apiVersion: windlass.dev/v1\nkind: Repository\n")
    (root / "workflows/deploy.yaml").write_text("kind: Workflow\nmetadata: {owners: [a], name: deploy}\nsteps: []\n")
    block = "kind: Workflow\nmetadata: # of it\n\n  title: A title\n  name: 'nightly'\nsteps: []\n"
    (root / "workflows/other.yml").write_text(block)
    (root / "workflows/nameless.yaml").write_text("kind: Workflow\nsteps: [{name: no}]\n")
    (tmp_path / "data/local" / RUN).mkdir(parents=True)
    (tmp_path / "data/local/objects").mkdir()
    monkeypatch.setenv("WINDLASS_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(root)
    return root


def words(*typed: str) -> list[str]:
    return [word for word, _ in completions(typed)]


def test_verbs_and_flags(shop: Path) -> None:
    assert words("") == list(VERBS)
    assert words("re") == ["rerun"]
    assert words("--v") == ["--version"]
    assert "--inputs-file" in words("run", "--")
    assert words("run", "deploy", "--dry") == ["--dry-run"]
    assert words("nothing", "") == []


def test_values_of_flags(shop: Path) -> None:
    assert words("check", "--output", "s") == ["sarif"]
    assert words("check", "--output=s") == ["--output=sarif"]
    assert words("check", "--output", "=", "s") == ["sarif"]
    assert words("check", "--output", "=") == ["text", "json", "sarif", "github"]
    assert words("run", "--input", "a", "=", "b", "d") == ["deploy", ":files"]
    assert words("run", "--inputs-file", "") == [":files"]
    assert words("run", "--input", "") == []
    assert words("runs", "--workflow", "d") == ["deploy"]
    assert words("run", "--dry-run", "") == ["deploy", "nightly", ":files"]


def test_names_of_workflows_runs_and_rules(shop: Path) -> None:
    assert words("run", "") == ["deploy", "nightly", ":files"]
    assert words("run", "deploy", "") == []
    assert words("logs", "") == [RUN]
    assert words("explain", "why", "") == [RUN]
    assert words("explain", "env", "n") == ["nightly", ":files"]
    assert words("explain", "rule", "duplicate-k") == ["duplicate-key"]
    assert words("explain", "t") == ["triggers"]
    assert words("secrets", "set", "") == words("secrets", "rm", "") == []
    assert words("secrets", "set", "--environment", "") == words("secrets", "check", "a", "") == []
    assert words("secrets", "check", "") == words("secrets", "encrypt", "") == [":files"]
    assert words("fmt", "a", "b", "") == [":files"]


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WINDLASS_DATA", str(tmp_path / "none"))
    assert words("run", "d") == [":files"]
    assert words("logs", "") == []


def bash(shop: Path, typed: str) -> list[str]:
    """What bash completes, by the script that `windlass completion bash` prints and bash's own machinery."""
    script = f"""
        source <(windlass completion bash)
        COMP_WORDS=({typed}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        complete -p windlass >&2
        _windlass windlass "" ""
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=shop, env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == "complete -F _windlass windlass\n"
    return done.stdout.split("\n")[:-1]


def test_bash_asks(shop: Path) -> None:
    (shop / "with blank.yaml").write_text("")
    assert bash(shop, "windlass ex") == ["explain"]
    assert bash(shop, "windlass run d") == ["deploy"]
    assert sorted(bash(shop, "windlass run w")) == ["windlass.yaml", "with blank.yaml", "workflows"]
    assert bash(shop, "windlass run deploy --dr") == ["--dry-run"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    done = subprocess.run(
        [BIN / "windlass", "completion", shell], capture_output=True, text=True, timeout=60, check=True
    )
    assert "completion words --" in done.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=done.stdout, text=True, timeout=60, check=True)
