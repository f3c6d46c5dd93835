"""Load the files of a commit or a work tree: `loading`, with what `triggers` knows about time.

In: entries and a way to read them. Out: `Loaded`. Layers keep loading from knowing cron; here the two meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.checks.site import TextMistake
from windlass.loading.libraries import not_in_the_cache
from windlass.loading.repository import Loaded, load_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from windlass.clock import Clock
    from windlass.loading.cache import ResultCache
    from windlass.loading.definition_files import Listed, Reader
    from windlass.loading.libraries import OpenLibrary


class TimeCheckers:
    """Cron lines, zones and the nights on which clocks change. `windlass.triggers` is imported when it is asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def cron(self, line: str) -> TextMistake | None:
        from windlass.triggers.cron import CronError, parse_cron

        try:
            parse_cron(line)
        except CronError as error:
            return TextMistake(str(error), error.hint, error.offset, error.length)
        return None

    def zone(self, name: str) -> TextMistake | None:
        from windlass.triggers.zones import ZoneError, check_zone

        try:
            check_zone(name)
        except ZoneError as error:
            return TextMistake(str(error), error.hint)
        return None

    def dst_notes(self, line: str, zone: str) -> Sequence[str]:
        from windlass.triggers.cron import dst_notes, parse_cron

        return dst_notes(parse_cron(line), zone, self._clock.now())


def load_files(
    entries: Iterable[Listed],
    read: Reader,
    clock: Clock,
    *,
    listing_problems: Iterable[tuple[str, str, str]] = (),
    only: str | None = None,
    cache: ResultCache | None = None,
    processes: int = 1,
    opener: OpenLibrary = not_in_the_cache,
) -> Loaded:
    return load_repository(
        entries,
        read,
        checkers=TimeCheckers(clock),
        listing_problems=listing_problems,
        only=only,
        cache=cache,
        processes=processes,
        opener=opener,
    )
