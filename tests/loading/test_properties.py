"""Any bytes, any document: the loader ends, says where, and agrees with a second opinion (ruamel.yaml, YAML 1.2)."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from yaml.nodes import MappingNode, ScalarNode

from windlass.loading.checks.site import NoCheckers
from windlass.loading.document import read_document
from windlass.loading.examine import Circumstances, examine
from windlass.loading.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.yaml"))
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
NOWHERE = Circumstances(None, NoCheckers())

SYNTAX = st.text(alphabet="abx01:-?,[]{}#&*!|>'\"%@` \n\t~<=.", max_size=60)
# libyaml refuses a plain text that begins with `:` or `?` inside brackets: a clear error, no other reading.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff\u2028\u2029")
TEXTS = st.text(CHARACTERS, max_size=20).filter(lambda text: not text.startswith((":", "?")))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


@given(st.one_of(st.binary(max_size=200), SYNTAX.map(str.encode)))
@example(b"\xff\xfe")
@example(b"? - ? -\n")
def test_any_bytes_are_read_or_refused_with_a_position(data: bytes) -> None:
    try:
        document, _ = read_document(data)
    except Faults as faults:
        lines = data.count(b"\n") + data.count(b"\r") + 1
        assert faults.faults
        assert all(1 <= fault.span.line <= lines + 1 and fault.span.column >= 1 for fault in faults.faults)
    else:
        assert isinstance(document.value, dict)


@pytest.mark.parametrize("path", [*FIXTURES, *EXAMPLES], ids=lambda path: path.stem)
def test_a_damaged_file_never_breaks_the_loader(path: Path) -> None:
    data = path.read_bytes()
    if len(data) > 20_000:
        data = data[:20_000]
    for cut in range(0, len(data), max(1, len(data) // 25)):
        for damaged in (data[:cut], data[:cut] + data[cut + 1 :], data[:cut] + b"\n: [" + data[cut:]):
            assert examine("workflows/a.yaml", "Workflow", damaged, NOWHERE).result.path == "workflows/a.yaml"


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and [*ours] == [_key(k) for k in theirs] and all(
            same(ours[_key(k)], v) for k, v in theirs.items()
        )  # fmt: skip
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, float) and math.isnan(theirs):
        return isinstance(ours, float) and math.isnan(ours)
    return type(ours) is type(theirs) and ours == theirs


def _key(key: Any) -> str:
    return str(key)


@given(st.dictionaries(st.text("abcdefgh", min_size=1), VALUES, min_size=1, max_size=5), st.booleans())
def test_what_ruamel_writes_is_read_alike(value: dict[str, Any], flow: bool) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    yaml.allow_unicode = True
    stream = io.BytesIO()
    yaml.dump(value, stream)
    assume(b":?" not in stream.getvalue())  # a plain text to the one, the start of a key to libyaml
    ours, _ = read_document(stream.getvalue())
    theirs = YAML(typ="safe", pure=True).load(stream.getvalue())
    assert same(ours.value, theirs), stream.getvalue().decode()


def scalars(node: Any) -> Iterator[Any]:
    if node.__class__ is ScalarNode:
        yield node
        return
    for child in [c for pair in node.value for c in pair] if node.__class__ is MappingNode else node.value:
        yield from scalars(child)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_plain_scalar_slices_back_to_its_source(path: Path) -> None:
    document, _ = read_document(path.read_bytes())
    for node in scalars(document.root):
        if not node.style and "\n" not in document.text[node.start_mark.index : node.end_mark.index]:
            assert document.text[node.start_mark.index : node.end_mark.index] == node.value


STYLES = {
    "plain": "v: one two three\n",
    "plain over lines": "v: one two\n   three\n",
    "single": "v: 'it''s one two three'\n",
    "double": 'v: "a\\tb \\u00e9 one \\"two\\" three"\n',
    "double over lines": 'v: "one \\\n  two\n  three"\n',
    "literal": "v: |\n  one\n    two\n\n  three\n",
    "literal with indicator": "v: |2-\n    one\n  two three\n",
    "folded": "v: >-\n  one\n  two\n\n  three\n",
    "anchored": "v: &a one two three\n",
    "in a flow": "v: {w: [one, 'two', \"three\"]}\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_each_word_inside_a_scalar_is_found_in_the_file(style: str) -> None:
    document, _ = read_document(STYLES[style].encode())
    lines = document.text.split("\n")
    places: list[tuple[tuple[str | int, ...], str]] = [(("v",), document.value["v"])]
    if style == "in a flow":
        places = [(("v", "w", index), text) for index, text in enumerate(document.value["v"]["w"])]
    for path, text in places:
        for word in ("one", "two", "three"):
            if word in text:
                span = document.inside(path, text.index(word), len(word))
                assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == word
