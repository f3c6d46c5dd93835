"""A repository as a whole: what is read, who harms whom, what lies between files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    Load = Callable[..., Loaded]

HEAD = "apiVersion: windlass.dev/v1\nkind: {}\n"


def workflow(name: str, rest: str = "steps:\n  one: {run: echo hi}\n") -> str:
    return HEAD.format("Workflow") + f"metadata: {{name: {name}}}\n{rest}"


def action(name: str, rest: str = "run: echo hi\n") -> str:
    return HEAD.format("Action") + f"metadata: {{name: {name}}}\n{rest}"


def said(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.span.line, problem.rule) for problem in loaded.problems]


def test_definitions_are_found_by_their_place(load: Load) -> None:
    loaded = load(
        {
            "workflows/a.yaml": workflow("a"),
            "workflows/deep/er/b.yml": workflow("b"),
            "workflows/README.md": "no: [definition",
            "actions/x/action.yaml": action("x"),
            "actions/x/examples/one.yaml": workflow("a"),
            "actions/x/data.yaml": "no: [definition",
            "actions/deep/er/action.yaml": "no: [definition",
            "tests/a.test.yaml": HEAD.format("Test") + "workflow: a\ncases: [{name: one}]\n",
            "tests/data.yaml": "no: [definition",
            "other.yaml": "no: [definition",
        }
    )
    assert said(loaded) == []
    assert sorted(loaded.workflows) == ["a", "b"]
    assert loaded.workflows["b"].path == "workflows/deep/er/b.yml"
    assert list(loaded.actions) == ["actions/x"]
    assert [test.path for test in loaded.tests] == ["tests/a.test.yaml"]
    assert loaded.files == 4


def test_windlass_yaml_moves_the_folders(load: Load) -> None:
    settings = HEAD.format("Repository") + "paths: {workflows: ci/flows}\nenv: {COMPANY: shop}\n"
    steps = 'steps:\n  one: {env: {C: "${{ env.COMPANY }}"}, run: echo hi}\n'
    loaded = load({"windlass.yaml": settings, "ci/flows/a.yaml": workflow("a", steps), "workflows/b.yaml": "x"})
    assert said(loaded) == []
    assert list(loaded.workflows) == ["a"]
    assert loaded.repository is not None
    assert loaded.settings is not None
    assert loaded.files == 2


def test_a_broken_windlass_yaml_harms_only_itself(load: Load) -> None:
    settings = HEAD.format("Repository") + "paths: {workflows: ci/flows}\nenvv: {COMPANY: shop}\n"
    steps = 'steps:\n  one: {env: {C: "${{ env.COMPANY }}"}, run: echo hi}\n'
    loaded = load({"windlass.yaml": settings, "ci/flows/a.yaml": workflow("a", steps)})
    assert said(loaded) == [("windlass.yaml", 4, "unknown-key")]
    assert list(loaded.workflows) == ["a"]


def test_one_broken_file_harms_only_itself(load: Load) -> None:
    loaded = load({"workflows/a.yaml": workflow("a"), "workflows/b.yaml": workflow("b", "stepz: {}\n")})
    assert list(loaded.workflows) == ["a"]
    assert {problem.file for problem in loaded.problems} == {"workflows/b.yaml"}
    assert [(broken.path, broken.name) for broken in loaded.broken] == [("workflows/b.yaml", "b")]


def test_y16_two_workflows_of_one_name_refuse_each_other(load: Load) -> None:
    loaded = load({"workflows/a.yaml": workflow("same"), "workflows/b.yaml": workflow("same")})
    assert said(loaded) == [("workflows/a.yaml", 3, "duplicate-name"), ("workflows/b.yaml", 3, "duplicate-name")]
    assert "workflows/b.yaml" in loaded.problems[0].message
    assert loaded.workflows == {}


@pytest.mark.parametrize("path", ["workflows/a.yaml", "workflows/sub", "workflows", "actions", "windlass.yaml"])
def test_g01_links_are_not_followed(load: Load, entry: Any, path: str) -> None:
    loaded = load({"workflows/good.yaml": workflow("good")}, entry(path, 9, "symlink"))
    assert said(loaded) == [(path, 1, "not-a-file")]


def test_links_that_hide_no_definition_are_ignored(load: Load, entry: Any) -> None:
    loaded = load({}, entry("workflows/README.md", 9, "symlink"), entry("docs", 9, "symlink"))
    assert said(loaded) == []


def test_g04_submodules_are_ignored_but_where_a_definition_is_meant(load: Load, entry: Any) -> None:
    loaded = load({}, entry("vendor", 0, "submodule"), entry("workflows/a.yaml", 0, "submodule"))
    assert said(loaded) == [("workflows/a.yaml", 1, "not-a-file")]


def test_g16_what_is_too_large_is_not_read(load: Load, entry: Any) -> None:
    loaded = load({}, entry("workflows/a.yaml", 10_000_000))
    assert said(loaded) == [("workflows/a.yaml", 1, "file-too-large")]


def test_what_cannot_be_read_is_said(load: Load, entry: Any) -> None:
    assert said(load({}, entry("workflows/a.yaml", 10))) == [("workflows/a.yaml", 1, "unreadable-file")]


def test_uses_of_this_repository_are_checked(load: Load) -> None:
    steps = """\
steps:
  a: {uses: ./actions/biuld}
  b: {uses: ./actions/build, with: {conntext: x}}
  c: {uses: ./workflows/other.yaml}
  d: {uses: ifra/x}
"""
    settings = HEAD.format("Repository") + "libraries: {infra: {git: https://git.example.com/a.git}}\n"
    inputs = "inputs: {context: {type: string}}\ndeprecated: use build-2\nrun: echo hi\n"
    loaded = load(
        {
            "windlass.yaml": settings,
            "workflows/a.yaml": workflow("a", steps),
            "workflows/other.yaml": workflow("other"),
            "actions/build/action.yaml": action("build", inputs),
        }
    )
    found = [p for p in loaded.problems if p.rule != "not-supported"]
    assert [(p.span.line, p.span.column, p.rule, p.path, p.hint) for p in found] == [
        (5, 13, "unknown-action", "steps.a.uses", "did you mean ./actions/build?"),
        (6, 13, "deprecated-action", "steps.b.uses", None),
        (6, 13, "missing-input", "steps.b.uses", None),
        (6, 37, "unknown-input", "steps.b.with.conntext", "did you mean context?"),
        (8, 13, "unknown-action", "steps.d.uses", "did you mean infra?"),
    ]


def test_a_test_of_no_workflow(load: Load) -> None:
    files = {"workflows/deploy.yaml": workflow("deploy")}
    files["tests/a.test.yaml"] = HEAD.format("Test") + "workflow: deplyo\ncases: [{name: one}]\n"
    loaded = load(files)
    assert said(loaded) == [("tests/a.test.yaml", 3, "unknown-workflow")]
    assert loaded.problems[0].hint == "did you mean deploy?"


def test_one_hook_has_one_verification(load: Load) -> None:
    def hook(secret: str) -> str:
        verify = f"{{scheme: github, secret: {secret}}}"
        return f"triggers:\n  webhook:\n    - {{name: shop, verify: {verify}}}\nsteps:\n  one: {{run: echo hi}}\n"

    same = load({"workflows/a.yaml": workflow("a", hook("A")), "workflows/b.yaml": workflow("b", hook("A"))})
    assert said(same) == []
    other = load({"workflows/a.yaml": workflow("a", hook("A")), "workflows/b.yaml": workflow("b", hook("B"))})
    assert said(other) == [("workflows/b.yaml", 6, "webhook-mismatch")]


def test_only_one_file_is_read(load: Load) -> None:
    loaded = load({"workflows/a.yaml": workflow("a"), "workflows/b.yaml": "[broken"}, only="workflows/a.yaml")
    assert list(loaded.workflows) == ["a"]
    assert loaded.problems == ()


def test_a_workflow_carries_what_was_written(load: Load) -> None:
    text = workflow("a").replace("\n", "\r\n")
    found = load({"workflows/a.yaml": text}).workflows["a"]
    assert found.text == workflow("a")
    assert found.document["metadata"] == {"name": "a"}
    assert found.model.metadata.name == "a"
    assert len(found.digest) == 64
