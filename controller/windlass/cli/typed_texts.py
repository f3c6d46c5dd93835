"""Texts of the command line typed by a server's JSON Schema: `--input` of a remote run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import InputError, InputProblem
from windlass.plan.values import ValueMismatchError, escaped, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def texts_by_schema(properties: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Texts of the command line typed by a server's JSON Schema; names it does not have are left to the server.

    Raises InputError.
    """
    result: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        try:
            result[name] = from_text(properties.get(name, {}), text)
        except ValueMismatchError as error:
            problems += [InputProblem(f"/{escaped(name)}{m.pointer}", m.message) for m in error.mismatches]
    if problems:
        raise InputError(problems)
    return result
