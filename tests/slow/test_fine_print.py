"""Sentences of the fine print that no other test holds the commands to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.slow.home import Home
    from tests.slow.repo import Repo


@pytest.fixture
def run(home: Home, repo: Repo) -> Any:
    """`run(body, *words, code=0)`: the result of a workflow with this body."""

    def go(body: str, *words: str, code: int = 0) -> dict[str, Any]:
        repo.add("it", body)
        return home.run_json(repo.path, "it", *words, code=code)

    return go


def test_null_unsets_what_the_runner_gives_too(run: Any) -> None:
    result = run("""
        env: {LANG: null, USER: null}
        steps:
          it:
            env: {USER: eve}
            outputs: {seen: {type: string}}
            run: echo "seen=${LANG-unset} ${USER-unset}" >> "$WINDLASS_OUTPUT"
    """)
    assert result["steps"]["it"]["outputs"] == {"seen": "unset eve"}


@pytest.mark.parametrize(
    ("text", "place"),
    [("n: [1\n", "inputs.yaml:2:1: error:"), ("- n\n", "inputs.yaml:1:1: error:"), ("", ":1:1: error:")],
)
def test_a_broken_inputs_file_is_shown_at_its_place(home: Home, repo: Repo, text: str, place: str) -> None:
    repo.add("it", "inputs: {n: {type: integer, default: 1}}\nsteps: {a: {run: 'true'}}\n")
    (home.folder / "inputs.yaml").write_text(text)
    done = home.windlass("run", "it", "--inputs-file", str(home.folder / "inputs.yaml"), cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert place in done.stderr
    assert "apiVersion" not in done.stderr


def test_an_output_may_read_the_status_of_any_step(run: Any) -> None:
    result = run("""
        outputs: {of: "${{ steps.a.status + ' ' + steps.b.status + ' ' + steps.last.status }}"}
        steps:
          a: {run: "true"}
          b: {if: false, run: "true"}
        finally:
          last: {run: "true"}
    """)
    assert result["outputs"] == {"of": "succeeded skipped succeeded"}
