"""Servers for the tests of the web: one of one's own by `new_site(files)`, or one that a module shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.web.site import DEPLOY, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def make(files: Mapping[str, str], **options: Any) -> Site:
        sites.append(Site(tmp_path / f"site-{len(sites)}", files, **options))
        return sites[-1].start()

    yield make
    for site in sites:
        site.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: Any) -> Iterator[Site]:
    """One server for tests that only ask, or that look at their own run alone: a workflow `deploy` with inputs."""
    site = Site(tmp_path_factory.mktemp("shared"), {"workflows/deploy.yaml": DEPLOY}).start()
    yield site
    site.close()
