"""Files made to be expensive: each is refused or read within a fraction of the two seconds of the promise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: a}\n"
STEP = "steps:\n  one: {run: echo hi}\n"


def env(*values: str) -> str:
    return HEAD + "env:\n" + "".join(f"  A{n}: {value}\n" for n, value in enumerate(values)) + STEP


FILES = {
    "unknown keys": HEAD + STEP + "".join(f"stepz{n}: 1\n" for n in range(4900)),
    "unknown needs": HEAD + "steps:\n" + "".join(f"  name{n}: {{run: x, needs: [nome{n}]}}\n" for n in range(1400)),
    "unknown names": env(*(f"${{{{ inputs.x{n} }}}}" for n in range(4900))),
    "good names of many": HEAD
    + "inputs:\n"
    + "".join(f"  in{n}: {{}}\n" for n in range(1500))
    + "env:\n"
    + "".join(f"  A{n}: ${{{{ inputs.in{n % 1500} }}}}\n" for n in range(3000))
    + STEP,
    "complete graph": HEAD
    + "steps:\n"
    + "".join(f"  s{n}: {{run: x, needs: [{', '.join(f's{m}' for m in range(90) if m != n)}]}}\n" for n in range(90)),
    "openings in a script": HEAD + "steps:\n  one:\n    run: |\n" + "      ${{ x }}\n" * 60_000,
    "openings in a script that never close": HEAD + 'steps:\n  one:\n    run: "' + "${{" * 300_000 + '"\n',
    "openings in a text": env('"' + "${{" * 300_000 + '"'),
    "expressions in one text": env('"' + "${{ 1 }}" * 100_000 + '"'),
    "one long expression": env('"${{ ' + "1+" * 400_000 + '1 }}"'),
    "mistakes in one block": HEAD + "runTitle: |\n" + "  ${{ nope }}\n" * 900 + STEP,
    "invisible characters": HEAD + "# " + "\u202e" * 300_000 + "\n" + STEP,
    "duplicate keys": HEAD + STEP + "a: 1\n" * 4900,
    "words of YAML 1.1": env(*(f"0{n}" for n in range(4900))),
    "wrong types": HEAD + "steps:\n" + "".join(f"  s{n}: {{run: 1}}\n" for n in range(2400)),
    "unknown zones": HEAD
    + "triggers: {schedule: ["
    + ", ".join(f"{{cron: '0 1 * * *', timezone: Europe/Berlin{n}}}" for n in range(1000))
    + f"]}}\n{STEP}",
    "a pattern that explodes": HEAD + "inputs: {a: {pattern: '((a{100}){100}){100}'}}\n" + STEP,
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_cheap(name: str, load: Callable[..., Loaded]) -> None:
    begun = time.process_time()
    problems = load({"workflows/a.yaml": FILES[name]}).problems
    assert time.process_time() - begun < 2
    assert len(problems) < 450
    assert bool(problems) == (name != "good names of many")


def test_errors_behind_many_notes_are_found(load: Callable[..., Loaded]) -> None:
    lines = ", ".join(f"{{cron: '{n % 60} 2 * * *', timezone: Europe/Berlin}}" for n in range(250))
    text = f"{HEAD}triggers: {{schedule: [{lines}]}}\n"
    good = load({"workflows/a.yaml": text + STEP})
    assert {problem.severity for problem in good.problems} == {"note"}
    assert "a" in good.workflows
    bad = load({"workflows/a.yaml": text.replace("]}", ", {cron: x}]}") + STEP})
    assert bad.workflows == {}
