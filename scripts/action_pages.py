"""docs/actions/*.md from the actions that are built in, so that the pages cannot say something else.

In: actions-library/NAME/{action.yaml,README.md}. Out: one page for each action and a table of all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "actions-library"
NOTE = "<!-- Written by `make generate`: edits are lost. -->\n"
INTRODUCTION = """\
What comes with Windlass: `uses: std/NAME`, without an entry in `windlass.yaml` or `windlass.lock`. The version is that
of the installed Windlass; a run keeps what it began with. Each needs `python3` 3.11 or newer where it runs and nothing
else, unless its page says so.
"""


def action_pages() -> dict[str, str]:
    """Text by path from the root of the checkout."""
    actions = {path.parent.name: path.parent for path in sorted(LIBRARY.glob("*/action.yaml"))}
    documents = {name: yaml.safe_load((folder / "action.yaml").read_text("utf-8")) for name, folder in actions.items()}
    rows = [f"| [std/{name}]({name}.md) | {_cell(_about(documents[name]))} |" for name in actions]
    index = ["# The built-in actions\n", NOTE, INTRODUCTION, "| | |", "| --- | --- |", *rows, ""]
    pages = {f"docs/actions/{name}.md": _page(name, folder, documents[name]) for name, folder in actions.items()}
    return {"docs/actions/index.md": "\n".join(index), **pages}


def _about(document: dict[str, Any]) -> str:
    return str(document["metadata"]["description"])


def _page(name: str, folder: Path, document: dict[str, Any]) -> str:
    readme = (folder / "README.md").read_text("utf-8")
    parts = [f"# std/{name}\n", NOTE, readme]
    for title, key, head in (("Inputs", "inputs", "| input | type | default | |"), ("Outputs", "outputs", "")):
        declared = document.get(key) or {}
        if declared:
            rows = [_row(one, about, wanted=key == "inputs") for one, about in declared.items()]
            heads = [head, "| --- | --- | --- | --- |"] if head else ["| output | type | |", "| --- | --- | --- |"]
            parts += [f"## {title}\n", "\n".join([*heads, *rows]) + "\n"]
    return "\n".join(parts).rstrip() + "\n"


def _row(name: str, about: dict[str, Any], *, wanted: bool) -> str:
    cells = [f"`{name}`", _type(about)]
    if wanted:
        needed = about.get("required", "default" not in about) and "default" not in about
        cells.append("**required**" if needed else _default(about))
    return f"| {' | '.join([*cells, _cell(str(about.get('description', '')))])} |"


def _default(about: dict[str, Any]) -> str:
    default = about.get("default")
    shown = default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)
    return f"`{_cell(shown)}`" if default not in (None, "", [], {}) else ""


def _type(about: dict[str, Any]) -> str:
    kind = str(about.get("type", "string"))
    if "enum" in about:
        return " ".join(f"`{_cell(str(word))}`" for word in about["enum"])
    if kind == "array" and "type" in about.get("items", {}):
        return f"list of {about['items']['type']}"
    more = about.get("format") or (f"up to {about['size']}" if "size" in about else "")
    return f"{kind}, {more}" if more else kind


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
