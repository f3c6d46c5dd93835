"""The table of every construct in docs/language.md: each field of each kind of document, with an example of it.

In: schemas/json, and the documents that are shown in docs/*.md and kept in examples/. Out: the table, written between
two marks of the page. A field without an example must be in WAITING, which names what this version does not run; a test
holds to both. What is shown here is executed: tests/slow/test_docs.py and tests/slow/test_examples.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/language.md"
KINDS = ("workflow", "action", "repository", "test")
BEGIN, END = "<!-- constructs: written by `make generate` -->\n", "<!-- constructs end -->\n"
LATER = " (not run yet)"
HEADING = re.compile(r"^#+ ([^\n]*)$|^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What this version refuses (rule `not-supported`), so that there is nothing to execute: models, and single fields.
WAITING_MODELS = frozenset({"Expect", "Notify", "PostgresTrigger", "PullRequest", "QueueTrigger"})
WAITING = {
    "Workflow": {"expect"},
    "GitTrigger": {"pullRequest"},
    "Triggers": {"postgres", "queue"},
    "Repository": {"checks", "notify"},
}


class Construct(NamedTuple):
    """A field of a model: `Step`, `retry`."""

    model: str
    field: str


class Shown(NamedTuple):
    """A document that is shown and executed: where (a link), and what it says."""

    place: str
    link: str
    value: dict[str, Any]


def schemas() -> dict[str, dict[str, Any]]:
    return {kind.capitalize(): json.loads((ROOT / f"schemas/json/{kind}.json").read_text("utf-8")) for kind in KINDS}


def constructs() -> dict[Construct, str]:
    """Every field, with the kind on whose reference page it stands."""
    found: dict[Construct, str] = {}
    for kind, schema in schemas().items():
        for model, one in {kind: schema, **schema.get("definitions", {})}.items():
            for field in one.get("properties", {}):
                found.setdefault(Construct(model, field), kind)
    return found


OF_CLUSTERS = re.compile(r"^kind: (WorkflowRepository|ActionLibrary|WorkflowRun)$", re.MULTILINE)  # no language


def documents() -> Iterator[Shown]:
    """Those of the language page first: its examples are the ones to point at."""
    pages = [PAGE, *(page for page in sorted((ROOT / "docs").glob("*.md")) if page != PAGE)]
    for page in pages:
        anchor = ""
        for match in HEADING.finditer(page.read_text("utf-8")):
            if match[1] is not None:
                anchor = re.sub(r"[^a-z0-9 -]", "", match[1].lower()).strip().replace(" ", "-")
            elif re.search(r"^kind: ", match[2], re.MULTILINE) and not OF_CLUSTERS.search(match[2]):
                link = f"{'' if page == PAGE else page.name}#{anchor}"
                yield Shown(page.name, link, _read(match[2].encode()))
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        name = path.relative_to(ROOT).as_posix()
        if not OF_CLUSTERS.search(path.read_text("utf-8")):
            yield Shown(name, f"../{name}", _read(path.read_bytes()))


def _read(data: bytes) -> dict[str, Any]:
    """As Windlass reads it: to other readers `on` is true."""
    from windlass.loading.document import read_document

    found: dict[str, Any] = read_document(data)[0].value
    return found


def used_in(value: Any, schema: dict[str, Any], root: dict[str, Any], model: str) -> Iterator[Construct]:
    """The fields that a value uses, by the models of its schema."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from used_in(value, root["definitions"][name], root, name)
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(key, ()):
            yield from used_in(value, branch, root, model)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            yield from used_in(item, schema["items"], root, model)
    if isinstance(value, dict):
        yield from _of_mapping(value, schema, root, model)


def _of_mapping(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], model: str) -> Iterator[Construct]:
    fields = schema.get("properties", {})
    if fields and schema.get("additionalProperties") is False and not value.keys() <= fields.keys():
        return  # another branch is meant
    for name, part in value.items():
        if name in fields:
            yield Construct(model, name)
            yield from used_in(part, fields[name], root, model)
            continue
        others = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
        for other in others:
            if isinstance(other, dict):
                yield from used_in(part, other, root, model)


def examples() -> dict[Construct, Shown]:
    """The first example of each construct."""
    known, found = schemas(), {}
    for shown in documents():
        value = {name: part for name, part in shown.value.items() if not name.startswith("x-")}
        schema = known[value["kind"]]
        for construct in used_in(value, schema, schema, value["kind"]):
            found.setdefault(construct, shown)
    return found


def is_waiting(construct: Construct) -> bool:
    return construct.model in WAITING_MODELS or construct.field in WAITING.get(construct.model, ())


def page_with_table() -> str:
    """The language page, with the table as it has to be."""
    text = PAGE.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/language.md has lost the marks of its table")
    return before + BEGIN + table() + END + after


def table() -> str:
    """One row for each model, each field a link to its example."""
    shown, rows = examples(), {}
    for construct, kind in constructs().items():
        page = f"reference/{kind.lower()}.md"
        model = f"[{construct.model}]({page if construct.model == kind else f'{page}#{construct.model.lower()}'})"
        rows.setdefault(model, []).append(_cell(construct, shown.get(construct)))
    lines = [f"| {model} | {_together(cells)} |" for model, cells in rows.items()]
    return "\n".join(["", "| | |", "| --- | --- |", *lines, "", ""])


def _together(cells: list[str]) -> str:
    if all(cell.endswith(LATER) for cell in cells):
        return f"{', '.join(cell.removesuffix(LATER) for cell in cells)}: all{LATER}"
    return ", ".join(cells)


def _cell(construct: Construct, shown: Shown | None) -> str:
    name = f"`{construct.field}`"
    if shown is None:
        return name + LATER if is_waiting(construct) else name
    return f"{name} ({shown.place})" if shown.place.startswith("examples/") else f"[{name}]({shown.link})"
