"""Caches: what is kept must be there to be kept, and must mean something when the step does not run.

In: the steps of a workflow. Out: a problem at each path that no cache could hold, and at what reused outputs lack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.checks.texts import OPEN
from windlass.plan.caching import kept_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem
    from windlass_schemas.storage import Cache
    from windlass_schemas.workflow import Path, StepItem


def check_caches(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        cache = item.step.cache
        if cache is not None:
            yield from _paths(site, cache, (*item.path, "cache", "paths"))
            if cache.ttl is not None:
                yield from _needs_to_run(site, item)


def _paths(site: Site, cache: Cache, path: Path) -> Iterator[Problem]:
    for index, written in enumerate(cache.paths or ()):
        if OPEN in written:
            continue  # looked at when the step begins
        try:
            kept_path(written)
        except ValueError as error:
            yield site.at_value((*path, index), "cache-path", str(error))


def _needs_to_run(site: Site, item: StepItem) -> Iterator[Problem]:
    """With outputs from the cache there is no attempt, and so nothing that an attempt leaves behind."""
    hint = "keep folders with cache.paths, or drop the cache"
    if item.step.artifacts is not None and item.step.artifacts.save:
        message = "artifacts are not there when outputs are reused: cache.ttl does not go with artifacts.save"
        yield site.at_key((*item.path, "artifacts"), "cache-outputs", message, hint)
    for name, declared in item.step.outputs.items():
        if declared.type == "file":
            message = "a file is not there when outputs are reused: cache.ttl does not go with an output of type file"
            yield site.at_value((*item.path, "outputs", name, "type"), "cache-outputs", message, hint)
