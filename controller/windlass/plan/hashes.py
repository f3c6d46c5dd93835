"""`hashFiles` is answered when a run is created, and its answers are part of the plan.

In: a plan as plain values, the inputs and the event. Out: the globs of every call in it; the key under which an answer
stands in `Plan.hashes`. Steps must not read git while they are decided on, so a call's globs are known at creation:
literal texts, or made of inputs, event and repository.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import calls_of, evaluate
from windlass.expressions.functions import GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from windlass.expressions import WrittenCall

FUNCTION = "hashFiles"
KNOWN = frozenset({"inputs", "event", "repository"})
MOST_CALLS = 1000  # different ones, in one plan
# Of the plan: they hold values, no expressions.
_GIVEN_VALUES = frozenset({"inputs", "event", "hashes", "secrets", "lent"})


def hash_key(globs: Sequence[str]) -> str:
    """The name of an answer in `Plan.hashes`."""
    return json.dumps(list(globs), ensure_ascii=False, separators=(",", ":"))


def hashed(hashes: Mapping[str, str], globs: Sequence[str]) -> str:
    """The frozen answer. Raises ExpressionError for a call whose globs were not known when the run was created."""
    found = hashes.get(hash_key(globs))
    if found is None:
        raise ExpressionError(f"hashFiles({', '.join(globs)}): its globs were not known when the run was created")
    return found


def wanted_globs(plan: Mapping[str, Any], values: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The globs of every call in a plan's expressions, each once. `plan` is its JSON object, `values` what is known.

    A call whose globs cannot be evaluated now is left out: it fails where it is used, as any other expression would.
    Raises ExpressionError when there are more than 1000.
    """
    found: dict[tuple[str, ...], None] = {}
    for name, part in plan.items():
        if name not in _GIVEN_VALUES:
            for text in _texts(part):
                for call in calls_of(text, FUNCTION):
                    globs = _globs(call, values)
                    if globs is not None:
                        found[globs] = None
    if len(found) > MOST_CALLS:
        raise ExpressionError(f"more than {MOST_CALLS} different calls of hashFiles")
    return list(found)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if FUNCTION in value:
            yield value
    elif isinstance(value, dict):
        if value.get("name") == "trigger" and "values" in value:  # that layer is never evaluated
            return
        for name, item in value.items():
            if name != "script":
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _globs(call: WrittenCall, values: Mapping[str, Any]) -> tuple[str, ...] | None:
    globs = []
    for argument in call.arguments:
        if argument.literal is not None:
            globs.append(argument.literal)
            continue
        if not is_known_early(argument.names, argument.functions):
            return None
        try:
            value = evaluate(f"${{{{ {argument.source} }}}}", values)
        except ExpressionError:
            return None
        if not isinstance(value, str):
            return None
        globs.append(value)
    return tuple(globs)


def is_known_early(names: Sequence[str], functions: Sequence[str]) -> bool:
    """Whether an argument that uses these can be evaluated when the run is created."""
    return all(name.partition(".")[0] in KNOWN for name in names) and GIVEN.isdisjoint(functions)
