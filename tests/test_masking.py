"""Secrets in bytes: every form, over any border, nothing else touched, nothing held back without need."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from windlass.masking import Mask, MaskedStream

SECRET = "pa ss/w'ö\"rd+7"
PEM = "-----BEGIN KEY-----\n" + "\n".join("MIIB" + str(n) * 60 for n in range(20)) + "\n-----END KEY-----\n"
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=4, max_size=200)


def in_chunks(mask: Mask, data: bytes, sizes: list[int]) -> bytes:
    stream, shown = MaskedStream(mask), b""
    while data:
        size = sizes.pop(0) if sizes else len(data)
        shown, data = shown + stream.feed(data[:size]), data[size:]
    return shown + stream.flush()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        shlex.quote(SECRET),
        subprocess.run(["bash", "-c", 'printf %q "$1"', "-", SECRET], capture_output=True, check=True).stdout.decode(),
        "x=" + quote(SECRET, safe="").lower().replace("%c3%b6", "%c3%b6"),
        *(base64.b64encode(("." * n + SECRET + "tail").encode()).decode() for n in range(3)),
        base64.urlsafe_b64encode(("user:" + SECRET).encode()).decode(),
    ],
)
def test_each_form_is_hidden(form: str) -> None:
    shown = Mask([SECRET]).whole(f"before {form} after".encode())
    assert b"***" in shown
    assert shown.startswith(b"before ")
    assert shown.endswith(b" after")
    assert SECRET.encode() not in shown
    assert len(shown) < len("before  after") + 20, shown  # base64 keeps what stands beside it


def test_each_line_of_a_secret_is_hidden_and_so_is_it_in_base64() -> None:
    mask = Mask([PEM])
    assert mask.whole(PEM.encode()).replace(b"*", b"").strip() == b""
    assert mask.whole(b"a MIIB" + b"7" * 60 + b" b") == b"a *** b"
    encoded = base64.b64encode(b"xy" + PEM.encode())
    assert len(mask.whole(encoded)) < 12


def test_secrets_that_overlap_hide_as_one() -> None:
    assert Mask(["abcdef", "defghi"]).whole(b"-abcdefghi-") == b"-***-"


def test_short_ones_would_hide_everything_and_hide_nothing() -> None:
    assert Mask(["abc", ""]).whole(b"abc") == b"abc"


def test_what_is_no_secret_is_passed_on_at_once() -> None:
    stream = MaskedStream(Mask(["password"]))
    assert stream.feed(b"waiting for you: ") == b"waiting for you: "
    assert stream.feed(b"pass") == b""
    assert stream.feed(b"ion\n") == b"passion\n"
    assert stream.feed(b"passw") + stream.feed(b"ord!") == b"***!"


def test_an_endless_stretch_is_not_held_for_ever() -> None:
    stream = MaskedStream(Mask(["aaaa"]))
    shown = b"".join(stream.feed(b"a" * 50_000) for _ in range(100)) + stream.flush()
    assert len(shown) < 1000
    assert set(shown) == {ord("*")}


@given(st.lists(secrets, min_size=1, max_size=4), st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=30))
@example(["aaaa", "aaaab"], b"", [1] * 30)
def test_over_any_border_as_at_once(values: list[str], noise: bytes, sizes: list[int]) -> None:
    mask = Mask(values)
    data = noise + b"".join(value.encode() + noise for value in values)
    assume(b"::add-mask::" not in data)  # a command is no noise
    shown = in_chunks(mask, data, sizes)
    assert shown.replace(b"*", b"") == mask.whole(data).replace(b"*", b"")
    for value in values:
        if "*" not in value:
            assert value.encode() not in shown


@given(st.binary(max_size=500), st.lists(st.integers(1, 40), max_size=30))
def test_without_secrets_nothing_changes(data: bytes, sizes: list[int]) -> None:
    assume(b"::add-mask::" not in data)  # a command is no noise
    assert in_chunks(Mask([]), data, sizes) == data


def test_what_we_do_not_claim_to_hide() -> None:
    """What a program turns around is its own deed: the page on secrets says so, and names what is hidden."""
    mask, value = Mask(["hunter22-correct-horse"]), "hunter22-correct-horse"
    for turned in (value[::-1], value.encode().hex(), " ".join(value), value.swapcase()):
        assert mask.whole(turned.encode()) == turned.encode()
    page = (Path(__file__).parents[1] / "docs/secrets.md").read_text()
    assert "a step that turns a value around or compresses it before it prints it is not caught" in page
