"""Reading one file: YAML 1.2 values, limits, and a position for everything that is refused."""

from __future__ import annotations

import time

import pytest

from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.problems import Span


def refused(data: bytes) -> list[tuple[str, int, int]]:
    with pytest.raises(Faults) as caught:
        read_document(data)
    return [(fault.rule, fault.span.line, fault.span.column) for fault in caught.value.faults]


def value(text: str) -> object:
    return read_document(text.encode())[0].value


def test_scalars_follow_the_core_schema_of_yaml_1_2() -> None:
    text = "a: [010, 0o10, 0x1F, 1e3, .5, -3, +4, 1_000, 1:30, yes, on, 2024-13-45, ~, null, True, FALSE, tRue, .inf]\n"
    numbers = [10, 8, 31, 1000.0, 0.5, -3, 4]
    words = ["1_000", "1:30", "yes", "on", "2024-13-45", None, None, True, False, "tRue", float("inf")]
    assert value(text) == {"a": [*numbers, *words]}


@pytest.mark.parametrize(
    ("written", "other"),
    [("on", "true"), ("No", "false"), ("010", "8"), ("1:30", "90"), ("1_000", "1000"), ("1e3", "text"), ("0b11", "3")],
)
def test_a_value_that_yaml_1_1_reads_otherwise_is_a_warning(written: str, other: str) -> None:
    _, warnings = read_document(f"a:\n  - {written}\n  - '{written}'\n{written}: 1\n".encode())
    assert [(w.rule, w.severity, w.span) for w in warnings] == [
        ("yaml-1.1", "warning", Span(2, 5, 2, 5 + len(written)))
    ]
    assert warnings[0].message.endswith(other)


def test_keys_are_text() -> None:
    assert value("on: 1\n1: 2\n~: 3\ntrue: 4\n1.50: 5\n") == {"on": 1, "1": 2, "~": 3, "true": 4, "1.50": 5}


def test_a_byte_order_mark_and_crlf_are_fine() -> None:
    document, _ = read_document(b"\xef\xbb\xbfa: |\r\n  one\r\n  two\r\nb: 1\r\n")
    assert document.value == {"a": "one\ntwo\n", "b": 1}
    assert document.key_span(("b",)) == Span(4, 1, 4, 2)


def test_merge_keys_keep_what_stands() -> None:
    text = "x-base: &base {a: 1, b: 2}\nx-more: &more {b: 3, c: 4}\nm: {<<: [*base, *more], a: 0}\n"
    assert value(text) == {"m": {"a": 0, "b": 2, "c": 4}}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert value("m: {'<<': 1}\n") == {"m": {"<<": 1}}


def test_top_level_x_keys_are_dropped_and_their_anchors_stay() -> None:
    assert value("x-env: &env {A: 1}\nenv: *env\n") == {"env": {"A": 1}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: 1\nb: 2\na: 3\n", [("duplicate-key", 3, 1)]),
        (b"m: {<<: {a: 1}, <<: {b: 1}}\n", [("duplicate-key", 1, 17)]),
        (b"a: {b: 1, b: 2}\nc: !x 3\n", [("duplicate-key", 1, 11), ("yaml-tag", 2, 4)]),
        (b"a: !!binary aGk=\n", [("yaml-tag", 1, 4)]),
        (b"a: ! x\n", [("yaml-tag", 1, 4)]),
        (b"a: !\n", [("yaml-tag", 1, 4)]),
        (b"a: 1\n---\nb: 2\n", [("one-document", 2, 1)]),
        (b"", [("empty-file", 1, 1)]),
        (b"# nothing\n---\n", [("empty-file", 1, 1)]),
        (b"- a\n", [("not-a-mapping", 1, 1)]),
        (b"just text\n", [("not-a-mapping", 1, 1)]),
        (b"a: {{ x }}\n", [("key-not-text", 1, 5)]),
        (b"<<: 3\n", [("wrong-merge", 1, 5)]),
        (b"a: \x00\n", [("control-character", 1, 4)]),
        (b"a: b\n\tc: d\n", [("yaml-syntax", 2, 1)]),
        (b"a: b\rc: d\n", [("control-character", 1, 5)]),
        (b"a: \x1b[31m\n", [("control-character", 1, 4)]),
        ("a: b # \u2028\n".encode(), [("control-character", 1, 8)]),
        (b"a: ok\nb: caf\xe9\n", [("not-utf8", 2, 7)]),
        ("a: 1".encode("utf-16"), [("not-utf8", 1, 1)]),
        ("a: 1".encode("utf-16-le"), [("not-utf8", 1, 1)]),
        ("a: 1".encode("utf-32"), [("not-utf8", 1, 1)]),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", [("lfs-pointer", 1, 1)]),
        (b"a: &x [*x]\n", [("recursive-alias", 1, 4)]),
        (b"a: &x\n  b: &y {c: *x}\n", [("recursive-alias", 2, 6)]),
        (b"a: *nowhere\n", [("yaml-syntax", 1, 4)]),
        (b"a: " + b"9" * 500, [("number-too-long", 1, 4)]),
    ],
)
def test_what_is_refused(data: bytes, expected: list[tuple[str, int, int]]) -> None:
    assert refused(data) == expected


def bomb(link: str, levels: int = 15) -> bytes:
    first = "a0: &a0 {k: 1, l: 2}\n"
    rest = (f"a{n}: &a{n} {link.replace('*', f'*a{n - 1}')}\n" for n in range(1, levels))
    return (first + "".join(rest)).encode()


@pytest.mark.parametrize(
    "data",
    [
        bomb("[*, *, *, *, *, *, *, *, *]"),
        bomb("{<<: [*, *, *, *, *, *, *, *]}"),
        b"[" * 500,
        b"[" * 100_000,
        b"a: " + b"{a: " * 30_000,
        b"- " * 50_000 + b"a",
        b"? " * 50_000,
        b"".join(b" " * n + b"a:\n" for n in range(1000)),
        b"- a\n" * 11_000,
        b"%TAG !a! !b\n" * 50_000 + b"--- a\n",
        b"- &a x\n" * 12_000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_bombs_are_refused_at_once(data: bytes) -> None:
    begun = time.process_time()
    assert {rule for rule, _, _ in refused(data)} <= {"yaml-limit", "yaml-syntax"}
    assert time.process_time() - begun < 0.5


def test_the_limit_of_depth_is_64() -> None:
    nested = "a: " + "[" * 63 + "]" * 63 + "\n"
    assert value(nested)
    assert refused(("a: " + "[" * 64 + "]" * 64 + "\n").encode()) == [("yaml-limit", 1, 67)]


def test_the_limit_of_size_is_a_mebibyte_exactly() -> None:
    head = b"a: |\n "
    exact = head + b"x" * (1024 * 1024 - len(head))
    assert read_document(exact)[0].value
    assert refused(exact + b"x") == [("file-too-large", 1, 1)]
