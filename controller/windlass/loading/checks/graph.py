"""The graph of steps: unknown `needs`, names that clash, circles.

In: the steps of a workflow. Out: problems. The graph is what the planner will see: `needs`, the order of a list, and
each reference to `steps.NAME` (language page, "Order"). A circle is reported once, at the entry that closes it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from windlass.expressions import references
from windlass.loading.checks.site import TextMistake
from windlass.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem

MOST_CIRCLES = 20
LONGEST_SHOWN = 50
# A step waits for another one because of what stands at this path.
Edges = dict[str, dict[str, "Path"]]


def check_graph(site: Site, steps: Sequence[StepItem], last: Sequence[StepItem]) -> Iterator[Problem]:
    clashes = list(_check_names(site, [*steps, *last]))
    yield from clashes
    main, end = {item.name for item in steps}, {item.name for item in last}
    yield from _check_needs(site, steps, main, end)
    yield from _check_needs(site, last, end, main, in_finally=True)
    if not clashes:  # else two steps would look like one, and a list like a circle
        for items, names in ((steps, main), (last, end)):
            yield from _check_circles(site, items, names)


def _check_names(site: Site, items: Sequence[StepItem]) -> Iterator[Problem]:
    seen: dict[str, StepItem] = {}
    for item in items:
        if item.name not in seen:
            seen[item.name] = item
            continue
        line = site.document.key_span(seen[item.name].path).line
        message = f"another step is called {item.name}, in line {line}"
        if item.step.name is not None:
            yield site.at_value((*item.path, "name"), "duplicate-name", message)
        else:
            yield site.at_key(item.path, "duplicate-name", message)


def _check_needs(
    site: Site, items: Sequence[StepItem], known: set[str], other: set[str], *, in_finally: bool = False
) -> Iterator[Problem]:
    for item in items:
        for index, name in enumerate(item.step.needs):
            path = (*item.path, "needs", index)
            if name in known:
                continue
            if name not in other:
                hint = did_you_mean(name, known)
                yield site.at_value(path, "unknown-step", f"there is no step {name}", hint)
            elif in_finally:
                message = f"every step of finally runs after {name} anyway: needs is for steps of finally"
                yield site.at_value(path, "needs-finally", message, "delete it")
            else:
                yield site.at_value(path, "needs-finally", f"{name} is a step of finally, which runs after all others")


def edges_of(site: Site, items: Sequence[StepItem], names: set[str]) -> Edges:
    """For each step the steps it waits for, and the entry that says so."""
    edges: Edges = {}
    for item in items:
        waits: dict[str, Path] = edges.setdefault(item.name, {})
        for index, name in enumerate(item.step.needs):
            waits.setdefault(name, (*item.path, "needs", index))
        if item.after is not None:
            waits.setdefault(item.after, item.path)
        for path, text in site.texts_of_steps.get(item.path, ()):
            for reference in sorted(references(text)):
                root, _, rest = reference.partition(".")
                if root == "steps" and rest:
                    waits.setdefault(rest.partition(".")[0], path)
    return {step: {n: p for n, p in waits.items() if n in names} for step, waits in edges.items()}


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _check_circles(site: Site, items: Sequence[StepItem], names: set[str]) -> Iterator[Problem]:
    edges = edges_of(site, items, names)
    for circle in islice(circles(edges), MOST_CIRCLES):
        path = edges[circle[-1]][circle[0]]
        if len(circle) == 1:
            message = f"{circle[0]} waits for itself"
        else:
            shown = circle if len(circle) <= LONGEST_SHOWN else [*circle[:LONGEST_SHOWN], "…"]
            message = f"steps wait for one another in a circle: {' → '.join([*shown, circle[0]])}"
        yield _at_reference(site, path, circle[0], message)


def _at_reference(site: Site, path: Path, name: str, message: str) -> Problem:
    """At the entry of `needs`, or at the name inside an expression."""
    hint = "an arrow reads: waits for"
    text = _at(site.value, path)
    reference = f"steps.{name}"
    if isinstance(text, str) and reference in text:
        found = TextMistake(message, hint, text.index(reference), len(reference))
        return site.in_text(path, "dependency-cycle", found)
    return site.at_value(path, "dependency-cycle", message, hint)


def circles(edges: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """The circles of a graph: each back edge of a depth-first walk closes one.

    Iterative, so that thousands of steps in a row are fine.
    """
    done: set[str] = set()
    for start in edges:
        trail: list[str] = []
        on_trail: dict[str, int] = {}
        waiting: list[tuple[str, Iterator[str]]] = []
        current: str | None = start if start not in done else None
        while current is not None or waiting:
            if current is not None:
                on_trail[current] = len(trail)
                trail.append(current)
                waiting.append((current, iter(edges.get(current, {}))))
                current = None
            step, rest = waiting[-1]
            following = next(rest, None)
            if following is None:
                waiting.pop()
                done.add(step)
                del on_trail[trail.pop()]
            elif following in on_trail:
                yield trail[on_trail[following] :]
            elif following not in done:
                current = following
