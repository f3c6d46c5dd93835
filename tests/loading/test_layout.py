"""`windlass fmt`: one layout, the same meaning, every comment; a second time changes nothing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.loading.layout import LayoutError, laid_out, written
from windlass.loading.layout_check import is_laid_out
from windlass.loading.layout_lines import comments
from windlass.loading.text import decode

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.yaml"))

UGLY = """\
---
# top

apiVersion:   windlass.dev/v1   # eol
kind: Workflow


metadata: { name: x,   labels: {a: b} }
x-env: &shared {A: one}
x-never: &unused {B: two}
steps:
# about one
- name: one
  # inside
  run: |   # header
      echo hi   \n
        more
# after
-   name: two
    env:
        <<: *shared
        A: 'it''s'   # a
        B: "x\\u202ey"
        C: long text
           goes on
        D: >-
            folded
            more

            # no comment
        # about E
        E: [a,
            b,   \n            c]
    # end of two

# between
-   run: |2-
        indented
"""
LAID_OUT = """\
# top

apiVersion: windlass.dev/v1     # eol
kind: Workflow

metadata: {name: x, labels: {a: b}}
x-env: &shared {A: one}
x-never: &unused {B: two}
steps:
  # about one
  - name: one
    # inside
    run: |   # header
      echo hi   \n
        more
  # after
  - name: two
    env:
      <<: *shared
      A: 'it''s'     # a
      B: "x\\u202ey"
      C: long text
        goes on
      D: >-
        folded
        more

        # no comment
      # about E
      E: [a, b, c]
    # end of two

  # between
  - run: |2-
        indented
"""


BEHIND_ALIASES = """\
x-a: &a {run: echo}   # A
steps:
    a: *a   # plain
    b:
      <<: *a # merged

      # own
      env:
        <<: [*a, *a]  # several
    c:
      - *a # one
      # above
      - *a   # two
# end
"""
LAID_OUT_BEHIND_ALIASES = """\
x-a: &a {run: echo}   # A
steps:
  a: *a     # plain
  b:
    <<: *a   # merged

    # own
    env:
      <<: [*a, *a]    # several
  c:
    - *a   # one
    # above
    - *a     # two
# end
"""


def test_comments_behind_aliases_stay_behind_them() -> None:
    assert laid_out(BEHIND_ALIASES.encode()) == LAID_OUT_BEHIND_ALIASES
    assert laid_out(LAID_OUT_BEHIND_ALIASES.encode()) == LAID_OUT_BEHIND_ALIASES


def value(data: bytes) -> str:
    return repr(read_document(data)[0].value)


def test_one_layout() -> None:
    assert laid_out(UGLY.encode()) == LAID_OUT
    assert laid_out(LAID_OUT.encode()) == LAID_OUT
    assert value(UGLY.encode()) == value(LAID_OUT.encode())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_laid_out(path: Path) -> None:
    assert laid_out(path.read_bytes()) == path.read_text()


@pytest.mark.parametrize("path", [*EXAMPLES, *FIXTURES], ids=lambda path: path.stem)
def test_what_plainly_looks_right_is_what_would_be_written(path: Path) -> None:
    try:
        read_document(path.read_bytes())
    except Faults:
        return
    text = decode(path.read_bytes())
    assert not is_laid_out(text) or written(text) == text


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_any_file_is_laid_out_or_refused_by_the_loader(path: Path) -> None:
    data = path.read_bytes()
    try:
        after = laid_out(data)
    except Faults:
        with pytest.raises(Faults):
            read_document(data)
        return
    assert value(after.encode()) == value(data)
    assert comments(after).texts == comments(data.decode("utf-8-sig").replace("\r\n", "\n")).texts
    assert laid_out(after.encode()) == after


def test_line_ends_byte_order_mark_and_blanks() -> None:
    assert laid_out(b"\xef\xbb\xbf\r\n\r\na: b  \r\n\r\n\r\n\r\nc: |\r\n  d \r\n\r\n\r\n\r\n") == "a: b\n\nc: |\n  d \n"


@pytest.mark.parametrize(
    "text",
    [
        "a: |+\n  kept\n\n\n",
        "a: |+\n  kept\n\n\nb: c\n",
        'a: "one \\\n  two"\n',
        "a: yes\nb: 010\nc: 0o10\nd: 1e3\ne: 2026-01-01\nf: ~\ng:\nh: null\ni: 1_000\n",
        "a: []\nb: {}\nc: ''\n",
        '? a\n: "\\e[1m\\x00"\n',
        "a:\n  - - b\n    - c\n  -\n    - d\n",
        "x-a: &a text\nb: *a\n",
        "a: |\n\n\n  begins with blank lines\n",
        "a: >\n  one\n\n\n  two\n   three\n",
        "a: b\n# end, without a line end",
    ],
)  # fmt: skip
def test_what_is_meant_stays(text: str) -> None:
    after = laid_out(text.encode())
    assert value(after.encode()) == value(text.encode())
    assert laid_out(after.encode()) == after


@pytest.mark.parametrize("text", ["a: [b, # why\n  c]\n", "a: [b,\n  # why\n  c]\n", "a: {b: 1, # why\n  c: 2}\n"])
def test_a_comment_inside_brackets_is_kept_or_the_file_is_left_alone(text: str) -> None:
    try:
        after = laid_out(text.encode())
    except LayoutError as error:
        assert error.rule == "no-layout"
    else:
        assert comments(after).texts == (" why",)


def test_what_would_come_out_broken_is_left_alone() -> None:
    with pytest.raises(LayoutError):
        laid_out(b"a:\n# comment\n- {}\n- a:\n-\n")


KEYS = st.text("abcdefgh-", min_size=1, max_size=8).filter(lambda key: key.strip("-"))
# Characters that YAML means something by, blanks and line ends among them.
TEXTS = st.text(alphabet="ab0:-#?,[]{}&*!|>'\"%@ \n\té", max_size=20)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-999, 10**6), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=15,
)


@given(
    st.dictionaries(KEYS, VALUES, min_size=1, max_size=5),
    st.sampled_from([(2, 2, 0), (2, 4, 2), (4, 6, 4), (3, 5, 2), (8, 8, 0)]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_a_generated_file_keeps_its_value_and_is_laid_out_once(
    content: dict[str, Any], indent: tuple[int, int, int], flow: bool, end: str, data: st.DataObject
) -> None:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = flow
    writer.allow_unicode = True
    writer.width = 60
    writer.indent(*indent)
    stream = io.StringIO()
    writer.dump(content, stream)
    lines = stream.getvalue().split("\n")
    for at in data.draw(st.lists(st.integers(0, len(lines)), max_size=3)):
        column = data.draw(st.integers(0, 8))
        lines.insert(at, " " * column + data.draw(st.sampled_from(["# comment", "", "#"])))
    text = end.join(lines).encode()
    try:
        before = value(text)
    except Faults:
        assume(False)
    read = decode(text)
    assert not is_laid_out(read) or written(read) == read
    try:
        after = laid_out(text)
    except LayoutError:
        return  # left alone: nothing is lost
    assert value(after.encode()) == before
    assert comments(after).texts == comments(text.decode().replace("\r\n", "\n")).texts
    assert laid_out(after.encode()) == after
