"""`::add-mask::`: hidden from there on, over any border, in GitHub's form; a line that only looks like it is shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windlass import masking
from windlass.masking import Mask, MaskedStream


def shown(data: bytes, sizes: list[int] | None = None, mask: Mask | None = None) -> bytes:
    stream, out, sizes = MaskedStream(mask or Mask([])), b"", list(sizes or [])
    while data:
        size = sizes.pop(0) if sizes else len(data)
        out, data = out + stream.feed(data[:size]), data[size:]
    return out + stream.flush()


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (b"hunter22\n::add-mask::hunter22\nit is hunter22\n", b"hunter22\n::add-mask::***\nit is ***\n"),
        (b"::add-mask::hunter22\r\nhunter22", b"::add-mask::***\n***"),
        (b"::add-mask::one line%0Aand another%0A\none line, and another\n", b"::add-mask::***\n***, ***\n"),
        (b"::add-mask::100%25 sure\n100% sure\n", b"::add-mask::***\n***\n"),
        (b"::add-mask::hunter22", b"::add-mask::***\n"),
        (b"::add-mask::abc\nabc\n", b"::add-mask::***\nabc\n"),
        (b"::add-mask::\nx\n", b"::add-mask::***\nx\n"),
        (b"say ::add-mask::hunter22\nhunter22\n", b"say ::add-mask::hunter22\nhunter22\n"),
        (b"::add-masked\n::add\n::", b"::add-masked\n::add\n::"),
        (b"progress\r::add-mask::hunter22\nhunter22", b"progress\r::add-mask::***\n***"),
        (b"::add-mask::\xff\xfe\xfd\xfc\n\xff\xfe\xfd\xfc", b"::add-mask::***\n***"),
    ],
)
def test_what_is_said_is_hidden_from_there_on(written: bytes, seen: bytes) -> None:
    assert shown(written) == seen
    assert shown(written, [1] * len(written)) == seen


def test_its_other_forms_are_hidden_too() -> None:
    assert shown(b"::add-mask::pa ss/word\npa%20ss%2Fword cGEgc3Mvd29yZA==\n").endswith(b"\n*** ***A==\n")


def test_with_secrets_of_the_step() -> None:
    assert shown(b"swordfish\n::add-mask::swordfish\nhunter22 swordfish", mask=Mask(["hunter22", "swordfish"])) == (
        b"***\n::add-mask::***\n*** ***"
    )


def test_what_cannot_become_a_command_is_passed_on_at_once() -> None:
    stream = MaskedStream(Mask([]))
    assert stream.feed(b"a question: ") == b"a question: "
    assert stream.feed(b"::add") == b"::add"
    assert stream.feed(b"\n::add") == b"\n"
    assert stream.feed(b"ress") == b"::address"
    assert stream.feed(b"\n::add-mask::hunt") == b"\n"
    assert stream.feed(b"er22\nhunter22") + stream.flush() == b"::add-mask::***\n***"


def test_a_command_without_an_end_is_hidden_and_not_held_for_ever() -> None:
    stream = MaskedStream(Mask([]))
    out = b"".join(stream.feed(chunk) for chunk in [b"::add-mask::", *[b"x" * 10_000] * 10])
    assert b"xxxx" not in out.partition(b"***\n")[0]
    assert len(stream.flush()) < 70_000


def test_what_cannot_all_be_hidden_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "MOST_ADDED", 3)
    stream = MaskedStream(Mask(["swordfish"]))
    said = b"".join(stream.feed(b"::add-mask::value-%d\nvalue-0\n" % number) for number in range(6))
    assert said.count(b"::add-mask::***\n***\n") == 3
    assert said.endswith(b"the rest of this log is not shown\n")
    assert stream.feed(b"value-5\n") + stream.flush() == b""


lines = st.lists(
    st.one_of(st.binary(max_size=30), st.just(b"::add-mask::hunter22"), st.just(b"hunter22"), st.just(b"::add-")),
    max_size=12,
)


@given(lines, st.lists(st.integers(1, 20), max_size=40))
@example([b"::add-mask::hunter22", b"hunter22"], [11, 1, 1, 9, 3])
def test_over_any_border_as_at_once(written: list[bytes], sizes: list[int]) -> None:
    data = b"\n".join(written)
    assert shown(data, sizes) == shown(data)
    if b"::add-mask::hunter22" in written:
        after = written[written.index(b"::add-mask::hunter22") + 1 :]
        assert b"\n".join(after).count(b"hunter22") == 0 or b"hunter22" not in shown(data).split(b"add-mask::***\n")[-1]
