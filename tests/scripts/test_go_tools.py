"""Programs from Go modules: built whole or not at all, once, and with a reason when they cannot be."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from scripts import go_tools
from scripts.go_tools import TOOLS, CannotBuild, Tool, built

GO = r"""#!/bin/sh
case "$*" in
"env GOVERSION GOTOOLCHAIN") printf '%s\n%s\n' "${SAYS:-go1.26.1}" local; exit ;;
esac
echo "$*" >> "$LOG"
[ -z "$FAILS" ] || { echo "no space left" >&2; exit 1; }
while [ "$1" != -o ]; do shift; done
echo built > "$2"
"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """One of two programs, and a Go that notes what it is asked for."""
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(GO)
    go.chmod(0o755)
    module = tmp_path / "modules" / "thing"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module x\n\ngo 1.26.0\n\nrequire example.org/thing v1.2.3 // indirect\n")
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("FAILS", "")
    monkeypatch.setattr(go_tools, "MODULES", tmp_path / "modules")
    monkeypatch.setattr(go_tools, "CACHE", tmp_path / "cache")
    stamps = ("main.version=v{version}",)
    return Tool("thing", "example.org/thing", {"a": "example.org/thing/a", "b": "example.org/thing/b"}, stamps)


def test_two_at_once_build_once(tool: Tool, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as several:
        folders = set(several.map(lambda _: built(tool), range(4)))
    assert folders == {tool.folder}
    assert sorted(path.name for path in tool.folder.iterdir()) == ["a", "b"]
    asked = (tmp_path / "log").read_text().splitlines()
    assert len(asked) == 2
    assert "-X main.version=v1.2.3" in asked[0]


def test_what_a_killed_build_left_is_not_taken_for_built(tool: Tool) -> None:
    making = tool.folder.with_name(f"{tool.folder.name}.making")
    making.mkdir(parents=True)
    (making / "a").write_text("half")
    assert (built(tool) / "a").read_text() == "built\n"
    assert not making.exists()


def test_a_failure_says_what_go_said_and_leaves_nothing_built(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "yes")
    with pytest.raises(CannotBuild, match=r"thing 1\.2\.3 cannot be built here: no space left"):
        built(tool)
    assert not tool.folder.exists()


def test_another_version_is_another_folder(tool: Tool) -> None:
    before = tool.folder
    go_mod = go_tools.MODULES / "thing" / "go.mod"
    go_mod.write_text(go_mod.read_text().replace("1.2.3", "1.2.4"))
    assert tool.folder != before
    assert "-1.2.4-" in tool.folder.name


def test_an_old_go_and_none_at_all_are_said(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYS", "go1.19.8")
    with pytest.raises(CannotBuild, match=r"built by Go 1\.26, and there is go1\.19\.8: https://go\.dev/doc/install"):
        built(tool)
    monkeypatch.setattr(go_tools, "_go", lambda: None)
    with pytest.raises(CannotBuild, match=r"Go 1\.26, which is missing: https://go\.dev/doc/install"):
        built(tool)


def test_each_tool_is_pinned() -> None:
    assert set(TOOLS) == {path.name for path in go_tools.MODULES.iterdir()}
    for tool in TOOLS.values():
        assert tool.version[0].isdigit()
        assert tool.go_wanted
    done = subprocess.run([sys.executable, go_tools.__file__], capture_output=True, text=True, check=True)
    assert done.stdout == "", "asked for nothing, it builds nothing"
