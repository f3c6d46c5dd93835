"""Whatever a file holds, a model answers with itself or with mistakes at places that exist."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from windlass_schemas.document import MODELS

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("${{ a }}"), st.just("1h")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [path, *(place for key, part in value.items() for place in places(part, (*path, key)))]
    if isinstance(value, list):
        return [path, *(place for index, part in enumerate(value) for place in places(part, (*path, index)))]
    return [path]


def replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


@pytest.mark.parametrize("kind", sorted(MODELS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mistake_anywhere_is_reported_at_a_place_of_the_document(reader: Any, kind: str, data: st.DataObject) -> None:
    whole = reader.fixture(kind)
    place = data.draw(st.sampled_from(places(whole)[1:]))
    value = replaced(whole, place, data.draw(VALUES))
    try:
        MODELS[kind].model_validate(value)
    except ValidationError as error:
        for found in error.errors():
            path = found["loc"][:-1] if found["type"] == "missing" or found["loc"][-1:] == ("[key]",) else found["loc"]
            walked = value
            for part in path:
                walked = walked[part]
