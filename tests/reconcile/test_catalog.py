"""What is live: an answer about what is not says which of the two is missing."""

from __future__ import annotations

import pytest

from windlass.errors import NotFoundError
from windlass.reconcile.catalog import Catalog


def test_a_workflow_that_is_missing_and_a_repository_that_is() -> None:
    catalog = Catalog()
    catalog.replace("shop", [])
    with pytest.raises(NotFoundError, match="no workflow deploy in repository shop"):
        catalog.get("shop", "deploy")
    with pytest.raises(NotFoundError, match="nothing of a repository shoop is live here"):
        catalog.get("shoop", "deploy")
    catalog.drop("shop")
    with pytest.raises(NotFoundError, match="nothing of a repository shop is live here"):
        catalog.get("shop", "deploy")
