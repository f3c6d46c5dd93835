"""What a workflow uses is known with it: all of it, only what can be used, also when one file is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from windlass.loading.closure import Closures
from windlass.plan.uses import Used, from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    Load = Callable[..., Loaded]

HEAD = "apiVersion: windlass.dev/v1\nkind: {}\nmetadata: {{name: {}}}\n"


@pytest.fixture(autouse=True)
def _everything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("windlass.loading.checks.documents.unsupported", lambda workflow: [])


def workflow(name: str, *uses: str) -> str:
    steps = "".join(f"  s{at}: {{uses: {target}}}\n" for at, target in enumerate(uses)) or "  one: {run: echo hi}\n"
    return HEAD.format("Workflow", name) + f"steps:\n{steps}"


def action(name: str, rest: str = "run: echo hi") -> str:
    return HEAD.format("Action", name) + rest + "\n"


def said(loaded: Loaded) -> list[tuple[str, int, int, str]]:
    rules = [problem for problem in loaded.problems if problem.rule != "not-supported"]
    return [(problem.file, problem.span.line, problem.span.column, problem.rule) for problem in rules]


FILES = {
    "workflows/a.yaml": workflow("a", "./actions/x/"),
    "workflows/b.yaml": workflow("b"),
    "actions/x/action.yaml": action("x", "entrypoint: src/main.py"),
    "actions/x/src/main.py": "print(1)\n",
    "actions/z/action.yml": action("z"),
}


def test_what_is_used_comes_with_its_script_and_nothing_else_does(load: Load) -> None:
    loaded = load(FILES)
    assert said(loaded) == []
    uses = Closures(loaded).of("a")
    assert list(uses) == ["./actions/x"]
    used = uses["./actions/x"]
    assert (used.kind, used.path, used.script, used.library) == ("Action", "actions/x", "print(1)\n", None)
    assert used.action.entrypoint == "src/main.py"
    assert Closures(loaded).of("b") == {}
    assert from_plain(to_plain(uses)) == uses


def test_a_way_to_find_what_is_elsewhere_completes_it(load: Load) -> None:
    document = {"kind": "Workflow", "steps": [{"uses": "./actions/z"}]}
    found = {
        "std/roll": Used("Workflow", document, "roll.yaml", library="std", commit="c1"),
        "std:./actions/z": Used("Action", {}, "actions/z", library="std", commit="c1"),
    }
    loaded = load(FILES)
    written = dict(loaded.workflows["a"].document) | {"finally": {"end": {"uses": "std/roll"}}}
    loaded.workflows["a"].__dict__["document"] = written
    assert list(Closures(loaded, found.get).of("a")) == ["./actions/x", "std/roll", "std:./actions/z"]


def test_an_entrypoint_is_a_readable_script_of_the_folder(load: Load, entry: Any) -> None:
    cases = {
        "mian.py": ([], "there is no file mian.py in the folder of the action", "did you mean main.py?"),
        "../other.py": (
            [],
            "there is no file ../other.py in the folder of the action",
            "known here: action.yaml, latin.py, main.py",
        ),
        "link.py": (
            [entry("actions/x/link.py", 4, "symlink")],
            "link.py is a symbolic link: links are not followed",
            None,
        ),
        "big.py": ([entry("actions/x/big.py", 2_000_000)], "big.py has 2000000 bytes: at most 1048576 are read", None),
        "gone.py": ([entry("actions/x/gone.py", 4)], "gone.py cannot be read", None),
        "latin.py": ([], "latin.py is not UTF-8", None),
    }
    for name, (more, message, hint) in cases.items():
        files = {
            "actions/x/action.yaml": action("x", f"entrypoint: {name}"),
            "actions/x/main.py": "print(1)",
            "actions/x/latin.py": b"print('\xe9')",
        }
        loaded = load(files, *more)
        (found,) = loaded.problems
        assert (found.file, found.span.line, found.span.column) == ("actions/x/action.yaml", 4, 13), name
        assert (found.rule, found.path) == ("invalid-entrypoint", "entrypoint")
        assert (found.message, found.hint) == (message, hint)
        assert loaded.actions == {}


def test_what_stands_beside_a_script_comes_with_it(load: Load, entry: Any) -> None:
    files = FILES | {
        "actions/x/src/lib.py": "A = 1\n",
        "actions/x/logo.bin": b"\xff\x00",
        "actions/x/README.md": "# x",
        "actions/x/examples/one.yaml": workflow("b"),
        "actions/x/tests/test_it.py": "",
        "actions/x/src/__pycache__/main.pyc": "",
        "actions/z/other.py": "",
    }
    loaded = load(files, entry("actions/x/link.py", 3, "symlink"))
    assert said(loaded) == []
    used = Closures(loaded).of("a")["./actions/x"]
    assert used.files == {"src/lib.py": {"text": "A = 1\n"}, "logo.bin": {"base64": "/wA="}}
    assert from_plain(to_plain({"x": used})) == {"x": used}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"big": "x" * (256 * 1024 + 1)}, "1 other files of 262145 bytes stand in the folder of the action"),
        ({f"f{n}": "" for n in range(201)}, "201 other files of 0 bytes stand in the folder of the action"),
    ],
)
def test_what_stands_beside_a_script_is_small(load: Load, files: dict[str, str], message: str) -> None:
    loaded = load(FILES | {f"actions/x/{name}": text for name, text in files.items()})
    found = [(p.file, p.span.line, p.span.column) for p in loaded.problems if p.rule == "invalid-entrypoint"]
    assert found == [("actions/x/action.yaml", 4, 13)]
    assert message in loaded.problems[0].message


def test_what_uses_something_broken_is_broken_all_the_way_up(load: Load) -> None:
    files = FILES | {
        "workflows/b.yaml": workflow("b", "./actions/z", "./workflows/a.yaml"),
        "workflows/c.yaml": workflow("c", "./actions/z"),
        "actions/x/action.yaml": action("x", "runn: echo hi"),
    }
    loaded = load(files)
    found = [problem for problem in loaded.problems if problem.rule == "broken-uses"]
    assert [(p.file, p.span.line, p.span.column, p.path) for p in found] == [
        ("workflows/a.yaml", 5, 14, "steps.s0.uses"),
        ("workflows/b.yaml", 6, 14, "steps.s1.uses"),
    ]
    assert all("actions/x/action.yaml:4:1" in problem.message for problem in found)
    assert {"a", "b"}.isdisjoint(loaded.workflows)
    assert {broken.name for broken in loaded.broken} >= {"a", "b"}


def test_workflows_in_a_circle_are_all_broken(load: Load) -> None:
    names = ("a", "b", "c")
    files = {f"workflows/{n}.yaml": workflow(n, f"./workflows/{names[at - 2]}.yaml") for at, n in enumerate(names)}
    assert load(files).workflows == {}
    rules = [rule for *_, rule in said(load(files))]
    assert sorted(rules) == ["broken-uses", "broken-uses", "dependency-cycle"]


def test_one_file_brings_what_it_uses_along_and_reads_nothing_else(load: Load) -> None:
    files = FILES | {
        "workflows/broken.yaml": "[",
        "actions/z/action.yml": "[",
        "elsewhere/a.yaml": workflow("e", "./actions/x"),
    }
    loaded = load(files, only="elsewhere/a.yaml")
    assert said(loaded) == []
    assert list(loaded.workflows) == ["e"]
    assert list(Closures(loaded).of("e")) == ["./actions/x"]
    wrong = load(files | {"elsewhere/a.yaml": workflow("e", "./actions/z", "./actions/none")}, only="elsewhere/a.yaml")
    assert [found for found in said(wrong) if found[0].startswith("elsewhere")] == [
        ("elsewhere/a.yaml", 5, 14, "broken-uses"),
        ("elsewhere/a.yaml", 6, 14, "unknown-action"),
    ]


def test_what_only_a_used_workflow_uses_is_read_too(load: Load) -> None:
    files = FILES | {"workflows/b.yaml": workflow("b", "./workflows/a.yaml")}
    loaded = load(files, only="workflows/b.yaml")
    assert said(loaded) == []
    assert {"actions/x"} == set(loaded.actions)
