"""The body of a delivery as a value, and the `event` that expressions see.

In: bytes of anybody. Out: plain JSON values, else text; or a `PayloadError` with its HTTP status. Bounded whatever
comes: at most 1 MiB, 64 levels and 100,000 values, counted before anything is built (W06). Duplicate keys, NaN,
Infinity, numbers of more than 400 digits, NUL and lone surrogates are refused: two programs would read them
differently.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from windlass.errors import WindlassError

if TYPE_CHECKING:
    from windlass.triggers.webhook.base import HookRequest

LARGEST = 1 << 20  # bytes
DEEPEST = 64
MOST_VALUES = 100_000
MOST_DIGITS = 400
MOST_FIELDS = 1_000
FORM = "application/x-www-form-urlencoded"

# One string (or what is left of the text, when it does not end), one bracket, one comma: no character is read twice.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_SCALAR = re.compile(r'\s*(?:null|true|false|-?[0-9][0-9.eE+-]*|"(?:[^"\\]|\\.)*+")\s*', re.DOTALL)
_UNSAFE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
# What proves the sender or logs somebody in is no business of an expression, whose values end up in logs.
_HIDDEN_HEADER = re.compile(r"authorization|cookie|signature|token|secret|password|api-?key")


class PayloadError(WindlassError):
    """A body that is not taken: `status` is 400 (malformed or beyond a limit), 413, 415 or 422."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def parse_body(content_type: str | None, body: bytes) -> Any:
    """The `body` of an event: JSON as values, a form as a mapping, else text; `{}` when it is empty.

    JSON is tried whatever the type says, because `curl -d` calls everything a form; declared JSON must be JSON. A form
    whose one field is `payload` with JSON in it is how GitHub and Slack send forms: the JSON is taken. Raises
    PayloadError.
    """
    kind, charset = _declared(content_type)
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise PayloadError(415, "the body must be UTF-8")
    if not body.strip():
        return {}
    text = _text(body)
    if kind == "application/json" or kind.endswith("+json"):
        return parse_json(body)
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[") or _SCALAR.fullmatch(text):
        try:
            return parse_json(body)
        except _SyntaxPayloadError:
            pass  # no JSON after all: text, or a form
    return _form_value(text) if kind == FORM else text


def parse_json(body: bytes) -> Any:
    """JSON within the limits. Raises PayloadError: 400; 413 when it is over 1 MiB; 422 for NUL and lone surrogates."""
    text = _text(body).removeprefix("\ufeff")
    _measure(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _SyntaxPayloadError(400, f"the body is not JSON: {error.msg} at {place}") from None
    if _UNSAFE_ESCAPE.search(text):
        _refuse_unsafe(value)
    return value


def parse_form(body: bytes) -> dict[str, str | list[str]]:
    """A posted form: each field's text, a list where a field comes more than once. Raises PayloadError."""
    return _form(_text(body))


def event_of(request: HookRequest, body: Any, *, hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
    """`event` of a webhook: `kind`, `body`, `headers` (lower-case names, first values), `query`, no `scheduledAt`.

    Headers that prove or authorise (`Authorization`, cookies, signatures, tokens) are left out, and those named in
    `hidden` (lower case).
    """
    headers: dict[str, str] = {}
    for written, value in request.headers:
        name = written.lower()
        if name not in hidden and not _HIDDEN_HEADER.search(name):
            headers.setdefault(name, value)
    return {"kind": "webhook", "scheduledAt": None, "body": body, "headers": headers, "query": dict(request.query)}


class _SyntaxPayloadError(PayloadError):
    """The text is no JSON at all, as opposed to JSON beyond a limit."""


def _declared(content_type: str | None) -> tuple[str, str]:
    kind, _, parameters = (content_type or "").partition(";")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return kind.strip().lower(), value.strip().strip('"').lower()
    return kind.strip().lower(), ""


def _text(body: bytes) -> str:
    if len(body) > LARGEST:
        raise PayloadError(413, "the body is over 1 MiB")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(400, f"the body is not UTF-8 at byte {error.start}") from None
    if "\x00" in text:
        raise PayloadError(422, "the body holds a NUL character")
    return text


def _measure(text: str) -> None:
    """Depth and number of values, before anything is built from them: no recursion, no memory."""
    depth = values = 0
    for token in _TOKEN.finditer(text):
        sign = token[0][0]
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        if depth > DEEPEST:
            raise PayloadError(400, f"the body is nested deeper than {DEEPEST} levels")
        values += sign in ",[{"
        if values > MOST_VALUES:
            raise PayloadError(400, f"the body holds more than {MOST_VALUES} values")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise PayloadError(400, "an object of the body has the same key twice")
    return value


def _refuse_constant(_text: str) -> NoReturn:
    raise PayloadError(400, "NaN and Infinity are no JSON")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise PayloadError(400, f"a number of the body has more than {MOST_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> float:
    if len(text) > MOST_DIGITS:
        raise PayloadError(400, f"a number of the body has more than {MOST_DIGITS} digits")
    value = float(text)
    if math.isinf(value):
        raise PayloadError(400, "a number of the body is too large")
    return value


def _refuse_unsafe(value: Any) -> None:
    """At most 64 levels: `_measure` came first."""
    if isinstance(value, str):
        if _UNSAFE.search(value):
            raise PayloadError(422, "a text of the body holds NUL or half of a surrogate pair")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unsafe(key)
            _refuse_unsafe(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unsafe(inner)


def _form_value(text: str) -> Any:
    form = _form(text)
    payload = form.get("payload")
    if len(form) == 1 and isinstance(payload, str) and payload.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(payload.encode("utf-8", "surrogatepass"))
        except _SyntaxPayloadError:
            return form
    return form


def _form(text: str) -> dict[str, str | list[str]]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:  # UnicodeDecodeError is one too
        raise PayloadError(400, f"the form is not UTF-8, or has more than {MOST_FIELDS} fields") from None
    fields: dict[str, str | list[str]] = {}
    for name, value in pairs:
        _refuse_unsafe([name, value])
        earlier = fields.get(name)
        if earlier is None:
            fields[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            fields[name] = [earlier, value]
    return fields
