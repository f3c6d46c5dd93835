"""Where a symbolic link of a tree or an archive leads. Pure.

In: the links of a tree (path → target). Out: which of them lead out of the tree, or nowhere because they go in
circles. Links are followed through links, as a file system would: `a/b -> ../..` and `c -> a/b/../x` each look
harmless alone (G01–G03).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_HOPS = 40


def escaping_links(links: Mapping[str, str]) -> list[str]:
    """The paths of links that do not stay inside, sorted."""
    return sorted(path for path in links if not _stays(path, links))


def _stays(path: str, links: Mapping[str, str]) -> bool:
    todo = path.split("/")[::-1]
    here: list[str] = []
    hops = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return False
            here.pop()
            continue
        here.append(part)
        target = links.get("/".join(here))
        if target is None:
            continue
        hops += 1
        if hops > MAX_HOPS or target.startswith("/") or "\0" in target:
            return False
        here.pop()
        todo += target.split("/")[::-1]
    return True
