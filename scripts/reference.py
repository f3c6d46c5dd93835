"""Writes docs/reference/*.md from the things themselves, so that the pages cannot say something else.

In: schemas/json (fields), the argparse parser (commands), the rules and causes of windlass, module docstrings (the
map), the built-in actions. Out: one page each, and the table of every construct in docs/language.md. `--check` writes
nothing and exits 1, naming the pages that are stale.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

from action_pages import action_pages
from constructs import page_with_table
from rule_pages import FOLDER as RULES_FOLDER
from rule_pages import rule_pages

ROOT = Path(__file__).resolve().parents[1]
LANGUAGE = "docs/language.md"  # of which one table is written here
NOTE = "<!-- Written by `make generate`: edits are lost. -->\n"
KINDS = {
    "workflow": "A file under `workflows/`: what runs, when, and with which inputs.",
    "action": "`actions/NAME/action.yaml`: a step that can be reused.",
    "repository": "`windlass.yaml`: what holds for all workflows of a repository.",
    "test": "A file under `tests/`: cases for one workflow.",
}
PATTERNS = {"(ms|s|m|h|d)": "duration", "(Ki|Mi|Gi)": "size", "\\$\\{\\{": "expression"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    named = {**kind_pages(), "commands": commands(), "rules": rules(), "causes": causes(), "map": code_map()}
    pages = {f"docs/reference/{name}.md": text for name, text in named.items()} | {LANGUAGE: page_with_table()}
    pages |= action_pages() | rule_pages(NOTE)
    stale = [name for name, text in pages.items() if _on_disk(name) != text]
    gone = [path for path in (ROOT / RULES_FOLDER).glob("*.md") if path.relative_to(ROOT).as_posix() not in pages]
    if check:
        for name in [*stale, *gone]:
            print(f"{name} is stale: run `make generate`", file=sys.stderr)
        return 1 if stale or gone else 0
    for path in gone:
        path.unlink()
    for name in stale:
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(pages[name], encoding="utf-8")
        print(name)
    return 0


def _on_disk(name: str) -> str | None:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def kind_pages() -> dict[str, str]:
    """One page per kind: the fields of the document, then those of each model it is made of."""
    from windlass_schemas.server_file import ServerFile

    schemas = {kind: json.loads((ROOT / f"schemas/json/{kind}.json").read_text(encoding="utf-8")) for kind in KINDS}
    pages = {kind: _kind_page(kind.capitalize(), KINDS[kind], schema) for kind, schema in schemas.items()}
    server = _kind_page("Keys of the server file", "`windlass-server.yaml`.", ServerFile.model_json_schema())
    return {**pages, "server-file": server}


def _kind_page(title: str, about: str, schema: dict[str, Any]) -> str:
    models = schema.get("definitions", schema.get("$defs", {}))
    parts = [f"# {title}\n", NOTE, f"{about}\n", _fields(schema)]
    for name, model in models.items():
        if model.get("properties"):
            parts += [f"## {name}\n", f"{_sentence(model)}\n" if model.get("description") else "", _fields(model)]
        elif model.get("enum") or model.get("description"):
            parts += [f"## {name}\n", f"{_sentence(model)} {_type(model)}\n"]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _fields(model: dict[str, Any]) -> str:
    required = set(model.get("required", ()))
    rows = ["| field | type | default | |", "| --- | --- | --- | --- |"]
    for name, field in model.get("properties", {}).items():
        default = "**required**" if name in required else _default(field)
        rows.append(f"| `{name}` | {_type(field)} | {default} | {_sentence(field)}{_example(field)} |")
    return "\n".join(rows) + "\n" if len(rows) > 2 else ""


def _example(field: dict[str, Any]) -> str:
    found = field.get("examples") or [None]
    return f" For example `{_cell(_plain(found[0]))}`." if found[0] is not None else ""


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, {}, []) else f"`{_cell(json.dumps(default, ensure_ascii=False))}`"


def _type(field: dict[str, Any]) -> str:
    """A short text for a JSON Schema: `a \\| b` of its branches, links to models, enums as their words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    branches = [branch for key in ("anyOf", "oneOf", "allOf") for branch in field.get(key, ())]
    if branches:
        return " or ".join(dict.fromkeys(_type(branch) for branch in branches if branch.get("type") != "null"))
    if "const" in field:
        return f"`{_cell(json.dumps(field['const']))}`"
    if "enum" in field:
        return " ".join(f"`{_cell(str(word))}`" for word in field["enum"])
    kind = _kind(field)
    if kind == "array" and isinstance(field.get("items"), dict):
        return f"list of {_type(field['items'])}"
    values = list(field.get("patternProperties", {}).values())
    values += [field["additionalProperties"]] if isinstance(field.get("additionalProperties"), dict) else []
    return f"map of {' or '.join(map(_type, values))}" if kind == "object" and values else kind


def _kind(field: dict[str, Any]) -> str:
    """The JSON type, or the word of the language for a text with a known pattern."""
    kind = field.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    return next((word for mark, word in PATTERNS.items() if mark in field.get("pattern", "")), str(kind))


def _sentence(field: dict[str, Any]) -> str:
    return _cell(" ".join(str(field.get("description", "")).split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def commands() -> str:
    """Every verb with its flags, as `--help` has them."""
    from windlass.cli.verbs import VERBS

    parts = ["# Commands and flags\n", NOTE]
    for name, verb in VERBS.items():
        parser = argparse.ArgumentParser(prog=f"windlass {name}", add_help=False)
        verb.flags(parser)
        rows = ["| | |", "| --- | --- |"]
        for action in (one for one in parser._actions if one.help != argparse.SUPPRESS):
            words = ", ".join(action.option_strings) or str(action.metavar or action.dest)
            value = "" if action.nargs == 0 or not action.option_strings else f" {_value(action)}"
            rows.append(f"| `{_cell(words + value)}` | {_cell((action.help or '').replace('%%', '%'))} |")
        summary = verb.help[0].upper() + verb.help[1:]
        parts += [f"## windlass {name}\n", f"{summary}. Example: `{verb.example}`\n", "\n".join(rows) + "\n"]
    return "\n".join(parts).rstrip() + "\n"


def _value(action: argparse.Action) -> str:
    return "/".join(map(str, action.choices)) if action.choices else str(action.metavar or action.dest.upper())


def rules() -> str:
    """Every rule of `windlass check`, with its severity."""
    from windlass.loading.rules import RULES

    rows = [
        f"| [`{name}`](rules/{name}.md) | {rule.severity} | {_cell(rule.summary)} | {_cell(rule.explanation)} |"
        for name, rule in sorted(RULES.items())
    ]
    return "\n".join(
        [
            "# Rules\n",
            NOTE,
            "What `windlass check` reports, and what to do about it; also `windlass explain rule NAME`.\n",
            "| rule | severity | what | why, and what to do |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def causes() -> str:
    """Every cause, the stable word for an end that is not a success."""
    from windlass.runs.causes import CAUSES

    rows = [f"| `{name}` | {_cell(text)} |" for name, text in CAUSES.items()]
    return "\n".join(
        [
            "# Causes\n",
            NOTE,
            "Each end that is not a success has one: a stable word for programs. `message` beside it is for people.\n",
            "| cause | means |",
            "| --- | --- |",
            *rows,
            "",
        ]
    )


def code_map() -> str:
    """Every package and module with the first line of its docstring, in the order of design: data first."""
    parts = [
        "# Map of the code\n",
        NOTE,
        "Where to look. The order to read in is in [architecture](../architecture.md).\n",
    ]
    for base in (ROOT / "schemas/windlass_schemas", ROOT / "controller/windlass"):
        for folder in sorted({path.parent for path in base.rglob("*.py")}):
            rows = [
                f"| `{path.name}` | {_cell(_first_line(path))} |"
                for path in sorted(folder.glob("*.py"))
                if path.name != "__init__.py"
            ]
            parts += [f"## {folder.relative_to(ROOT).as_posix()}\n", f"{_first_line(folder / '__init__.py')}\n"]
            parts += ["\n".join(["| | |", "| --- | --- |", *rows]) + "\n"] if rows else []
    return "\n".join(parts).rstrip() + "\n"


def _first_line(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ""
    return re.sub(r"\s+", " ", (text or "").partition("\n\n")[0])


if __name__ == "__main__":
    sys.exit(main())
