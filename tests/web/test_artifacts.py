"""Artifacts over HTTP: listed in pages, downloaded as attachments, 404 and 409 as problems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.site import Site, until, workflow

from windlass.artifacts import names
from windlass.artifacts.transfer import Bounds, save
from windlass.artifacts.tree import Tree
from windlass.web.artifacts import disposition

if TYPE_CHECKING:
    from windlass.runs.model import AttemptKey

STEPS = """  build:
    run: make
    artifacts: {save: {report: r.html, all: "**", "x": x}}
  each:
    forEach: [eu, us]
    run: make
    artifacts: {save: {report: r.html, x: x}}
  none: {run: make}
"""


class Saving:
    """A site whose steps save what stands in a folder, as the executor of a real server does."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.work = folder
        folder.mkdir()
        (folder / "sub").mkdir()
        (folder / "r.html").write_text("<script>alert(1)</script>")
        (folder / "sub" / "größe +1.txt").write_text("second")
        (folder / "x").write_bytes(b"x" * 3_000_000)

    def finish(self, key: Any, **patterns: str) -> None:
        detail = {}
        with Tree(self.work) as tree:
            for name, pattern in patterns.items():
                base = names.of_artifact(key.run, key.path, key.item, key.number, name)
                objects = self.site.parts.objects
                manifest, digest = save(objects, base, tree, [pattern], Bounds(), check=lambda: None)
                detail[name] = {
                    "size": sum(file.size for file in manifest.files),
                    "files": len(manifest.files),
                    "folder": manifest.folder,
                    "digest": digest if manifest.folder else manifest.files[0].digest,
                }
        self.site.held.finish(key, detail={"artifacts": detail})

    def running(self, run: str) -> list[AttemptKey]:
        """All four attempts, once they run."""
        held = self.site.held
        return until(lambda: len(found := [key for key in held.running() if key.run == run]) == 4 and found)

    def whole(self) -> str:
        """A run that has ended, with everything saved."""
        run = self.site.begin()
        for key in sorted(self.running(run)):
            if key.path == "build":
                self.finish(key, report="r.html", all="**", x="x")
            elif key.path == "each":
                self.finish(key, report="r.html", x="x")
            else:
                self.finish(key)
        self.site.ended(run)
        return run

    def get(self, run: str, path: str = "", **query: Any) -> Any:
        return self.site.http.get(f"/api/v1/runs/{run}/artifacts{path}", params=query)


@pytest.fixture
def saving(new_site, tmp_path: Path) -> Saving:
    return Saving(new_site({"workflows/deploy.yaml": workflow(steps=STEPS)}), tmp_path / "work")


def test_what_a_run_saved_is_listed_by_step_and_in_pages(saving):
    run = saving.whole()
    items = saving.get(run).json()["items"]
    found = [(item["step"], item["item"], item["path"]) for item in items]
    assert found == [
        ("build", None, "report"),
        ("build", None, "all/r.html"),
        ("build", None, "all/sub/größe +1.txt"),
        ("build", None, "all/x"),
        ("build", None, "x"),
        ("each", "0", "report"),
        ("each", "0", "x"),
        ("each", "1", "report"),
        ("each", "1", "x"),
    ]
    assert items[0]["size"] == 25
    assert items[0]["digest"].startswith("sha256:")
    pages, cursor = [], {}
    while True:
        page = saving.get(run, limit=2, **cursor).json()
        pages += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert pages == items
    assert saving.get(run, cursor="forged").status_code == 400
    for item in items:
        answer = saving.site.http.get(item["url"])
        assert (answer.status_code, len(answer.content)) == (200, item["size"])


def test_a_download_is_an_attachment_whatever_it_holds(saving):
    run = saving.whole()
    answer = saving.get(run, "/report", step="build")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename=\"r.html\"; filename*=UTF-8''r.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == "25"
    answer = saving.get(run, "/all/sub/größe%20+1.txt")
    assert answer.text == "second"
    assert "filename*=UTF-8''gr%C3%B6%C3%9Fe%20%2B1.txt" in answer.headers["content-disposition"]


def test_which_step_is_meant_has_to_be_clear(saving):
    run = saving.whole()
    answer = saving.get(run, "/report")
    assert answer.status_code == 409
    assert "?step=" in answer.json()["detail"]
    assert saving.get(run, "/report", step="each").status_code == 409
    assert saving.get(run, "/report", step="each", item="1").status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/all", "/all/nothing", "/report/r.html", "/", "/..%2F..%2Fledger.db"])
def test_what_is_not_there_is_a_problem(saving, path):
    run = saving.whole()
    answer = saving.get(run, path, step="build")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_run_and_one_without_artifacts(saving):
    assert saving.get("nobody").status_code == 404
    assert saving.get("nobody", "/report").status_code == 404
    run = saving.site.begin()
    assert saving.get(run).json() == {"items": [], "next": None}


def test_what_retention_has_taken_is_not_there(saving):
    run = saving.whole()
    saving.site.parts.objects.delete_below(names.of_run(run))
    assert saving.get(run, "/all/x").status_code == 404
    assert saving.get(run, "/x", step="build").status_code == 404


def test_a_rerun_lists_what_it_took_over(saving):
    run = saving.site.begin()
    for key in saving.running(run):
        if key.path == "build":
            saving.finish(key, report="r.html", all="sub", x="x")
        else:
            saving.site.held.finish(key, 1)
    saving.site.ended(run)
    again = saving.site.http.post(f"/api/v1/runs/{run}/rerun", json={"mode": "failed"}).json()["id"]
    assert [item["path"] for item in saving.get(again).json()["items"]] == ["report", "all/größe +1.txt", "x"]
    assert saving.get(again, "/all/größe +1.txt").text == "second"


@pytest.mark.parametrize("name", ['a"b\\c\r\nSet-Cookie: x', "ü.txt", "..", ""])
def test_no_name_breaks_out_of_the_header(name):
    header = disposition(name)
    assert header.startswith("attachment; filename=")
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
