"""Loops over HTTP: the first items in the run object, the others page by page, nested ones alike."""

from __future__ import annotations

import pytest
from tests.web.site import workflow

from windlass.cli.log_source import RemoteLogs
from windlass.executors.held import Outcome

LOOPS = """\
  each: {forEach: 7, failFast: false, run: make}
  empty: {forEach: 0, run: make}
  cells: {matrix: {path: [a/b, "c%d", "é"]}, run: make}
  one: {run: make}
"""
INNER = """apiVersion: windlass.dev/v1
kind: Workflow
metadata: {name: inner}
steps:
  each: {forEach: 3, run: make}
"""


def outcome(launch):
    return Outcome(exit_code=1 if launch.key.item == "5" else 0)


@pytest.fixture
def site(new_site):
    files = {"workflows/deploy.yaml": workflow(steps=LOOPS), "workflows/inner.yaml": INNER}
    nested = "  outer: {forEach: 3, uses: ./workflows/inner.yaml}\n"
    return new_site({**files, "workflows/outer.yaml": workflow("outer", steps=nested)}, script=outcome)


class Client:
    """What `RemoteLogs` needs of the command line's client, over the test's connection."""

    def __init__(self, http):
        self._http = http

    def get(self, path, params=None):
        return self._http.get(f"/api/v1{path}", params={"items": 2} | (params or {})).json()

    def items(self, path, cursor):
        while cursor is not None:
            page = self.get(path, {"limit": 2, "cursor": cursor})
            yield from page["items"]
            cursor = page["next"]


def whole(site, run):
    return site.http.get(f"/api/v1/runs/{run}").json()


def test_a_run_lists_the_first_items_and_where_to_go_on(site):
    run = site.begin()
    site.ended(run)
    full = whole(site, run)["steps"]
    assert [item["status"] for item in full["each"]["items"]] == ["succeeded"] * 5 + ["failed", "succeeded"]
    assert full["each"]["itemsNext"] is None
    shown = site.http.get(f"/api/v1/runs/{run}", params={"items": 3}).json()["steps"]
    assert shown["each"]["items"] == full["each"]["items"][:3]
    assert (shown["empty"]["items"], shown["empty"]["itemsNext"]) == ([], None)
    assert len(shown["cells"]["items"]) == 3
    assert shown["cells"]["itemsNext"] is None
    assert "itemsNext" not in shown["one"]
    pages, cursor = [], shown["each"]["itemsNext"]
    while cursor is not None:
        page = site.http.get(f"/api/v1/runs/{run}/steps/each/items", params={"cursor": cursor, "limit": 3}).json()
        pages.append(page["items"])
        cursor = page["next"]
    assert pages == [full["each"]["items"][3:6], full["each"]["items"][6:]]


def test_keys_with_slashes_and_other_letters_are_cursors_too(site):
    run = site.begin()
    site.ended(run)
    path = f"/api/v1/runs/{run}/steps/cells/items"
    seen, cursor = [], {}
    while True:
        page = site.http.get(path, params={"limit": 1, **cursor}).json()
        seen += [item["key"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ["path=a/b", "path=c%d", "path=é"]


def test_loops_of_nested_workflows_page_too(site):
    run = site.begin("outer")
    site.ended(run)
    full = whole(site, run)["steps"]["outer"]
    assert [len(item["steps"]["each"]["items"]) for item in full["items"]] == [3, 3, 3]
    page = site.http.get(f"/api/v1/runs/{run}/steps/outer/items", params={"limit": 2}).json()
    assert page["items"] == full["items"][:2]
    inner = site.http.get(f"/api/v1/runs/{run}/steps/outer%5B1%5D%2Feach/items").json()
    assert inner["items"] == full["items"][1]["steps"]["each"]["items"]
    shown = site.http.get(f"/api/v1/runs/{run}", params={"items": 2}).json()["steps"]["outer"]
    assert [len(item["steps"]["each"]["items"]) for item in shown["items"]] == [2, 2]


@pytest.mark.parametrize("name", ["deploy", "outer"])
def test_the_command_line_fetches_them_all(site, name):
    run = site.begin(name)
    site.ended(run)
    full = whole(site, run)
    fetched = RemoteLogs(Client(site.http), run).run()

    def without_cursors(steps):
        for step in steps.values():
            step.pop("itemsNext", None)
            for item in step["items"] or ():
                without_cursors(item.get("steps") or {})

    without_cursors(full["steps"])
    assert fetched == full


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("steps/gone/items", {}, 404),
        ("steps/each/items", {"cursor": "nonsense!"}, 400),
        ("steps/each/items", {"cursor": "OTk"}, 404),
        ("steps/each/items", {"limit": 0}, 400),
        ("", {"items": 0}, 400),
        ("", {"items": 501}, 400),
    ],
)
def test_what_there_is_not(site, path, query, status):
    run = site.begin()
    site.ended(run)
    answer = site.http.get(f"/api/v1/runs/{run}/{path}".rstrip("/"), params=query)
    assert answer.status_code == status, answer.text


def test_a_step_that_is_no_loop_has_no_items(site):
    run = site.begin()
    site.ended(run)
    assert site.http.get(f"/api/v1/runs/{run}/steps/one/items").json() == {"items": [], "next": None}
