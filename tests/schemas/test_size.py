from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from windlass_schemas.size import parse_percent, parse_size


@pytest.mark.parametrize(("text", "size"), [("4Ki", 4096), ("1Mi", 1 << 20), ("0.5Gi", 1 << 29), ("0Ki", 0)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("value", [1, "1", "1M", "1MiB", "-1Mi", "1 Mi", "1mi", "0.0001Ki", None, "1Mi\n"])
def test_what_is_no_size(value: Any) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_size(value)
    assert caught.value.type == "invalid-size"


def test_percentages() -> None:
    assert parse_percent("130%") == 130
    for value in (130, "130", "0%", "-5%", "1.5%", None):
        with pytest.raises(PydanticCustomError):
            parse_percent(value)
