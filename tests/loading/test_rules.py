"""The registry of rules is complete: everything that is reported is in it, and everything in it can be reported."""

from __future__ import annotations

import re
from pathlib import Path

from windlass.loading.rules import RULES

ROOT = Path(__file__).parents[2]
SOURCES = [
    *(ROOT / "controller/windlass/loading").rglob("*.py"),
    *(ROOT / "controller/windlass/expressions").rglob("*.py"),
    *(ROOT / "controller/windlass/reconcile").rglob("*.py"),
    ROOT / "controller/windlass/sources/names.py",
    ROOT / "controller/windlass/sources/tree.py",
    *(ROOT / "schemas/windlass_schemas").glob("*.py"),
]
TEXT = {path: path.read_text() for path in SOURCES if path.name != "rules.py"}
CUSTOM = re.compile(r'PydanticCustomError\(\s*"([a-z-]+)"|_name\(\s*\w+,\s*"([a-z-]+)"')


def test_every_error_of_the_schemas_is_a_rule() -> None:
    codes = {code for text in TEXT.values() for groups in CUSTOM.findall(text) for code in groups if code}
    assert len(codes) > 30
    assert codes <= RULES.keys()


def test_every_rule_is_reported_somewhere() -> None:
    everything = "\n".join(TEXT.values())
    assert [name for name in RULES if f'"{name}"' not in everything] == []


def test_every_rule_explains_itself() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert re.fullmatch(r"[a-z0-9]+([-.][a-z0-9]+)*", name)
        assert rule.summary and rule.explanation.endswith("."), name
