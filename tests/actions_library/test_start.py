"""What the actions load before they work: a step pays for it each time. Where https is not spoken, no OpenSSL."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.actions_library.conftest import LIBRARY, Act

NOWHERE = "http://127.0.0.1:9"  # nothing listens there
FILES = {"http-request": "main.py", "notify": "main.py", "send-email": "main.py", "s3": "bucket.py"}
CALLS: dict[str, dict[str, Any]] = {
    "http-request": {"url": NOWHERE},
    "notify": {"to": "webhook", "url": NOWHERE, "text": "hello"},
    "send-email": {"server": "127.0.0.1:9", "from": "a@example.com", "to": ["b@example.com"], "subject": "x"},
    "s3": {"command": "delete", "bucket": "shop"},
}


@pytest.mark.parametrize("action", CALLS)
def test_what_is_rarely_used_is_not_loaded(act: Act, action: str) -> None:
    done = act(action, env={"PYTHONPROFILEIMPORTTIME": "1"}, **CALLS[action])
    loaded = {line.rpartition("|")[2].strip() for line in done.log.splitlines() if line.startswith("import time:")}
    assert done.code == 1
    assert "json" in loaded
    assert loaded & {"_ssl", "ssl", "random", "calendar", "ipaddress"} == set()


def test_the_four_do_it_alike() -> None:
    """An action stands alone in its folder: what they share is there four times."""
    texts = {re.findall(r"^class Later.*?\n\n\n", _text(action), re.M | re.S)[0] for action in FILES}
    assert len(texts) == 1


def _text(action: str) -> str:
    return (LIBRARY / action / FILES[action]).read_text()
