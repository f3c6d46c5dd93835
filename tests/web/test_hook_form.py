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


COMES_AND_GOES = """inputs:
  parts: {type: array, items: {type: string}, default: [api]}
  day: {type: string, format: date, showIf: "${{ 'web' in inputs.parts }}"}
  at: {type: string, format: date-time, required: false}
  replicas: {type: integer, minimum: 1, maximum: 9, default: 2}
  level: {type: boolean, enum: [true], default: true}
  notes: {type: file, required: false}
"""


@pytest.fixture
def changing(new_site):
    return new_site({"workflows/deploy.yaml": hooked(OPEN, more=COMES_AND_GOES)})


def test_a_field_is_hidden_until_its_condition_holds(changing):
    page = changing.http.get("/hooks/shop/open").text
    assert "name='day'" not in page
    assert "formmethod=get" in page
    page = changing.http.get("/hooks/shop/open", params={"parts": '["web"]', "replicas": "<7"}).text
    assert "<input name='day' type=date value=''>" in page
    assert '["web"]' in page.replace("&quot;", '"')
    assert "value='&lt;7'" in page


def test_a_hidden_field_need_not_be_posted_and_a_shown_one_must(changing):
    answer = changing.http.post("/hooks/shop/open", content=b"replicas=3&notes=hello%0D%0Athere", headers=FORM)
    assert answer.status_code == 202, answer.text
    shown = changing.http.get(answer.json()["runs"][0]["url"]).json()["inputs"]
    assert (shown["day"], shown["parts"], shown["replicas"], shown["level"]) == (None, ["api"], 3, True)
    assert shown["notes"].split() == ["hello", "there"]
    errors = refused(changing.http.post("/hooks/shop/open", content=b"parts=[%22web%22]", headers=FORM), 422)["errors"]
    assert [error["pointer"] for error in errors] == ["/day"]


def test_the_form_has_a_field_for_each_type(changing):
    page = changing.http.get("/hooks/shop/open").text
    assert "type=number value='2' min='1' max='9'" in page.replace(" required", "")
    assert "<option selected>true</option>" in page
    assert "placeholder='2026-12-01T09:00:00+01:00'" in page
    assert "<textarea name='notes'" in page


def test_the_schema_says_when_a_field_is_shown(changing):
    schema = changing.http.get("/api/v1/workflows/shop/deploy").json()["inputs"]
    assert schema["properties"]["day"]["x-showIf"] == "${{ 'web' in inputs.parts }}"
    assert schema["properties"]["notes"] == {"type": "string", "format": "file"}
    assert schema["required"] == []


def test_a_form_without_conditions_has_one_button(asking):
    assert "formmethod" not in asking.http.get("/hooks/shop/open").text


def test_a_long_file_is_shown_by_its_size(changing):
    run = changing.http.post(
        "/api/v1/workflows/shop/deploy/runs", json={"inputs": {"notes": "é" * 5000, "parts": []}}
    ).json()
    assert run["inputs"]["notes"] == "(a file of 10000 bytes)"
