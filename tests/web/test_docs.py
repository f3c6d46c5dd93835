"""`/api/docs` in a browser without a network: everything it loads comes from this server, under the strict policy."""

from __future__ import annotations

import re

import pytest
from tests.web.site import workflow


@pytest.fixture
def http(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()}, tokens=True)
    site.http.headers.pop("Authorization")  # a browser has none when it asks for a page
    return site.http


def test_the_page_loads_only_what_this_server_has(http):
    page = http.get("/api/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 5
    for link in loaded:
        assert "://" not in link and not link.startswith("//")
        if not link.startswith("data:"):
            answer = http.get(f"/api/{link}")
            assert answer.status_code == 200, link
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-type"].partition(";")[0] in (
                "application/json",
                "text/css",
                "text/javascript",
            )


def test_no_script_stands_in_the_page(http):
    page = http.get("/api/docs")
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page.text) == ["", ""]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


def test_the_document_is_not_sent_to_a_validator(http):
    assert "validatorUrl: null" in http.get("/api/docs/start.js").text


def test_only_the_files_of_the_page_are_there(http):
    assert http.get("/api/docs/redoc.standalone.js").status_code in (401, 404)
    assert http.get("/api/docs/../v1/runs").status_code == 401
