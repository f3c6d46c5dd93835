"""Whether a text plainly has the layout of `windlass fmt` already: the answer for almost every file.

In: readable YAML (text.py). Out: True when every token stands where ruamel.yaml would put it. False means only that
this is not plain to see: anchors, brackets over several lines and the like are left to layout.py, which takes ten times
as long. tests/loading/test_layout.py holds the two against one another.
"""

from __future__ import annotations

import yaml
from yaml._yaml import CParser

from windlass.loading.layout_lines import untidy

WIDTH = 120  # as in layout.py
_OPEN = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSE = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_NO_WIDTH = (yaml.StreamStartToken, yaml.StreamEndToken, yaml.BlockEndToken, yaml.KeyToken)
_BLOCKS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_SEEN = (yaml.ScalarToken, yaml.ValueToken, yaml.BlockEntryToken, yaml.FlowEntryToken, *_OPEN, *_CLOSE)


def is_laid_out(text: str) -> bool:
    """For a text that the loader has read."""
    if untidy(text) or "\t" in text or "? " in text:
        return False
    lines = text.split("\n")
    blocks: list[tuple[bool, int]] = []  # (is it a list, its column), outermost first
    before: yaml.Token | None = None
    is_key = False
    flow = 0
    parser = CParser(text)
    while (token := parser.get_token()) is not None:
        if isinstance(token, _BLOCKS):
            if not _opens_well(token, blocks):
                return False
        elif isinstance(token, yaml.BlockEndToken):
            blocks.pop()
        elif isinstance(token, _SEEN):
            if not blocks or (isinstance(token, yaml.BlockEntryToken) and not blocks[-1][0]):
                return False  # all in brackets; a list that is not indented
            if not _stands_well(before, token, flow, is_key) or not _scalar_is_plain(token, lines, blocks):
                return False
            flow += isinstance(token, _OPEN) - isinstance(token, _CLOSE)
            if isinstance(token, _CLOSE) and token.end_mark.column > WIDTH:
                return False
            before = token
        elif not isinstance(token, _NO_WIDTH):
            return False  # an anchor, a tag, a directive, the marks of a document
        is_key = isinstance(token, yaml.KeyToken)
    return True


def _opens_well(token: yaml.Token, blocks: list[tuple[bool, int]]) -> bool:
    """Two columns further in than what it belongs to; a list directly in a list is for layout.py."""
    is_list, column = isinstance(token, yaml.BlockSequenceStartToken), token.start_mark.column
    if is_list and (not blocks or blocks[-1][0]):
        return False
    expected = blocks[-1][1] + 2 if blocks else 0
    blocks.append((is_list, column))
    return bool(column == expected)


def _stands_well(before: yaml.Token | None, token: yaml.Token, flow: int, is_key: bool) -> bool:
    """The blanks between two tokens of a line; a new line begins with a key or a list item, never with a value."""
    if before is None:
        return True
    end, start = before.end_mark, token.start_mark
    if end.line != start.line or (isinstance(before, yaml.ScalarToken) and before.style in ("|", ">")):
        begins = is_key or isinstance(token, yaml.BlockEntryToken)
        return begins and not flow and not isinstance(before, yaml.BlockEntryToken)
    gap = start.column - end.column
    if isinstance(token, (yaml.ValueToken, yaml.FlowEntryToken, *_CLOSE)) or isinstance(before, _OPEN):
        return bool(gap == 0)
    return bool(gap == 1)


def _scalar_is_plain(token: yaml.Token, lines: list[str], blocks: list[tuple[bool, int]]) -> bool:
    """In one line; or a block of text, two columns in, that neither begins nor ends with anything special."""
    if not isinstance(token, yaml.ScalarToken):
        return True
    if token.style not in ("|", ">"):
        return bool(token.start_mark.line == token.end_mark.line)
    first = token.start_mark.line
    header = lines[first][token.start_mark.column + 1 :].partition("#")[0].strip()
    body = lines[first + 1] if first + 1 < len(lines) else ""
    indent = len(body) - len(body.lstrip(" "))
    return header in ("", "-") and bool(body.strip()) and bool(blocks) and indent == blocks[-1][1] + 2
