"""Which credential a library is read with."""

from __future__ import annotations

import pytest

from windlass.sources.auth import Auth, auth_for
from windlass.sources.location import parse_location

INFRA = Auth("https://git.example.com/infra/", password="a")
ACTIONS = Auth("https://git.example.com/infra/actions.git", password="b")
SSH = Auth("git@git.example.com:infra")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://git.example.com/infra/base.git", INFRA),
        ("https://git.example.com/infra/actions.git", ACTIONS),
        ("https://git.example.com/infrared/base.git", None),
        ("https://git.example.com:8443/infra/base.git", None),
        ("https://evil.example.com/infra/base.git", None),
        ("git@git.example.com:infra/base.git", SSH),
        ("ssh://git@git.example.com/other/base.git", None),
    ],
)
def test_the_most_fitting_one_and_none_for_other_places(url: str, wanted: Auth | None) -> None:
    assert auth_for(parse_location(url, allow_local=False), [INFRA, ACTIONS, SSH]) is wanted
