"""The library `std`: what comes with the program is used by name, checked like everything else, and frozen with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from windlass.loading import built_in
from windlass.loading.closure import Closures
from windlass.loading.definition_files import kind_of
from windlass.loading.repository import Loaded, load_repository
from windlass.loading.stamp import built_in_folder
from windlass.plan.uses import commits_of
from windlass_schemas.repository import Paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.loading.conftest import Entry

HEAD = "apiVersion: windlass.dev/v1\nkind: {}\n"
URL = "with: {url: 'http://localhost/'}"


@pytest.fixture
def check(entry: type[Entry]) -> Any:
    def load(*steps: str, settings: str | None = None, files: dict[str, str] | None = None) -> Loaded:
        body = "".join(f"  s{at}: {{{step}}}\n" for at, step in enumerate(steps))
        texts = {
            "workflows/w.yaml": HEAD.format("Workflow") + f"metadata: {{name: w}}\nsteps:\n{body}",
            **(files or {}),
        }
        if settings is not None:
            texts["windlass.yaml"] = HEAD.format("Repository") + settings

        def read(wanted: Sequence[Entry]) -> dict[str, bytes]:
            return {one.path: texts[one.path].encode() for one in wanted}

        return load_repository([entry(path, len(text)) for path, text in texts.items()], read)

    return load


@pytest.mark.parametrize("settings", [None, "env: {A: b}\n", "nonsense: 1\n"])
def test_it_needs_no_entry_anywhere(check: Any, settings: str | None) -> None:
    """Not even a windlass.yaml that can be read."""
    loaded = check(f"uses: std/http-request, {URL}", settings=settings)
    assert [p for p in loaded.problems if p.file != "windlass.yaml"] == []
    used = Closures(loaded).of("w")["std/http-request"]
    assert (used.kind, used.path, used.library, used.commit) == ("Action", "http-request", "std", None)
    assert used.script == (built_in_folder() / "http-request/main.py").read_text()
    assert commits_of([used]) == {}


@pytest.mark.parametrize(
    ("step", "rule", "column", "hint"),
    [
        ("uses: std/http-requets", "unknown-action", 14, "did you mean std/http-request?"),
        ("uses: std/http-request/examples/ship-order.yaml", "unknown-action", 14, None),
        ("uses: std/../http-request", "unknown-action", 14, None),
        ("uses: sdt/http-request", "unknown-action", 14, "did you mean std?"),
        ("uses: std/http-request", "missing-input", 14, None),
        ("uses: std/http-request, with: {url: 'http://x/', methd: GET}", "unknown-input", 57, "did you mean method?"),
        ("uses: std/http-request, with: {url: 'http://x/', method: HEAD}", "input-value", 65, None),
        (f"uses: std/http-request, {URL}, if: '${{{{ steps.s1.outputs.text == 1 }}}}'", "unknown-name", None, None),
    ],
)
def test_its_uses_are_checked(check: Any, step: str, rule: str, column: int | None, hint: str | None) -> None:
    loaded = check(step, f"uses: std/http-request, {URL}")
    found = [problem for problem in loaded.problems if problem.severity == "error"]
    assert [problem.rule for problem in found] == [rule]
    assert (found[0].file, found[0].span.line) == ("workflows/w.yaml", 5)
    assert column in (None, found[0].span.column)
    assert hint is None or found[0].hint == hint


def test_nothing_is_read_when_nobody_uses_it(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("the library was listed")

    monkeypatch.setattr("windlass.loading.libraries.built_in_files", refuse)
    assert check("run: echo hi", settings="env: {A: b}\n").problems == ()
    with pytest.raises(AssertionError, match="was listed"):
        check(f"uses: std/http-request, {URL}")


def test_it_stands_beside_the_code_or_at_the_root_of_the_checkout() -> None:
    names = {entry.path for entry in built_in.built_in_files().entries}
    assert {"http-request/action.yaml", "http-request/main.py"} <= names
    assert not [name for name in names if "/examples/" in name or "__pycache__" in name]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/action.yaml", "Action"),
        ("a/examples/x.yaml", "Example"),
        ("workflows/x.yaml", "Workflow"),
        ("tests/x.test.yaml", "Test"),
        ("action.yaml", None),
        ("a/b/action.yaml", None),
        ("windlass.yaml", "Repository"),
    ],
)
def test_actions_at_the_root_of_a_repository(path: str, kind: str | None) -> None:
    assert kind_of(path, Paths(actions=".")) == kind


def test_such_a_repository_is_judged(check: Any) -> None:
    action = HEAD.format("Action") + "metadata: {name: a}\nruns: x\n"
    loaded = check("run: x", settings="paths: {actions: .}\n", files={"a/action.yaml": action})
    assert [(p.file, p.rule) for p in loaded.problems][:1] == [("a/action.yaml", "unknown-key")]
