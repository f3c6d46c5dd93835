"""Workflows that use workflows: keys that would be ignored, circles, depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    Load = Callable[..., Loaded]

HEAD = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {{name: {}}}\nsteps:\n"


def chain(length: int) -> dict[str, str]:
    """w1 uses w2 and so on."""
    files = {
        f"workflows/w{n}.yaml": HEAD.format(f"w{n}") + f"  next: {{uses: ./workflows/w{n + 1}.yaml}}\n"
        for n in range(1, length)
    }
    return {**files, f"workflows/w{length}.yaml": HEAD.format(f"w{length}") + "  last: {run: 'true'}\n"}


def said(loaded: Loaded, rule: str) -> list[tuple[str, int, int]]:
    return [(p.file, p.span.line, p.span.column) for p in loaded.problems if p.rule == rule]


def test_a_key_that_would_be_ignored_is_refused_at_the_key(load: Load) -> None:
    step = "  a: {uses: ./workflows/w1.yaml, env: {A: b}, needs: [], timeout: 1m, retry: {attempts: 2}}\n"
    loaded = load({**chain(1), "workflows/a.yaml": HEAD.format("a") + step})
    assert said(loaded, "nested-key") == [("workflows/a.yaml", 5, 34), ("workflows/a.yaml", 5, 71)]


def test_ten_workflows_deep_is_the_most(load: Load) -> None:
    assert not load(chain(10)).problems
    loaded = load(chain(11))
    assert said(loaded, "nesting-too-deep") == [("workflows/w10.yaml", 5, 16)]
    assert not loaded.workflows.keys() & {f"w{n}" for n in range(1, 11)}, "those above use something broken"
    assert "w11" in loaded.workflows
