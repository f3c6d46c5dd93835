"""The HTML form of a hook, and bodies that only say that they are one: fine print "Hooks answer"."""

from __future__ import annotations

import pytest
from tests.web.site import hooked

KEYS = {"KEY": [b"a key that nobody knows"]}
OPEN = "{name: open, verify: {scheme: none}}"


def refused(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


FORM = {"content-type": "application/x-www-form-urlencoded"}
ASKS = """inputs:
  replicas: {type: integer, maximum: 9}
  target: {type: string, default: staging, description: "<b>where</b>"}
  fixed: {type: string}
"""
ASKING = "{name: open, verify: {scheme: none}, inputs: {fixed: set}}"


@pytest.fixture
def asking(new_site):
    closed = "{name: closed, verify: {scheme: token, secret: KEY}, inputs: {fixed: set}}"
    return new_site({"workflows/deploy.yaml": hooked(ASKING, closed, more=ASKS)}, keys=KEYS)


def test_the_form_asks_for_what_the_trigger_leaves_open(asking):
    page = asking.http.get("/hooks/shop/open")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "name='replicas'" in page.text
    assert "name='target'" in page.text
    assert "fixed" not in page.text
    assert "<b>" not in page.text


def test_a_posted_form_starts_a_run(asking):
    answer = asking.http.post("/hooks/shop/open", content=b"replicas=3&target=", headers=FORM)
    assert answer.status_code == 202
    shown = asking.http.get(answer.json()["runs"][0]["url"]).json()
    assert shown["inputs"] == {"replicas": 3, "target": "staging", "fixed": "set"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"replicas=10", "/replicas"),
        (b"replicas=ten", "/replicas"),
        (b"target=x", "/replicas"),
        (b"replicas=1&other=2", "/other"),
        (b"replicas=1&fixed=2", "/fixed"),
        (b"replicas=1&replicas=2", "/replicas"),
    ],
)
def test_a_form_with_mistakes_starts_nothing(asking, body, pointer):
    errors = refused(asking.http.post("/hooks/shop/open", content=body, headers=FORM), 422)["errors"]
    assert [error["pointer"] for error in errors] == [pointer]
    assert asking.count() == 0


def test_a_hook_that_verifies_has_no_form(asking):
    refused(asking.http.get("/hooks/shop/closed"), 404)
    refused(asking.http.post("/hooks/shop/closed", content=b"replicas=3", headers=FORM), 401)


def test_json_with_the_content_type_of_a_form_is_json(asking):
    """As `curl -d` sends it: this hook's inputs do not come from the body, so one of them is missing."""
    errors = refused(asking.http.post("/hooks/shop/open", content=b'{"replicas": 3}', headers=FORM), 422)["errors"]
    assert "replicas" in errors[0]["message"]


def test_a_hook_that_leaves_nothing_open_has_no_form(new_site):
    site = new_site({"workflows/deploy.yaml": hooked(OPEN)})
    refused(site.http.get("/hooks/shop/open"), 404)
