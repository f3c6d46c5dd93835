"""Many files: from the cache where they have not changed, in several processes where there are many.

In: what is wanted, a reader, circumstances. Out: one `Examined` for each file, and the contents that were read. The
work of each file depends on nothing but its bytes and the circumstances, so it may be done anywhere.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from windlass.loading.examine import Circumstances, Examined, FileResult, examine
from windlass.loading.verdict import decoded, encoded
from windlass.problems import START, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from windlass.loading.cache import ResultCache
    from windlass.loading.definition_files import Kind, Listed, Reader
    from windlass.loading.verdict import Row

MANY = 500  # files; below, starting processes costs more than it saves
FEW = 20
_BATCH = 50

Job = tuple[str, "Kind", bytes]


def examine_all(
    wanted: Mapping[str, Kind],
    listed: Mapping[str, Listed],
    read: Reader,
    circumstances: Circumstances,
    cache: ResultCache | None = None,
    processes: int = 1,
    *,
    anew: bool = False,
) -> tuple[dict[str, Examined], Mapping[str, bytes]]:
    """`anew`: what the cache says of these files is outdated."""
    found: dict[str, Examined] = {}
    for path, kind in wanted.items() if cache is not None and not anew else ():
        result = cache.known(listed[path], kind) if cache is not None else None
        if result is not None:
            found[path] = Examined(result)
    unread = [listed[path] for path in wanted if path not in found]
    contents = read(unread) if unread else {}
    jobs: list[Job] = []
    for entry in unread:
        kind = wanted[entry.path]
        data = contents.get(entry.path)
        if data is None:
            found[entry.path] = unreadable(entry.path, kind)
        elif cache is not None and not anew and (result := cache.same(entry, kind, data)) is not None:
            found[entry.path] = Examined(result)
        else:
            jobs.append((entry.path, kind, data))
    for examined, row in _examined(jobs, circumstances, processes):
        path = examined.result.path
        found[path] = examined
        if cache is not None:
            cache.keep(listed[path], examined.result, contents[path], row)
    return {path: found[path] for path in wanted}, contents


@contextmanager
def without_collection(files: int) -> Iterator[None]:
    """Models of many files are many objects without a single circle: looking for circles among them, over and over,
    would take as long as making them."""
    if files < FEW or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def unreadable(path: str, kind: Kind) -> Examined:
    return Examined(FileResult(path, kind, (Problem(path, START, "", "unreadable-file", "cannot be read"),)))


def _examined(
    jobs: Sequence[Job], circumstances: Circumstances, processes: int
) -> Iterator[tuple[Examined, Row | None]]:
    if processes < 2 or len(jobs) < MANY:
        for path, kind, data in jobs:
            yield examine(path, kind, data, circumstances), None
        return
    from multiprocessing import get_context

    # Forked, so that the circumstances need no pickling and nothing is imported again. Whoever asks for processes
    # has no other threads: the command line.
    _Worker.circumstances = circumstances
    for path, kind, data in jobs[:2]:  # what is made on first use is made before the fork, once for all
        examine(path, kind, data, circumstances)
    batches = [jobs[at : at + _BATCH] for at in range(0, len(jobs), _BATCH)]
    with get_context("fork").Pool(min(processes, len(batches))) as pool:
        for rows in pool.imap_unordered(_examine_batch, batches):
            for path, kind, row in rows:
                yield Examined(decoded(path, kind, row)), row


class _Worker:
    circumstances: Circumstances


def _examine_batch(jobs: Sequence[Job]) -> list[tuple[str, Kind, Row]]:
    """Runs in another process: results travel as rows, which cost a tenth of objects."""
    circumstances = _Worker.circumstances
    return [(path, kind, encoded(examine(path, kind, data, circumstances).result)) for path, kind, data in jobs]
