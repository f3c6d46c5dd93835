"""The name of a workflow from the first bytes of its file, without reading YAML: a guess that its users check.

In: bytes. Out: the name, or None when it does not stand where it usually does. Short commands name one workflow among
hundreds; to load them all in order to find it would take longer than what they do with it.
"""

from __future__ import annotations

import re

HEAD = 4096  # bytes in which the name is looked for
# `metadata: {name: x}`, or `name: x` below it
_NAME = re.compile(
    rb"^metadata:[ \t]*(?:\{[^}\n]*?\bname:|(?:#[^\n]*)?\n(?:[ \t]+[^\n]*\n|[ \t]*\n)*?[ \t]+name:)"
    rb"[ \t]*[\"']?([a-z0-9-]+)",
    re.MULTILINE,
)


def quick_name(data: bytes) -> str | None:
    found = _NAME.search(data[:HEAD])
    return found[1].decode() if found else None
