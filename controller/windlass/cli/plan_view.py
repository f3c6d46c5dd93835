"""`--dry-run`: the plan as people or programs read it: a tree, JSON, or a Mermaid diagram for a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from windlass.cli.lines import for_display
from windlass.plan.codec import to_object
from windlass.plan.duration import for_people
from windlass.runs.outline import outline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.plan.model import Plan
    from windlass.runs.outline import Outline


def print_plan(plan: Plan, how: str) -> None:
    if how == "json":
        print(json.dumps({**to_object(plan), "order": {"steps": list(plan.steps), "finally": list(plan.finally_)}}))
        return
    for line in _mermaid(plan) if how == "mermaid" else _text(plan):
        print(line)


def _text(plan: Plan) -> Iterator[str]:
    limit = f"  timeout {for_people(plan.timeout)}" if plan.timeout is not None else ""
    yield f"{plan.repository}/{plan.workflow} at {plan.commit or 'no commit'}{limit}"
    for name, value in plan.inputs.items():
        shown = "***" if name in plan.secret_inputs else json.dumps(value, ensure_ascii=False)
        yield f"  input {name} = {for_display(shown, colour=False)}"
    if plan.concurrency is not None:
        yield f"  in group {for_display(plan.concurrency.group, colour=False)}"
    if plan.refusal is not None:
        yield f"  refused: {for_display(plan.refusal, colour=False)}"
    steps, last = outline(plan)
    yield from _tree(steps, last, "  ")


def _tree(steps: Sequence[Outline], last: Sequence[Outline], before: str) -> Iterator[str]:
    """A line for each step; what it uses is drawn below it."""
    every = [*((one, False) for one in steps), *((one, True) for one in last)]
    width = max((len(one.name) for one, _ in every), default=0)
    for index, (one, at_the_end) in enumerate(every):
        words = [one.does, *([f"after {', '.join(one.after)}"] if one.after else []), *one.facts]
        words += ["(finally)"] if at_the_end else []
        end = index == len(every) - 1
        line = for_display("  ".join(words), colour=False)
        yield f"{before}{'└─' if end else '├─'} {one.name:<{width}}  {line}"
        inside = before + ("   " if end else "│  ")
        if one.unknown is not None:
            yield f"{inside}   known when it begins: {for_display(one.unknown, colour=False)}"
        yield from _tree(one.below, one.finally_, inside)


# ---- Mermaid, https://mermaid.js.org/syntax/flowchart.html

_SHAPES = {"program": ('["', '"]'), "approval": ('{{"', '"}}'), "wait": ('(["', '"])'), "workflow": ('[["', '"]]')}


def _mermaid(plan: Plan) -> Iterator[str]:
    steps, last = outline(plan)
    yield "flowchart TD"
    yield from _nodes(steps, last, "s", "  ")


def _nodes(steps: Sequence[Outline], last: Sequence[Outline], prefix: str, indent: str) -> Iterator[str]:
    """Nodes are numbered, since a name could be a word of Mermaid's: `end`, `graph`."""
    ids = {one.name: f"{prefix}{index}" for index, one in enumerate((*steps, *last))}
    for one in steps:
        yield from _node(one, ids[one.name], indent)
    if last:
        yield f'{indent}subgraph {prefix}f["finally"]'
        for one in last:
            yield from _node(one, ids[one.name], indent + "  ")
        yield f"{indent}end"
    for one in (*steps, *last):
        yield from (f"{indent}{ids[need]} --> {ids[one.name]}" for need in one.after if need in ids)
    needed = {need for one in steps for need in one.after}
    for one in steps if last else ():
        if one.name not in needed:
            yield f"{indent}{ids[one.name]} -.-> {prefix}f"


def _node(one: Outline, id_: str, indent: str) -> Iterator[str]:
    label = "<br/>".join(map(_escaped, (one.name, one.does, *one.facts)))
    if not one.below and not one.finally_:
        before, after = _SHAPES[one.kind]
        yield f"{indent}{id_}{before}{label}{after}"
        return
    yield f'{indent}subgraph {id_}["{label}"]'
    yield from _nodes(one.below, one.finally_, f"{id_}_", indent + "  ")
    yield f"{indent}end"


def _escaped(text: str) -> str:
    """Characters that Mermaid or a page would take for something else, as its entity codes."""
    plain = for_display(text, colour=False)
    return "".join(f"#{ord(char)};" if char in '#"<>&`\\;' else char for char in plain)
