"""Refusals: what pydantic found, in the words and at the places of the person who wrote the file.

In: a ValidationError of a model, and the value it read. Out: `Refusal`s: a path that can be walked in the
written document, a rule in kebab-case, a sentence, and the keys that would have been right. Values are never
repeated: one may be a secret.
"""

import difflib
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from windlass_schemas.written import Branches, BuiltLater

Path = tuple[str | int, ...]
KEY_MARK = "[key]"  # pydantic's last element for a mistake in a key
LISTED = 12  # more keys than this are a page of the reference, not a hint

RULES = {
    "missing": "missing-key",
    "extra_forbidden": "unknown-key",
    "literal_error": "invalid-choice",
    "string_pattern_mismatch": "invalid-text",
    "string_too_short": "out-of-range",
    "string_too_long": "out-of-range",
    "too_short": "out-of-range",
    "too_long": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "finite_number": "out-of-range",
}
EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "tuple_type": "a list",
    "list_type": "a list",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One mistake. `at_key` means the key at the end of `path` and not its value."""

    path: Path
    rule: str
    message: str
    at_key: bool = False
    hint: str | None = None


def written_loc(loc: Path) -> tuple[Path, bool]:
    """A pydantic `loc` as a path of the document, and whether the key is meant and not the value."""
    return (loc[:-1], True) if loc and loc[-1] == KEY_MARK else (loc, False)


def refusals(error: ValidationError, model: type[BaseModel], value: Any) -> list[Refusal]:
    """All mistakes, in the order in which pydantic found them."""
    all_found = error.errors(include_url=False)
    below = {found["loc"][:length] for found in all_found for length in range(len(found["loc"]))}
    return [
        _refusal(found, model, value)
        for found in all_found
        if found["type"] != "too_short" or found["loc"] not in below  # pydantic counts the good items only
    ]


def _refusal(found: Any, model: type[BaseModel], value: Any) -> Refusal:
    path, at_key = written_loc(found["loc"])
    kind = found["type"]
    if kind == "missing":
        return Refusal(path[:-1], "missing-key", f"the key {path[-1]} is missing")
    if kind == "extra_forbidden":
        return _unknown_key(path, known_keys(model, value, path[:-1]))
    if kind in EXPECTED:
        got = _described(found["input"])
        hint = "remove the key, or give it a value" if found["input"] is None else None
        if EXPECTED[kind] == "text" and isinstance(found["input"], bool | int | float):
            hint = "put it in quotes"
        return Refusal(path, "wrong-type", f"{EXPECTED[kind]} is expected here, not {got}", at_key, hint)
    if kind == "literal_error":
        return Refusal(path, "invalid-choice", f"write {found['ctx']['expected'].replace(chr(39), '')}", at_key)
    return Refusal(path, RULES.get(kind, kind.replace("_", "-")), _sentence(found), at_key)


def _sentence(found: Any) -> str:
    message: str = found["msg"]
    if found["type"] in {"too_short", "string_too_short"} and found["ctx"].get("min_length") == 1:
        return "this must not be empty"
    if found["type"] == "string_pattern_mismatch":
        return f"the text does not match {found['ctx']['pattern']}"
    return message[:1].lower() + message[1:]


def _unknown_key(path: Path, known: tuple[str, ...]) -> Refusal:
    key = str(path[-1])
    near = difflib.get_close_matches(key, known, n=1) or [
        name for name in known if name.lower() == key.replace("-", "").replace("_", "").lower()
    ]
    hint = (
        f"did you mean {near[0]}?"
        if near
        else (f"known here: {', '.join(known)}" if 0 < len(known) <= LISTED else None)
    )
    return Refusal(path, "unknown-key", f"unknown key {key}", True, hint)


def _described(value: Any) -> str:
    names = {NoneType: "nothing", bool: "true or false", int: "a number", float: "a number", str: "text"}
    return names.get(type(value), "a list" if isinstance(value, list | tuple) else "a map")


def known_keys(model: type[BaseModel], value: Any, path: Path) -> tuple[str, ...]:
    """The keys that the model at `path` knows, in their written order; () when there is none."""
    form: Any = model
    for key in path:
        form, value = _inside(_resolved(form, value), key), _child(value, key)
    form = _resolved(form, value)
    if not _is_model(form):
        return ()
    return tuple(field.alias or name for name, field in form.model_fields.items())


def _is_model(form: Any) -> bool:
    return isinstance(form, type) and issubclass(form, BaseModel)


def _child(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


def _resolved(form: Any, value: Any) -> Any:
    """A form without its markers: the model, dict or tuple that reads the value."""
    while get_origin(form) is Annotated:
        base, *markers = get_args(form)
        for marker in markers:
            if isinstance(marker, BuiltLater):
                base = marker.model()
            elif isinstance(marker, Branches):
                base = marker.choose(value)
        form = base
    return form


def _inside(form: Any, key: str | int) -> Any:
    """The form of one entry of a model, dict or tuple; None when there is none."""
    if _is_model(form):
        for name, field in form.model_fields.items():
            if (field.alias or name) == key:
                annotation: Any = field.annotation
                for marker in field.metadata:
                    annotation = Annotated[annotation, marker]
                return annotation
        return None
    arguments = get_args(form)
    if get_origin(form) is dict:
        return arguments[1]
    return arguments[0] if get_origin(form) is tuple else None
