"""The registry: each kind makes an executor of that name; an unknown one says what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windlass.errors import UsageError
from windlass.executors.registry import EXECUTORS, Options, make_executor

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", sorted(EXECUTORS))
def test_each_kind_makes_an_executor_of_its_name(kind: str, tmp_path: Path) -> None:
    executor = make_executor(kind, Options(tmp_path, lambda _: None))
    try:
        assert executor.name == kind
    finally:
        executor.close(kill=True)


def test_an_unknown_kind_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no runner 'cloud'") as refused:
        make_executor("cloud", Options(tmp_path, lambda _: None))
    assert refused.value.hint == "one of: docker, kubernetes, local"
