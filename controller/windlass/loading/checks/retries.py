"""`retry.on`: a word that is no status and no cause would never match, and nothing would be tried again.

In: what stands at `retry` of a step or of `defaults`. Out: problems at the unknown word (fine print, "Running").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.nearest import did_you_mean
from windlass.runs.causes import CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.step import Execution
    from windlass_schemas.workflow import StepItem

WORDS = ("failed", "errored", *CAUSES)


def check_retries(site: Site, defaults: Execution | None, items: Iterable[StepItem]) -> Iterator[Problem]:
    places: list[tuple[Path, Execution]] = [(item.path, item.step) for item in items]
    if defaults is not None:
        places.append((("defaults",), defaults))
    for path, written in places:
        for index, word in enumerate(written.retry.on if written.retry is not None else ()):
            if word not in WORDS:
                message = f"{word} is neither a status (failed, errored) nor a cause"
                yield site.at_value((*path, "retry", "on", index), "invalid-value", message, did_you_mean(word, WORDS))
