"""Every construct of the language has an example that is executed, or is named among those that are not run yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.house.conftest import House


@pytest.fixture
def constructs(house: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that writes the table."""
    monkeypatch.syspath_prepend(str(house.root / "scripts"))
    monkeypatch.delitem(sys.modules, "constructs", raising=False)
    import constructs  # type: ignore[import-not-found]

    return constructs


def test_each_construct_has_an_example(constructs: Any) -> None:
    shown = constructs.examples()
    missing = [
        f"{c.model}.{c.field}" for c in constructs.constructs() if c not in shown and not constructs.is_waiting(c)
    ]
    assert not missing, f"show them in docs/by-example.md, which is executed: {missing}"


def test_what_waits_is_part_of_the_language(constructs: Any) -> None:
    known = set(constructs.constructs())
    models = {construct.model for construct in known}
    assert models >= constructs.WAITING_MODELS
    assert {constructs.Construct(m, f) for m, fields in constructs.WAITING.items() for f in fields} <= known


def test_the_table_has_a_row_for_each_model(constructs: Any) -> None:
    table = constructs.table()
    assert all(f"| [{construct.model}](" in table for construct in constructs.constructs())
    assert "[`maxParallel`](#steps)" in table


def test_a_field_is_found_where_it_is_used_and_not_beside(constructs: Any) -> None:
    schema = constructs.schemas()["Workflow"]
    value = {"kind": "Workflow", "steps": {"a": {"run": "x", "env": {"with": "1"}}, "b": {"wait": {"for": "1s"}}}}
    found = {f"{c.model}.{c.field}" for c in constructs.used_in(value, schema, schema, "Workflow")}
    assert found == {"Workflow.kind", "Workflow.steps", "Step.run", "Step.env", "Step.wait", "Wait.for"}
