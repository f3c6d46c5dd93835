"""Which repositories a server has when nobody names one on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windlass.cli.server_settings import settings_of
from windlass.cli.verbs import build_parser

if TYPE_CHECKING:
    from pathlib import Path

BASE = "listen: 127.0.0.1:7878\n"


@pytest.mark.parametrize(
    ("text", "count"), [("", 1), ("repositories: []\n", 0), ("kubernetes: {}\n", 0)], ids=["silent", "none", "cluster"]
)
def test_the_current_folder_is_served_where_no_other_place_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, count: int
) -> None:
    (tmp_path / "windlass-server.yaml").write_text(BASE + text)
    monkeypatch.chdir(tmp_path)
    words = ["up", "--data", "data", "--config", "windlass-server.yaml"]
    arguments = build_parser(words).parse_args(words)
    assert len(settings_of(arguments).repositories) == count
