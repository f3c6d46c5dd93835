"""Run ids are ULIDs that only grow."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from windlass.store.ids import new_id

# The specification's own example (github.com/ulid/spec): this time in milliseconds is written 01ARYZ6S41.
SPEC_TIME, SPEC_TEXT = 1469918176385, "01ARYZ6S41"


def test_the_first_ten_characters_are_the_time() -> None:
    fresh = new_id(2**47)  # ahead of every other test: ids of this process never go back
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", fresh)
    assert fresh.startswith("4000000000")


def test_the_time_is_written_as_the_specification_says(python) -> None:
    done = python(f"from windlass.store.ids import new_id; print(new_id({SPEC_TIME}))")
    assert done.stdout.startswith(SPEC_TEXT), done.stderr


def test_ids_grow_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    made = [new_id(now) for now in (2**47 + 5, 2**47 + 5, 2**47 + 3, 2**47 + 9)]
    assert made == sorted(set(made))


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id(7), range(2000)))
    assert len(set(made)) == 2000
