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
        outputs:
          of: "${{ steps.a.status + ' ' + steps.b.status + ' ' + steps.last.status }}"
          run: ${{ run.status }}
        steps:
          a: {run: "true"}
          b: {if: false, run: "true"}
        finally:
          last: {run: "true"}
    """)
    assert result["outputs"] == {"of": "succeeded skipped succeeded", "run": "succeeded"}


def test_a_timeout_made_of_a_wrong_input_is_a_wrong_input(home: Home, repo: Repo) -> None:
    repo.add("it", "inputs: {t: {type: string, default: 1s}}\nsteps: {a: {timeout: '${{ inputs.t }}', run: 'true'}}\n")
    done = home.windlass("run", "it", "--input", "t=banana", "--output", "json", cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "a duration is" in done.stderr


def test_a_name_that_two_files_claim_is_explained(home: Home, repo: Repo) -> None:
    body = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: it}\nsteps: {a: {run: 'true'}}\n"
    repo.commit({"workflows/one.yaml": body, "workflows/two.yaml": body})
    done = home.windlass("run", "it", cwd=repo.path)
    assert done.returncode == 2
    assert "workflows/one.yaml:3:18: error:" in done.stderr
    assert "workflows/two.yaml:3:18: error:" in done.stderr


def test_next_says_which_files_it_leaves_out(home: Home, repo: Repo) -> None:
    head = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: it}\n"
    repo.commit(
        {"workflows/it.yaml": head + "triggers: {schedule: [{cron: '99 * * * *'}]}\nsteps: {a: {run: 'true'}}\n"}
    )
    done = home.windlass("next", "--output", "json", cwd=repo.path)
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert "workflows/it.yaml" in done.stderr
