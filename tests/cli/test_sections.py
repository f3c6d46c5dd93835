"""Headings of parts: where a part begins, however its bytes are cut and however late it becomes known."""

from __future__ import annotations

import pytest

from windlass.cli.sections import HOLD, Sections


def parts(*begun: tuple[str, int | None]) -> list[dict[str, object]]:
    return [{"name": name, "offset": offset} for name, offset in begun]


def test_a_single_script_is_printed_at_once() -> None:
    sections = Sections("a", colour=False)
    sections.know(None)
    assert sections.feed(b"one\ntw", 0) == "a │ one\n"
    assert sections.feed(b"o\nthree", 0) == "a │ two\n"
    assert sections.end() == "a │ three\n"


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_heading_stands_where_its_part_begins(size: int) -> None:
    sections = Sections("a", colour=False)
    log = b"one\nno end" + b"two\n" + b"four\n"
    sections.know(parts(("first", 0), ("second", 10), ("silent", 14), ("never", None), ("fourth", 14), ("last", 19)))
    printed = "".join(sections.feed(log[at : at + size], 0) for at in range(0, len(log), size))
    assert printed == ""
    printed = sections.feed(b"", HOLD) + sections.end()
    assert printed.splitlines() == [
        *("a ▸ first", "a │ one", "a │ no end"),
        *("a ▸ second", "a │ two", "a ▸ silent"),
        *("a ▸ fourth", "a │ four", "a ▸ last"),
    ]


def test_bytes_wait_until_their_part_is_known() -> None:
    sections = Sections("a[eu]", colour=False)
    sections.know(parts(("first", None), ("second", None)))
    assert sections.feed(b"one\n", 0) == ""
    assert sections.holds
    sections.know(parts(("first", 0), ("second", None)))
    assert sections.feed(b"two\n", HOLD) == "a[eu] ▸ first\na[eu] │ one\n"
    sections.know(parts(("first", 0), ("second", 4)))
    assert sections.feed(b"", 2 * HOLD) == "a[eu] ▸ second\na[eu] │ two\n"
    assert not sections.holds


def test_a_part_that_becomes_known_too_late_still_has_its_heading() -> None:
    sections = Sections("a", colour=False)
    sections.know(parts(("first", 0), ("second", None)))
    assert sections.feed(b"one\ntwo\nthr", 0) + sections.feed(b"", HOLD) == "a ▸ first\na │ one\na │ two\n"
    sections.know(parts(("first", 0), ("second", 4)))
    printed = sections.feed(b"ee\n", 1) + sections.feed(b"", 1 + HOLD) + sections.end()
    assert printed == "a │ thr\na ▸ second\na │ ee\n"


def test_control_characters_of_a_name_drive_no_terminal() -> None:
    sections = Sections("a", colour=True)
    sections.know(parts(("\x1b[2Jclear", 0)))
    assert sections.end() == "a ▸ \\x1b[2Jclear\n"
