"""Everything a user can type is mentioned in the documentation: verbs, flags, fields, settings, causes, rules.

The lists come from the product itself, so that a new verb or field fails here until somebody writes about it.
"""

from __future__ import annotations

import argparse
import ast
import json
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

import windlass.web
from windlass.cli.verbs import VERBS
from windlass.runs.causes import CAUSES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.conftest import House

KINDS = ("workflow", "action", "repository", "test")


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_section_with_an_example(house: House, verb: str) -> None:
    page = (house.root / "docs/cli.md").read_text()
    section = re.search(rf"^## windlass {verb}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, f"docs/cli.md has no section `## windlass {verb}`"
    assert f"windlass {verb}" in section[1], "a section shows how the verb is typed"


@pytest.mark.parametrize("verb", VERBS)
def test_each_flag_has_help(verb: str) -> None:
    parser = argparse.ArgumentParser(add_help=False)
    VERBS[verb].flags(parser)
    silent = [action.dest for action in parser._actions if not action.help]
    assert not silent, f"windlass {verb}: no help for {silent}"


def test_the_command_page_speaks_of_no_other_verbs(house: House) -> None:
    page = (house.root / "docs/cli.md").read_text()
    assert set(re.findall(r"^## windlass (\S+)$", page, re.MULTILINE)) == set(VERBS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_says_what_it_is_for(house: House, kind: str) -> None:
    schema = json.loads((house.root / f"schemas/json/{kind}.json").read_text())
    silent = list(_undescribed(schema, kind))
    assert not silent, f"fields without a description: {silent}"


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_is_in_the_reference(house: House, kind: str) -> None:
    schema = json.loads((house.root / f"schemas/json/{kind}.json").read_text())
    page = (house.root / f"docs/reference/{kind}.md").read_text()
    models = [schema, *schema.get("definitions", schema.get("$defs", {})).values()]
    missing = {name for model in models for name in model.get("properties", {}) if f"`{name}`" not in page}
    assert not missing


def test_each_key_of_the_server_file_is_explained(house: House) -> None:
    from windlass_schemas.server_file import ServerFile

    page = (house.root / "docs/reference/server-file.md").read_text()
    schema = ServerFile.model_json_schema()
    names = {name for model in [schema, *schema.get("$defs", {}).values()] for name in model.get("properties", {})}
    assert not {name for name in names if f"`{name}`" not in page}
    assert not list(_undescribed(schema, "server file"))


def test_each_environment_variable_is_documented(house: House) -> None:
    pages = "\n".join(path.read_text() for path in house.named(".md"))
    used = {
        name
        for path in house.code("controller/windlass")
        for name in re.findall(r"[\"'](WINDLASS_[A-Z_]*[A-Z])[\"']", path.read_text())
    }
    for_tests = {name for name in used if name.startswith("WINDLASS_CRASH_")}
    missing = {name for name in used - for_tests if name not in pages}
    assert not missing, f"no page mentions {missing}"


def test_each_route_is_in_the_table_of_the_api(house: House) -> None:
    page = (house.root / "docs/api.md").read_text()
    routes = {call for module in _web() for call in _calls(module)}
    assert len(routes) > 15, "the search finds nothing: it has to follow the code"
    assert not {call for call in routes if f"| `{call}` |" not in page}


def test_each_figure_is_explained(house: House) -> None:
    code = (house.root / "controller/windlass/web/metrics.py").read_text()
    page = (house.root / "docs/operations.md").read_text()
    figures = set(re.findall(r'"(windlass_[a-z_]+)"', code))
    assert figures
    assert not {figure for figure in figures if f"`{figure}" not in page}


def test_each_cause_in_the_code_is_on_the_list(house: House) -> None:
    used = {cause for path in house.code("controller/windlass") for cause in _causes(path)}
    assert used, "the search finds nothing: it has to follow the code"
    assert used <= set(CAUSES), f"add to windlass/runs/causes.py: {used - set(CAUSES)}"


def test_generated_pages_are_fresh(house: House) -> None:
    command = [sys.executable, "scripts/reference.py", "--check"]
    done = subprocess.run(command, cwd=house.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _web() -> list[Any]:
    names = [found.name for found in pkgutil.iter_modules(windlass.web.__path__)]
    return [import_module(f"windlass.web.{name}") for name in names]


def _calls(module: Any) -> list[str]:
    """`METHOD /path` of each route that a module declares and that the API's description shows; WebSockets too."""
    routes = module.router.routes if hasattr(module, "router") else []
    found = [f"WS {route.path}" for route in routes if isinstance(route, APIWebSocketRoute)]
    shown = [route for route in routes if isinstance(route, APIRoute) and route.include_in_schema]
    calls = found + [
        f"{method} {route.path}" for route in shown for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    return [re.sub(r":\w+}", "}", call) for call in calls]


def _undescribed(schema: dict[str, Any], name: str) -> list[str]:
    models = {name: schema, **schema.get("definitions", schema.get("$defs", {}))}
    return [
        f"{title}.{field}"
        for title, model in models.items()
        for field, about in model.get("properties", {}).items()
        if not about.get("description")
    ]


def _causes(path: Path) -> set[str]:
    """Text constants given as `cause=…` or assigned to a name `cause`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.keyword) and node.arg == "cause":
            values.append(node.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(getattr(target, "id", getattr(target, "attr", "")) == "cause" for target in targets):
                values.append(node.value)
        found |= {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}
    return found
