"""References that nobody has merged, through the API: a word for each, and nothing by which to find out more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import secret
from tests.sops import new_key
from tests.web.site import Site, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALUE = secret("proposed")
SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\nsecrets: {DB: ref+windlass://DB}\n"
PLACE = "/api/v1/repositories/shop/secrets/check"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, {"workflows/deploy.yaml": workflow(), "windlass.yaml": SETTINGS}, tokens=True)
    made.start()
    for environment in ("", "production"):
        place = "/api/v1/secrets/repositories/shop/DB" + (f"?environment={environment}" if environment else "")
        assert made.http.put(place, json={"value": VALUE}).status_code == 200
    yield made
    made.close()


def asked(site: Site, *references: dict[str, Any]) -> list[tuple[str, str | None]]:
    answer = site.http.post(PLACE, json={"references": list(references)})
    assert answer.status_code == 200, answer.text
    assert [one["reference"] for one in answer.json()["items"]] == [one["reference"] for one in references]
    return [(one["status"], one["message"]) for one in answer.json()["items"]]


def test_a_word_for_each_in_order(site: Site) -> None:
    found = asked(
        site,
        {"name": "NEW", "reference": "ref+windlass://NEW"},
        {"name": "DB", "reference": "ref+windlass://DB"},
        {"name": "DB", "environment": "production", "reference": "ref+windlass://DB"},
        {"name": "V", "reference": "ref+vault://secret/data/other/team#/key"},
        {"name": "X", "reference": "ref+exec://sh#/key"},
    )
    assert [status for status, _ in found] == ["secret-not-found", "found", "found", "secret-denied", "secret-denied"]


def test_what_is_refused_sounds_the_same_whatever_it_is(site: Site) -> None:
    """No path, no store and no environment of anybody else's can be told from one that is not there."""
    references = [
        "ref+vault://secret/data/payments#/key", "ref+awssecrets://prod/root", "ref+k8s://v1/Secret/kube-system/admin/a",
        "ref+windlass://../other/DB", "ref+vault://secret/x?address=http://169.254.169.254#/a",
    ]  # fmt: skip
    found = asked(site, *({"name": "A", "reference": one} for one in references))
    assert set(found) == {("secret-denied", "the server gives this repository no such secret")}


def test_files_by_whom_they_are_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = new_key(), new_key()
    given = (frozenset([mine.recipient]), False)
    monkeypatch.setattr(site.parts.secrets, "openers", lambda _path, _origin: given)
    reference = {"name": "A", "reference": "ref+sops://secrets/a.yaml#/a"}
    words = [
        asked(site, reference | {"recipients": groups})[0][0]
        for groups in (
            [[mine.recipient, theirs.recipient]], [[theirs.recipient]], [[mine.recipient], [theirs.recipient]], []
        )
    ]  # fmt: skip
    assert words == ["found", "secret-denied", "not-known", "found"]


def test_files_for_keys_of_other_kinds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = {"name": "A", "reference": "ref+sops://secrets/a.yaml#/a", "recipients": [["AWS KMS arn:aws:kms:x"]]}
    for given, word in (
        ((frozenset(["age1mine"]), False), "secret-denied"),
        ((frozenset(["age1mine"]), True), "not-known"),
        ((frozenset(["the ssh key of a file"]), False), "not-known"),
        ((frozenset(), True), "not-known"),
    ):
        monkeypatch.setattr(site.parts.secrets, "openers", lambda _path, _origin, given=given: given)
        assert asked(site, reference)[0][0] == word
    foreign = reference | {"recipients": [["age1theirs"]]}
    assert asked(site, foreign)[0][0] == "secret-denied", "for age keys alone, so nobody else opens it"


def test_files_where_no_key_is_given(site: Site) -> None:
    reference = {"name": "A", "reference": "ref+sops://secrets/a.yaml#/a", "recipients": [["age1x"]]}
    outside = {"name": "B", "reference": "ref+sops://../other/a.yaml#/a"}
    assert [status for status, _ in asked(site, reference, outside)] == ["secret-denied"] * 2


def test_who_may_ask_and_how_much(site: Site) -> None:
    nobody = {"Authorization": "Bearer nobody"}
    assert site.http.post(PLACE, json={"references": []}, headers=nobody).status_code == 401
    assert site.http.post(PLACE.replace("shop", "none"), json={"references": []}).status_code == 404
    many = [{"name": "A", "reference": "ref+windlass://A"}] * 501
    assert site.http.post(PLACE, json={"references": many}).status_code == 422
    assert site.http.post(PLACE, json={"references": [{"name": "A"}]}).json()["errors"][0]["pointer"] == (
        "/references/0/reference"
    )
    assert asked(site) == []
