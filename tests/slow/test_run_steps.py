"""`windlass run`: how steps are ordered, chosen, repeated and ended, and how values pass between them."""

from __future__ import annotations

import itertools
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


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {name: step["status"] for name, step in result["steps"].items()}


def order(result: dict[str, Any]) -> list[str]:
    """Steps by the start of their first attempt."""
    ran = {n: s["attempts"][0]["startedAt"] for n, s in result["steps"].items() if s["attempts"]}
    return sorted(ran, key=ran.__getitem__)


def test_a_map_is_a_graph(run: Any, home: Home) -> None:
    meeting = home.folder / "meeting"
    result = run(f"""
        steps:
          last:
            needs: [left, right]
            run: echo last
          left: &side
            needs: [first]
            env: {{MEETING: {meeting}}}
            timeout: 5m
            # Both are under way at once, else they would wait for one another in vain.
            run: |
              mkdir -p "$MEETING"
              touch "$MEETING/$WINDLASS_STEP"
              until [ "$(ls "$MEETING" | wc -l)" = 2 ]; do sleep 0.02; done
          right: *side
          first:
            run: echo first
    """)
    assert set(statuses(result).values()) == {"succeeded"}
    assert order(result)[0] == "first"
    assert order(result)[-1] == "last"
    ends = {name: step["endedAt"] for name, step in result["steps"].items()}
    assert result["steps"]["last"]["attempts"][0]["startedAt"] >= max(ends["left"], ends["right"])


def test_a_list_runs_in_order(run: Any) -> None:
    result = run("""
        steps:
          - run: echo one
          - {name: two, run: echo two}
          - run: echo three
    """)
    assert list(result["steps"]) == ["step-1", "two", "step-3"]
    assert order(result) == ["step-1", "two", "step-3"]
    steps = list(result["steps"].values())
    assert all(a["endedAt"] <= b["attempts"][0]["startedAt"] for a, b in itertools.pairwise(steps))


def test_outputs_reach_later_steps_typed(run: Any) -> None:
    result = run("""
        outputs:
          sum: ${{ steps.count.outputs.n + 1 }}
          text: "n is ${{ steps.count.outputs.n }}"
        steps:
          count:
            outputs: {n: {type: integer}, tags: {type: array, items: {type: string}}, note: {type: string}}
            run: |
              echo n=1 >> "$WINDLASS_OUTPUT"
              echo n=41 >> "$WINDLASS_OUTPUT"
              echo '{"tags": ["a", "b"]}' >> "$WINDLASS_OUTPUT"
              printf 'note<<END\\nfirst = line\\nsecond\\nEND\\n' >> "$WINDLASS_OUTPUT"
          check:
            if: ${{ steps.count.outputs.n > 40 && 'b' in steps.count.outputs.tags }}
            env:
              N: ${{ steps.count.outputs.n }}
              TAGS: ${{ steps.count.outputs.tags }}
              NOTE: ${{ steps.count.outputs.note }}
              MIXED: "${{ steps.count.outputs.n }} of ${{ steps.count.outputs.tags }}"
            outputs: {seen: {type: string}}
            run: |
              printf 'seen<<END\\n%s|%s|%s|%s\\nEND\\n' "$N" "$TAGS" "$NOTE" "$MIXED" >> "$WINDLASS_OUTPUT"
    """)
    assert result["steps"]["count"]["outputs"] == {"n": 41, "tags": ["a", "b"], "note": "first = line\nsecond"}
    assert result["steps"]["check"]["outputs"] == {"seen": '41|["a","b"]|first = line\nsecond|41 of ["a","b"]'}
    assert result["outputs"] == {"sum": 42, "text": "n is 41"}


@pytest.mark.parametrize(
    ("cause", "script"),
    [
        ("output-missing", "true"),
        ("output-undeclared", "echo n=1 >> $WINDLASS_OUTPUT; echo other=1 >> $WINDLASS_OUTPUT"),
        ("output-type", "echo n=many >> $WINDLASS_OUTPUT"),
        ("output-too-large", "echo n=1 >> $WINDLASS_OUTPUT; head -c 5000 /dev/zero | tr '\\0' ' ' >> $WINDLASS_OUTPUT"),
    ],
)
def test_wrong_outputs_are_errors(run: Any, cause: str, script: str) -> None:
    result = run(
        f"""
        steps:
          it:
            outputs: {{n: {{type: integer}}}}
            run: |
              {script}
        """,
        code=1,
    )
    step = result["steps"]["it"]
    assert (step["status"], step["cause"]) == ("errored", cause)
    assert step["message"]
    assert (result["status"], result["cause"]) == ("errored", cause)


def test_a_failure_skips_what_needs_it_unless_its_if_says_otherwise(run: Any) -> None:
    result = run(
        """
        steps:
          bad: {run: exit 3}
          after: {needs: [bad], run: echo never}
          further: {needs: [after], run: echo never}
          rescue: {needs: [bad], if: "${{ failure() }}", run: echo rescued}
          anyway: {needs: [bad], if: "${{ always() }}", run: echo anyway}
          judge: {if: "${{ steps.bad.status == 'failed' }}", run: echo judged}
          apart: {run: echo apart}
        """,
        code=1,
    )
    assert statuses(result) == {
        "bad": "failed",
        "after": "skipped",
        "further": "skipped",
        "rescue": "succeeded",
        "anyway": "succeeded",
        "judge": "succeeded",
        "apart": "succeeded",
    }
    assert result["steps"]["after"]["cause"] == "needs-failed"
    assert result["steps"]["after"]["attempts"] == []
    assert (result["status"], result["cause"]) == ("failed", "exit-code")


def test_a_false_if_skips_and_what_reads_it_too(run: Any) -> None:
    result = run("""
        steps:
          never: {if: "${{ 1 > 2 }}", outputs: {x: {type: string}}, run: echo x=1 >> $WINDLASS_OUTPUT}
          waits: {needs: [never], run: echo fine}
          reads: {env: {X: "${{ steps.never.outputs.x }}"}, run: echo $X}
          plain: {if: false, run: echo no}
    """)
    assert statuses(result) == {"never": "skipped", "waits": "succeeded", "reads": "skipped", "plain": "skipped"}
    assert result["steps"]["never"]["cause"] == "if-false"
    assert result["steps"]["reads"]["cause"] == "needs-skipped"


def test_a_retry_counts_attempts_and_keeps_each(run: Any) -> None:
    result = run("""
        steps:
          it:
            retry: {attempts: 3, delay: 50ms}
            outputs: {on: {type: integer}}
            run: |
              [ "$WINDLASS_ATTEMPT" = 3 ] || exit 75
              echo on=$WINDLASS_ATTEMPT >> "$WINDLASS_OUTPUT"
    """)
    attempts = result["steps"]["it"]["attempts"]
    assert [(a["number"], a["status"], a["cause"], a["exitCode"]) for a in attempts] == [
        (1, "failed", "exit-code", 75),
        (2, "failed", "exit-code", 75),
        (3, "succeeded", None, 0),
    ]
    assert all(a["endedAt"] < b["startedAt"] for a, b in itertools.pairwise(attempts))
    assert result["steps"]["it"]["outputs"] == {"on": 3}


def test_some_exit_codes_are_never_tried_again(run: Any) -> None:
    result = run("steps: [{run: exit 42, retry: {attempts: 3, delay: 10ms, never: [42]}}]", code=1)
    assert len(result["steps"]["step-1"]["attempts"]) == 1


def test_a_step_over_its_time_is_ended_with_all_its_processes(run: Any) -> None:
    result = run("steps: [{timeout: 300ms, run: 'sleep 300 & setsid sleep 300 & sleep 300'}]", code=1)
    step = result["steps"]["step-1"]
    assert (step["status"], step["cause"]) == ("failed", "timeout")
    assert (result["status"], result["cause"]) == ("failed", "timeout")


def test_a_run_over_its_time_is_failed_by_its_deadline(run: Any) -> None:
    result = run("timeout: 400ms\nsteps: [{run: sleep 300}]\nfinally: [{name: tidy, run: echo tidy}]", code=1)
    assert (result["status"], result["cause"]) == ("failed", "deadline")
    step = result["steps"]["step-1"]
    assert (step["status"], step["cause"]) == ("cancelled", "deadline")
    assert result["steps"]["tidy"]["status"] == "succeeded"


def test_finally_runs_after_a_failure_and_knows_of_it(run: Any) -> None:
    result = run(
        """
        steps: {bad: {run: exit 1}}
        finally:
          tell:
            env: {STATUS: "${{ run.status }}", BAD: "${{ steps.bad.status }}"}
            outputs: {said: {type: string}}
            run: echo "said=$STATUS/$BAD" >> "$WINDLASS_OUTPUT"
          only-then: {if: "${{ success() }}", run: echo no}
        """,
        code=1,
    )
    assert result["steps"]["tell"]["outputs"] == {"said": "failed/failed"}
    assert result["steps"]["only-then"]["status"] == "skipped"


def test_a_failing_finally_makes_a_succeeded_run_failed(run: Any) -> None:
    result = run("steps: [{run: 'true'}]\nfinally: {tidy: {run: exit 9}}", code=1)
    assert (result["status"], result["cause"]) == ("failed", "exit-code")


def test_continue_on_error_counts_as_success(run: Any) -> None:
    result = run("steps: [{name: bad, continueOnError: true, run: exit 1}, {name: next, run: 'true'}]")
    assert statuses(result) == {"bad": "failed", "next": "succeeded"}
    assert result["status"] == "succeeded"


def test_the_strongest_layer_of_the_environment_wins(run: Any, repo: Repo) -> None:
    repo.write({"windlass.yaml": "apiVersion: windlass.dev/v1\nkind: Repository\nenv: {A: repo, B: repo, C: repo}\n"})
    result = run(
        """
        env: {B: workflow, C: workflow, D: workflow}
        steps:
          it:
            env: {C: step, D: step, E: null, SEEN: "${{ env.C }}"}
            outputs: {all: {type: string}}
            run: echo "all=$A $B $C $D ${E-unset} $SEEN" >> "$WINDLASS_OUTPUT"
        """,
        "--env",
        "D=flag",
        "--env",
        "E=flag",
    )
    assert result["steps"]["it"]["outputs"]["all"] == "repo workflow step flag flag workflow"


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        ("bash", "[[ -n $BASH_VERSION ]]; false | true || echo pipefail=yes >> $WINDLASS_OUTPUT"),
        ("sh", '[ -z "${BASH_VERSION-}" ] || exit 1; echo pipefail=yes >> $WINDLASS_OUTPUT'),
        ("python", "import os; open(os.environ['WINDLASS_OUTPUT'], 'a').write('pipefail=yes')"),
    ],
)
def test_shells(run: Any, shell: str, script: str) -> None:
    result = run(f"""
        steps:
          it:
            shell: {shell}
            outputs: {{pipefail: {{type: string}}}}
            run: |
              {script}
    """)
    assert result["steps"]["it"]["outputs"] == {"pipefail": "yes"}


@pytest.mark.parametrize(("shell", "script"), [("bash", "false; true"), ("bash", "echo $NOPE"), ("sh", "false; true")])
def test_the_first_mistake_of_a_script_ends_it(run: Any, shell: str, script: str) -> None:
    result = run(f"steps: [{{shell: {shell}, run: '{script}'}}]", code=1)
    assert result["steps"]["step-1"]["status"] == "failed"


def test_a_missing_program_is_no_failure_of_the_user(run: Any) -> None:
    result = run("steps: [{command: [no-such-program-here]}]", code=1)
    step = result["steps"]["step-1"]
    assert (step["status"], step["cause"]) == ("errored", "start-failed")
    assert "no-such-program-here" in step["message"]


def test_a_signal_is_128_and_its_number(run: Any) -> None:
    result = run("steps: [{run: 'kill -9 $$'}]", code=1)
    attempt = result["steps"]["step-1"]["attempts"][0]
    assert (attempt["exitCode"], attempt["cause"]) == (137, "exit-code")


def test_a_step_sees_five_variables_its_own_and_nothing_else(run: Any, home: Home, repo: Repo) -> None:
    result = run("""
        steps:
          it:
            env: {MINE: 1}
            shell: sh
            outputs: {names: {type: string}, stdin: {type: string}, files: {type: string}}
            run: |
              echo "names=$(env | cut -d= -f1 | tr '\\n' ' ')" >> "$WINDLASS_OUTPUT"
              echo "stdin=$(readlink /proc/self/fd/0)" >> "$WINDLASS_OUTPUT"
              echo "files=$(ls -A)" >> "$WINDLASS_OUTPUT"
          who:
            outputs: {all: {type: string}}
            run: |
              W=$WINDLASS_RUN_ID,$WINDLASS_STEP,$WINDLASS_ATTEMPT,$WINDLASS_WORKFLOW,$WINDLASS_REPOSITORY,$WINDLASS_COMMIT
              echo "all=$HOME,$USER,$LANG,$W" >> "$WINDLASS_OUTPUT"
    """)
    found = result["steps"]["it"]["outputs"]
    ours = ["ATTEMPT", "COMMIT", "ENV", "INPUTS", "OUTPUT", "REPOSITORY", "RUN_ID", "STEP", "WORKFLOW"]
    made_by_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    usual = ["HOME", "LANG", "MINE", "PATH", "TMPDIR", "USER"]
    assert set(found["names"].split()) - made_by_the_shell == {*usual, *(f"WINDLASS_{name}" for name in ours)}
    assert (found["stdin"], found["files"]) == ("/dev/null", "")
    commit = repo.git("rev-parse", "HEAD")
    who = [home.folder / "home", "ada", "C.UTF-8", result["id"], "who", 1, "it", "shop", commit]
    assert result["steps"]["who"]["outputs"]["all"] == ",".join(map(str, who))
    assert result["commit"] == commit


def test_what_a_finished_step_leaves_running_is_ended(run: Any) -> None:
    """The fixture `home` finds what is left; the step itself succeeds."""
    result = run("steps: [{run: 'cd / && env -i HOME=\"$HOME\" setsid sleep 300 > /dev/null 2>&1 &'}]")
    assert result["status"] == "succeeded"
