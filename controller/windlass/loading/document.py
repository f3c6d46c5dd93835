"""Bytes of one definition file → `Document`: the whole way through text, YAML and builder.

In: bytes. Out: the document (a mapping, top-level `x-` keys dropped) and its warnings. Raises `Faults` with all that
keeps the file from being read: the only exception that leaves this module, whatever the bytes are.
"""

from __future__ import annotations

from windlass.loading.builder import build
from windlass.loading.faults import Fault, Faults
from windlass.loading.positions import Document
from windlass.loading.text import decode
from windlass.loading.yaml_reader import compose

EXTENSION = "x-"  # a place for anchors, ignored


def read_document(data: bytes) -> tuple[Document, list[Fault]]:
    """The document of a file and the warnings about its YAML. Raises Faults."""
    try:
        text = decode(data)
        root = compose(text)
        if root is None:
            raise _empty()
    except Fault as fault:
        raise Faults([fault]) from None
    try:
        value, warnings = build(root, tagged="!" in text)
    except Faults as faults:
        faults.document = Document(text, root, None)
        raise
    document = Document(text, root, value)
    if value is None:
        raise Faults([_empty()])
    if not isinstance(value, dict):
        raise Faults([_no_mapping(document)])
    for name in [name for name in value if name.startswith(EXTENSION)]:
        del value[name]
    return document, warnings


def _empty() -> Fault:
    return Fault("empty-file", "the file holds nothing", hint="a definition begins with apiVersion and kind")


def _no_mapping(document: Document) -> Fault:
    what = "a list" if isinstance(document.value, list) else "text"
    return Fault(
        "not-a-mapping",
        f"the file holds {what} where a definition is expected",
        span=document.value_span(()),
        hint="a definition begins with apiVersion and kind",
    )
