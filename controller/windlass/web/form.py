"""The plain HTML form of a hook: one field for each input that the trigger leaves open. No script, no style sheet.

In: a title and the JSON Schema of the inputs. Out: a page. Inputs with `showIf` come and go by a second button, which
asks for the same page with what is filled in so far.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from windlass.plan.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD_TYPES = {
    "integer": "number",
    "number": "number",
    "date": "date",
    "email": "email",
    "uri": "url",
    "password": "password",
}
LONG = frozenset({"markdown", "file"})  # formats that are more than a line
# What a value looks like where the browser has no field for it.
EXAMPLES = {
    "array": '["one", "two"]',
    "object": '{"name": "value"}',
    "date-time": "2026-12-01T09:00:00+01:00",
    "duration": "1h30m",
}
BOUNDS = {"minimum": "min", "maximum": "max", "minLength": "minlength", "maxLength": "maxlength"}


def form_page(title: str, schema: Mapping[str, Any]) -> str:
    """`schema` is the JSON Schema object of the inputs that are asked for."""
    fields = "\n".join(
        _field(name, declared, name in schema["required"]) for name, declared in schema["properties"].items()
    )
    # A field that is filled in may show or hide others: the same page once more, with the values in its address.
    again = " <button formmethod=get formnovalidate>Update the form</button>" if schema.get("x-changes") else ""
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        f"<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n"
        f"<form method=post action='?'>\n{fields}\n<p><button>Run</button>{again}</form>\n"
    )


def _field(name: str, declared: Mapping[str, Any], required: bool) -> str:
    label = escape(str(declared.get("title") or name))
    hint = f"<br><small>{escape(declared['description'])}</small>" if declared.get("description") else ""
    return f"<p><label>{label} {_control(name, declared, required)}</label>{hint}</p>"


def _control(name: str, declared: Mapping[str, Any], required: bool) -> str:
    must = " required" if required else ""
    attribute = escape(name, quote=True)
    default = declared.get("default")
    if declared.get("enum") or declared["type"] == "boolean":
        choices = [_text(c) for c in declared.get("enum") or (True, False)]
        chosen = _text(default)
        options = "".join(f"<option{' selected' if c == chosen else ''}>{escape(c)}</option>" for c in choices)
        blank = "" if required else "<option value=''></option>"
        return f"<select name='{attribute}'{must}>{blank}{options}</select>"
    must += _bounds(declared)
    if declared["type"] in ("array", "object") or declared.get("format") in LONG:
        # The first line end of a textarea is not part of its value.
        return f"<textarea name='{attribute}'{must}>\n{escape(_text(default))}</textarea>"
    kind = FIELD_TYPES.get(declared.get("format") or declared["type"], "text")
    step = " step=any" if declared["type"] == "number" else ""
    return f"<input name='{attribute}' type={kind}{step} value='{escape(_text(default), quote=True)}'{must}>"


def _bounds(declared: Mapping[str, Any]) -> str:
    """What the browser can check or show itself; everything is checked again when the form is posted."""
    found = "".join(f" {html}='{shown(declared[name])}'" for name, html in BOUNDS.items() if name in declared)
    example = EXAMPLES.get(declared.get("format") or declared["type"])
    return found if example is None else f"{found} placeholder='{escape(example, quote=True)}'"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False)
