"""What the tests of secrets share: a key, and the real sops with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sops import Key, Sops, new_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def key() -> Key:
    return new_key()


@pytest.fixture
def sops(tmp_path: Path, key: Key) -> Sops:
    return Sops(tmp_path, key)
