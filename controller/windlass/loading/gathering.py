"""The files of a repository, each examined once all that its verdict rests on is known.

In: what is listed, a reader, circumstances. Out: what was found, by path. Actions come first: the others are checked
against what they ask for and give back. A workflow may use any other one, whichever is read first, so verdicts that
relied on a signature as it was are made anew at the end; so are those of a cache.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.loading.examining import MANY, examine_all
from windlass.loading.file_signatures import is_outdated, signatures_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.loading.cache import ResultCache
    from windlass.loading.definition_files import Kind, Listed, Reader
    from windlass.loading.examine import Circumstances, Examined
    from windlass.loading.signatures import Signature

SCOUTS = 100


class Gathering:
    """`examined` is by path; `contents` are the bytes that had to be read."""

    def __init__(
        self,
        listed: Mapping[str, Listed],
        read: Reader,
        circumstances: Circumstances,
        cache: ResultCache | None,
        processes: int,
        elsewhere: Callable[[str], Signature | None],
    ) -> None:
        """`elsewhere` knows the signatures of libraries."""
        self.examined: dict[str, Examined] = {}
        self.contents: dict[str, bytes] = {}
        self._listed = listed
        self._read = read
        self._elsewhere = elsewhere
        self._circumstances = circumstances
        self._cache = cache
        self._processes = processes

    @property
    def signatures(self) -> Mapping[str, Signature]:
        return self._circumstances.signatures

    def take(self, wanted: Mapping[str, Kind]) -> None:
        actions = {path: kind for path, kind in wanted.items() if kind == "Action"}
        others = [(path, kind) for path, kind in wanted.items() if kind != "Action"]
        scouts = SCOUTS if len(others) > MANY else 0  # what they use of libraries, the others mostly use too
        for some in (actions, dict(others[:scouts])):
            if some:
                self._examine(some)
                self._learn()
        self._examine(dict(others[scouts:]))

    def settle(self) -> None:
        """Once everything was taken."""
        self._learn()
        known = self.signatures
        resting = (found.result for found in self.examined.values() if found.result.relied)
        self._examine({result.path: result.kind for result in resting if is_outdated(result, known)}, anew=True)

    def _learn(self) -> None:
        results = [found.result for found in self.examined.values()]
        known = signatures_of(results)
        for target in {target for result in results for target, _ in result.relied if not target.startswith("./")}:
            found = self._elsewhere(target)
            if found is not None:
                known[target] = found
        self._circumstances = replace(self._circumstances, signatures=known)

    def _examine(self, wanted: Mapping[str, Kind], *, anew: bool = False) -> None:
        if not wanted:
            return
        found, read = examine_all(
            wanted, self._listed, self._read, self._circumstances, self._cache, self._processes, anew=anew
        )
        self.examined |= found
        self.contents |= read
