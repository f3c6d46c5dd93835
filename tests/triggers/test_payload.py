"""Bodies of anybody: values, text, or a clean refusal in bounded time (W05, W06, W07)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.triggers.payload import PayloadError, event_of, parse_body, parse_form, parse_json
from windlass.triggers.webhook import HookRequest

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "value"),
    [
        (JSON, b'{"a": [1, 2.5, true, null, "x"]}', {"a": [1, 2.5, True, None, "x"]}),
        (JSON, b"\xef\xbb\xbf{}", {}),
        (JSON, b"null", None),
        (JSON, b"[]", []),
        (JSON, b"  ", {}),
        (JSON, '{"a": "é\\u00e9\\ud83d\\ude00"}'.encode(), {"a": "éé😀"}),
        ("application/cloudevents+json; charset=UTF-8", b"[1]", [1]),
        (None, b"", {}),
        (None, b'{"a": 1}', {"a": 1}),
        (None, b"hello", "hello"),
        ("text/plain", b'{"a": 1}', {"a": 1}),
        ("text/plain", b"{a}", "{a}"),
        ("text/plain", b"[ERROR] disk", "[ERROR] disk"),
        ("text/plain", b"null", None),
        ("text/plain", b"-12e3", -12e3),
        ("text/plain", b"1.2.3", "1.2.3"),
        ("text/plain", b'"quoted"', "quoted"),
        ("text/plain", b"NaN", "NaN"),
        ("text/csv", b"1,2\n" * 100_000, "1,2\n" * 100_000),
        ("text/plain; charset=us-ascii", b"a", "a"),
        (FORM, b'{"a": 1}', {"a": 1}),
        (FORM, b"a=1&b=%C3%A9&a=2&c=", {"a": ["1", "2"], "b": "é", "c": ""}),
        (FORM, b"payload=%7B%22ref%22%3A%22main%22%7D", {"ref": "main"}),
        (FORM, b"payload=text", {"payload": "text"}),
        (FORM, b"payload=%7Bx", {"payload": "{x"}),
        ("multipart/form-data; boundary=x", b"--x--", "--x--"),
    ],
)
def test_w07_a_body_is_json_else_text(kind: str | None, body: bytes, value: Any) -> None:
    assert parse_body(kind, body) == value


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (JSON, b"{", 400),
        (JSON, b"hello", 400),
        (JSON, b"{} {}", 400),
        (JSON, b"{'a': 1}", 400),
        (JSON, b"[1,]", 400),
        (JSON, b'{"a": 1, "a": 1}', 400),
        (None, b'{"a": {"b": 1, "b": 2}}', 400),
        (JSON, b'{"a": 1, "\\u0061": 2}', 400),
        (JSON, b"[NaN]", 400),
        (None, b"[Infinity]", 400),
        (JSON, b"-Infinity", 400),
        (JSON, b"[1e999]", 400),
        (JSON, b"1" * 401, 400),
        (JSON, b"0." + b"1" * 10_000, 400),
        (JSON, b'"\xff"', 400),
        (None, b"\xff\xfe", 400),
        (JSON, b'["\\u0000"]', 422),
        (JSON, b'{"\\u0000": 1}', 422),
        (JSON, b'["\\ud800"]', 422),
        (JSON, b'["\\uDC00x"]', 422),
        (None, b"a\x00b", 422),
        (FORM, b"a=%00", 422),
        (FORM, b"a=%ff", 400),
        (FORM, b"a=1&" * 2000, 400),
        (JSON, b" " * (1 << 20) + b"1", 413),
        ("text/plain; charset=utf-16", b"a", 415),
    ],
)
def test_w06_w07_anything_else_has_a_status(kind: str | None, body: bytes, status: int) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_body(kind, body)
    assert caught.value.status == status
    assert len(str(caught.value)) < 200


MIB = 1 << 20


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" + b"1," * 100_001 + b"1]",
        b"{" + b",".join(b'"%d":1' % n for n in range(100_001)) + b"}",
        b"[" + b"9" * 10_000 + b"]",
        b'["' + b"\\" * (MIB - 10),
        b'["' + b'\\"' * (MIB // 2 - 10),
        b"[" + b'"' * (MIB - 10),
        b'[""' * (MIB // 4),
        b"[" + b"-" * (MIB - 10),
        b"[" + b" " * (MIB - 10),
        b"[" + b"]" * (MIB - 10),
    ],
    ids=lambda body: body[:8].decode() + f"...{len(body)}",
)
@pytest.mark.parametrize("kind", [JSON, None])
def test_w06_bombs_are_refused_in_bounded_time(body: bytes, kind: str | None) -> None:
    started = time.process_time()
    try:
        value = parse_body(kind, body)
    except PayloadError as error:
        assert error.status == 400
    else:
        assert kind is None
        assert isinstance(value, str)
    assert time.process_time() - started < 1


def test_w06_a_depth_of_64_is_the_last_that_is_taken() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64)
    with pytest.raises(PayloadError, match="64"):
        parse_json(b"[" * 65 + b"]" * 65)


def test_brackets_in_texts_do_not_count() -> None:
    text = '[{",\\"' * 50_000
    assert parse_json(json.dumps([text]).encode()) == [text]


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text('aé😀"\\{,'),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\', max_size=3), inner, max_size=4),
        max_leaves=20,
    )
)
def test_ordinary_json_comes_through_unchanged(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([JSON, FORM, "text/plain", None, ";;=", "a/b;charset"]), st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_refusal(kind: str | None, body: bytes) -> None:
    try:
        parse_body(kind, body)
    except PayloadError as error:
        assert error.status in (400, 415, 422)


def test_a_form_keeps_order_and_repeats() -> None:
    assert parse_form(b"b=1&a=2&b=3&b=4") == {"b": ["1", "3", "4"], "a": "2"}


def test_the_event_of_a_delivery() -> None:
    headers = (
        ("X-Deployer", "eva"),
        ("x-deployer", "other"),
        ("Content-Type", JSON),
        ("Authorization", "Bearer s3cret"),
        ("Cookie", "session=1"),
        ("X-Hub-Signature-256", "sha256=…"),
        ("Stripe-Signature", "t=1"),
        ("X-Gitlab-Token", "s3cret"),
        ("X-My", "proof"),
    )
    request = HookRequest("POST", headers, {"dry": "1"}, b"")
    assert event_of(request, {"ref": "main"}, hidden=frozenset({"x-my"})) == {
        "kind": "webhook",
        "scheduledAt": None,
        "body": {"ref": "main"},
        "headers": {"x-deployer": "eva", "content-type": JSON},
        "query": {"dry": "1"},
    }
