"""The plain HTML form of a hook: one field for each input that the trigger leaves open. No script, no style sheet."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD_TYPES = {"integer": "number", "number": "number", "date": "date", "email": "email", "uri": "url"}


def form_page(title: str, schema: Mapping[str, Any]) -> str:
    """`schema` is the JSON Schema object of the inputs that are asked for."""
    fields = "\n".join(
        _field(name, declared, name in schema["required"]) for name, declared in schema["properties"].items()
    )
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        f"<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n"
        f"<form method=post>\n{fields}\n<p><button>Run</button></form>\n"
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
        choices = [str(c) for c in declared.get("enum") or ("true", "false")]
        chosen = str(default).lower() if isinstance(default, bool) else str(default)
        options = "".join(f"<option{' selected' if c == chosen else ''}>{escape(c)}</option>" for c in choices)
        blank = "" if required else "<option value=''></option>"
        return f"<select name='{attribute}'{must}>{blank}{options}</select>"
    if declared["type"] in ("array", "object") or declared.get("format") == "markdown":
        return f"<textarea name='{attribute}'{must}>{escape(_text(default))}</textarea>"
    kind = FIELD_TYPES.get(declared.get("format") or declared["type"], "text")
    step = " step=any" if declared["type"] == "number" else ""
    return f"<input name='{attribute}' type={kind}{step} value='{escape(_text(default), quote=True)}'{must}>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False)
