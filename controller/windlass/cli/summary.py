"""The summary tree at the end of `windlass run`, and one line for a step.

In: the run object (interfaces.md). Out: text; colour only when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.cli.lines import for_display
from windlass.clock import from_rfc3339
from windlass.plan.duration import for_people

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLOURS = {"succeeded": "32", "failed": "31", "errored": "31", "cancelled": "33", "skipped": "90"}
MOST_ITEMS = 20
MARKS = {"succeeded": "✓", "failed": "✗", "errored": "!", "cancelled": "■", "skipped": "-"}


def summary(run: Mapping[str, Any], *, colour: bool) -> str:
    """A headline, a line per step, the outputs."""
    lines = [" ".join(part for part in (_status(run, colour), run["workflow"], _span(run), run["id"]) if part)]
    if run["message"]:
        lines[0] += f": {for_display(run['message'], colour=False)}"
    lines += _tree(run["steps"], "", colour)
    lines += _outputs(run["outputs"])
    return "\n".join(lines)


def _tree(steps: Mapping[str, Any], before: str, colour: bool) -> Iterator[str]:
    """A line for each step, and below it those of its items or of the workflow that it uses."""
    width = max(map(len, steps), default=0)
    for index, (name, step) in enumerate(steps.items()):
        last = index == len(steps) - 1
        words = f"{_status(step, colour)} {name:<{width}}  {_step_words(step)}"
        yield f"{before}{'└─' if last else '├─'} {words}".rstrip()
        below = before + ("   " if last else "│  ")
        yield from _items(step, below, colour)
        yield from _tree(step.get("steps") or {}, below, colour)


def _items(step: Mapping[str, Any], below: str, colour: bool) -> Iterator[str]:
    """A line for each item of a loop; of many, those that did not succeed and how many did."""
    items = step["items"] or []
    shown = items if len(items) <= MOST_ITEMS else [i for i in items if i["status"] != "succeeded"][:MOST_ITEMS]
    for item in shown:
        words = f"{_status(item, colour)} {for_display(item['key'], colour=False)}  {_step_words(item)}"
        yield f"{below}   {words}".rstrip()
        yield from _tree(item.get("steps") or {}, f"{below}   ", colour)
    if len(shown) < len(items):
        yield f"{below}   {len(items)} items, {sum(i['status'] == 'succeeded' for i in items)} succeeded"


def _status(thing: Mapping[str, Any], colour: bool) -> str:
    status = thing["status"]
    text = f"{MARKS.get(status, '·')} {status}"
    return f"\x1b[{COLOURS[status]}m{text}\x1b[0m" if colour and status in COLOURS else text


def _step_words(step: Mapping[str, Any]) -> str:
    words = [_span(step)]
    if len(step["attempts"]) > 1:
        words.append(f"{len(step['attempts'])} attempts")
    if step.get("reusedFrom"):
        words.append(f"outputs of run {step['reusedFrom']}")
    if step["message"]:
        words.append(for_display(f"{step['cause']}: {step['message']}", colour=False))
    return "  ".join(word for word in words if word)


def _span(thing: Mapping[str, Any]) -> str:
    if not thing.get("startedAt") or not thing.get("endedAt"):
        return ""
    return for_people(from_rfc3339(thing["endedAt"]) - from_rfc3339(thing["startedAt"]))


def _outputs(outputs: Mapping[str, Any]) -> Iterator[str]:
    import json

    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"   {name} = {for_display(text, colour=False)}"
