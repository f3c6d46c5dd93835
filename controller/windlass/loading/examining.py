"""Many files: from the cache where they have not changed, in several processes where there are many.

In: what is wanted, a reader, circumstances. Out: one `Examined` for each file, and the contents that were read. The
work of each file depends on nothing but its bytes and the circumstances, so it may be done anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.examine import Circumstances, Examined, FileResult, examine
from windlass.problems import START, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from windlass.loading.cache import ResultCache
    from windlass.loading.places import Kind, Listed, Reader

MANY = 500  # files; below, starting processes costs more than it saves
_BATCH = 100

Job = tuple[str, "Kind", bytes]


def examine_all(
    wanted: Mapping[str, Kind],
    listed: Mapping[str, Listed],
    read: Reader,
    circumstances: Circumstances,
    cache: ResultCache | None = None,
    processes: int = 1,
) -> tuple[dict[str, Examined], Mapping[str, bytes]]:
    found: dict[str, Examined] = {}
    for path, kind in wanted.items() if cache is not None else ():
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
        elif cache is not None and (result := cache.same(entry, kind, data)) is not None:
            found[entry.path] = Examined(result)
        else:
            jobs.append((entry.path, kind, data))
    for examined in _examined(jobs, circumstances, processes):
        path = examined.result.path
        found[path] = examined
        if cache is not None:
            cache.keep(listed[path], examined.result, contents[path])
    return {path: found[path] for path in wanted}, contents


def unreadable(path: str, kind: Kind) -> Examined:
    return Examined(FileResult(path, kind, (Problem(path, START, "", "unreadable-file", "cannot be read"),)))


def _examined(jobs: Sequence[Job], circumstances: Circumstances, processes: int) -> Iterator[Examined]:
    if processes < 2 or len(jobs) < MANY:
        for path, kind, data in jobs:
            yield examine(path, kind, data, circumstances)
        return
    from multiprocessing import get_context

    # Forked, so that the circumstances need no pickling and nothing is imported again. Whoever asks for processes
    # has no other threads: the command line.
    _Worker.circumstances = circumstances
    batches = [jobs[at : at + _BATCH] for at in range(0, len(jobs), _BATCH)]
    with get_context("fork").Pool(min(processes, len(batches))) as pool:
        for results in pool.imap_unordered(_examine_batch, batches):
            yield from map(Examined, results)


class _Worker:
    circumstances: Circumstances


def _examine_batch(jobs: Sequence[Job]) -> list[FileResult]:
    return [examine(path, kind, data, _Worker.circumstances).result for path, kind, data in jobs]
