"""Values → pydantic models → Problems, each at the token that is wrong.

In: a document and the kind that its place calls for. Out: the model, or Problems in plain English: unknown keys at
the key, missing ones at the key of the mapping that lacks them, wrong values at the value (fine print, "Command
line"). The codes of the schemas' own errors are the names of the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from windlass.loading.known_keys import keys_at
from windlass.loading.positions import written
from windlass.nearest import did_you_mean, nearest
from windlass.problems import START, Problem
from windlass_schemas.document import API_VERSION, MODELS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from windlass.loading.faults import Faults
    from windlass.loading.positions import Document
    from windlass.problems import Span

MOST_PROBLEMS = 200  # of one stage; nobody reads more, and looking for likely intentions takes time
Path = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
}
_EMPTY = {"string_too_short", "too_short"}
_RANGE = {"greater_than_equal", "greater_than", "less_than_equal", "less_than", "too_long", "string_too_long"}


def read_model(file: str, document: Document, kind: str) -> tuple[BaseModel | None, list[Problem]]:
    """The model of a document of one kind, or None and what is wrong with it."""
    head = _head_problem(file, document, kind)
    return (None, [head]) if head is not None else validate(file, document, MODELS[kind])


def validate(file: str, document: Document, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The document as any model, or None and what is wrong with it."""
    try:
        return model.model_validate(document.value), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    shown = [detail for detail in details[:MOST_PROBLEMS] if not _echoes(detail, details[:MOST_PROBLEMS])]
    problems = [_problem(file, document, model, detail) for detail in shown]
    return None, problems + ([more_problems(file)] if len(details) > MOST_PROBLEMS else [])


def more_problems(file: str) -> Problem:
    message = f"there are more problems: the first {MOST_PROBLEMS} of a kind are shown"
    return Problem(file, START, "", "more-problems", message)


def fault_problems(file: str, faults: Faults) -> list[Problem]:
    """What kept a file from being read; the paths are known when its syntax was fine."""
    document = faults.document
    return [fault.problem(file, document.path_of(fault.node) if document else "") for fault in faults.faults]


def _echoes(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """A list whose items are all refused is also reported as too short: that is no second mistake."""
    path = detail["loc"]
    return detail["type"] in _EMPTY and any(
        len(o["loc"]) > len(path) and o["loc"][: len(path)] == path for o in details
    )


def _head_problem(file: str, document: Document, kind: str) -> Problem | None:
    """apiVersion and kind are looked at first: a file of another version or kind gets that one message."""
    version, found = document.value.get("apiVersion"), document.value.get("kind")
    if version is not None and version != API_VERSION:
        message = f"apiVersion {_shown(version)} is not supported; this Windlass reads {API_VERSION}"
        span = document.value_span(("apiVersion",))
        return Problem(file, span, "apiVersion", "unknown-version", message, hint=f"write apiVersion: {API_VERSION}")
    if found is None or found == kind:
        return None
    span = document.value_span(("kind",))
    if isinstance(found, str) and found in MODELS:
        message = f"this folder holds documents of kind {kind}, not {found}"
        return Problem(file, span, "kind", "wrong-kind", message, hint="move the file, or change windlass.yaml's paths")
    hint = f"write kind: {kind}"
    return Problem(file, span, "kind", "unknown-kind", f"there is no kind {_shown(found)}", hint=hint)


def _problem(file: str, document: Document, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    code, path = detail["type"], detail["loc"]
    if path and path[-1] == "[key]":
        path = path[:-1]
        return Problem(file, document.key_span(path), written(path), *_rule_and_message(code, detail, document, path))
    if code == "extra_forbidden":
        return _unknown_key(file, document, model, path)
    if code == "missing":
        return _missing_key(file, document, path)
    rule, message = _rule_and_message(code, detail, document, path)
    at = tuple((detail.get("ctx") or {}).get("at", ()))
    if at and document.has((*path, *at)):  # a mapping that contradicts itself, and the value in it that does
        return Problem(file, document.value_span((*path, *at)), written((*path, *at)), rule, message)
    return Problem(file, _span(document, detail, path), written(path), rule, message, hint=_hint(detail))


def _unknown_key(file: str, document: Document, model: type[BaseModel], path: Path) -> Problem:
    known = keys_at(model, document.value, path[:-1])
    hint = did_you_mean(str(path[-1]), known)
    place = f" in {written(path[:-1])}" if path[:-1] else ""
    message = f"unknown key {path[-1]}{place}"
    return Problem(file, document.key_span(path), written(path), "unknown-key", message, hint=hint)


def _missing_key(file: str, document: Document, path: Path) -> Problem:
    owner = written(path[:-1])
    message = f"{owner or 'the document'} needs the key {path[-1]}"
    hints = {"apiVersion": f"write apiVersion: {API_VERSION}"}
    hint = hints.get(str(path[-1]))
    return Problem(file, document.key_span(path[:-1]), written(path), "missing-key", message, hint=hint)


def _span(document: Document, detail: ErrorDetails, path: Path) -> Span:
    """A mapping as a whole is shown at its key; of several keys that clash, the one that the error names."""
    named = (detail.get("ctx") or {}).get("key")
    if isinstance(named, str) and document.has((*path, named)):
        return document.key_span((*path, named))
    if isinstance(detail["input"], (dict, list)) and path:
        return document.key_span(path)
    return document.value_span(path)


def _rule_and_message(code: str, detail: ErrorDetails, document: Document, path: Path) -> tuple[str, str]:
    value = detail["input"]
    if code in _WANTED:
        if value is None:
            return "empty-value", f"{_name(path)} has no value; write {_WANTED[code]}, or delete the key"
        return "wrong-type", f"{_name(path)} must be {_WANTED[code]}, not {_kind(value)}"
    if code == "literal_error":
        expected = (detail.get("ctx") or {}).get("expected", "")
        return "invalid-value", f"{_name(path)} must be {expected}, not {_shown(value)}"
    if code in _EMPTY or (code == "string_pattern_mismatch" and isinstance(value, str) and not value.strip()):
        return "empty-value", f"{_name(path)} must not be empty"
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    if code in _RANGE:
        return "out-of-range", f"{_name(path)}: {message}"
    if "-" in code and "_" not in code:
        return code, message
    return "invalid-value", f"{_name(path)}: {message}"


def _hint(detail: ErrorDetails) -> str | None:
    value = detail["input"]
    if detail["type"] == "plain-secret":
        return "put it into a SOPS file or into `windlass secrets set`; what stood in git once is known: change it"
    if detail["type"] == "secret-backend":
        return _backend_hint(str(value))
    if detail["type"] == "literal_error" and isinstance(value, str):
        expected = str((detail.get("ctx") or {}).get("expected", ""))
        found = nearest(value, [word for word in expected.split("'") if word.strip() not in ("", ",", "or")])
        return f"did you mean {found}?" if found else None
    if detail["type"] == "string_type" and isinstance(value, (int, float, bool)):
        return "quote it, to make it text"
    if detail["type"] == "tuple_type" and isinstance(value, str):
        return f"write a list: [{_shown(value)}]" if len(value) < 40 else "write a list"
    return None


def _backend_hint(reference: str) -> str | None:
    """Of the reference nothing but the word for its backend is looked at, and that is not repeated."""
    from windlass_schemas.secret_reference import BACKENDS, REFUSED

    word = reference.removeprefix("ref+").partition(":")[0]
    found = None if word in REFUSED else nearest(word, BACKENDS)
    if found is None:
        return None
    return f"write ref+{found}://PATH#/KEY, without blanks" if found == word else f"did you mean ref+{found}?"


def _name(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    if path and isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {names[-1]}" if names else f"item {path[-1] + 1}"
    return names[-1] if names else "the document"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in ((str, "text"), (int, "a number"), (float, "a number"), (dict, "a mapping"), (list, "a list")):
        if isinstance(value, kind):
            return name
    return "nothing"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else _kind(value) if isinstance(value, (dict, list)) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
