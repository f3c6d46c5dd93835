"""std/s3 against a real server of S3: what moves, what is compared, what a bucket's no looks like."""

from __future__ import annotations

import datetime
import hashlib
import importlib.util
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.actions_library.conftest import LIBRARY, Answer
from tests.s3 import S3, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from tests.actions_library.conftest import Act, Done, Site

REASON = reason()
SECRET = "s3cr3t-value"
KEYS = {"access-key": "test", "secret-key": SECRET}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    if REASON is not None:
        pytest.skip(REASON)
    made = S3(tmp_path_factory.mktemp("s3"))
    yield made
    made.stop()


@pytest.fixture
def bucket(server: S3, request: pytest.FixtureRequest) -> str:
    name = "b-" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    server.bucket(name)
    return name


@pytest.fixture
def s3(act: Act, server: S3, bucket: str) -> Callable[..., Done]:
    def run(command: str, **given: Any) -> Done:
        done = act("s3", command=command, **{"bucket": bucket, "endpoint": server.url, **KEYS, **given})
        assert SECRET not in done.log
        return done

    return run


def write(act: Act, **files: str | bytes) -> None:
    for name, data in files.items():
        path = act.folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)


def test_there_and_back(act: Act, s3: Callable[..., Done]) -> None:
    name = "ä +&%/x y.json"
    write(act, a="one")
    done = s3("upload", key=name, path="a")
    assert (done.code, done.outputs["objects"], done.outputs["bytes"]) == (0, [name], 3), done.log
    write(act, **{"b.yaml": "b: 1"})
    assert s3("upload", key="b.yaml", path="b.yaml").code == 0
    assert (
        httpx2.get(s3("presign", key="b.yaml").outputs["url"], timeout=60).headers["content-type"] == "application/yaml"
    )
    assert s3("download", key=name, path="back/").code == 0
    assert (act.folder / "back/x y.json").read_text() == "one"
    assert s3("list").outputs["objects"] == ["b.yaml", name]
    assert s3("delete", key=name).outputs["count"] == 1
    assert s3("list").outputs["objects"] == ["b.yaml"]


def test_folders_and_globs(act: Act, s3: Callable[..., Done]) -> None:
    write(act, site__index_html="i", site__css__a_css="a", site__log="l")
    sent = s3("upload", key="www", path="site").outputs["objects"]
    assert sorted(sent) == ["www/css/a_css", "www/index_html", "www/log"]
    assert s3("upload", key="g/", path="site/**/*_css").outputs["objects"] == ["g/css/a_css"]
    assert s3("download", key="www/", path="back").outputs["count"] == 3
    assert (act.folder / "back/css/a_css").read_text() == "a"
    assert sorted(s3("delete", key="www/").outputs["objects"]) == ["www/css/a_css", "www/index_html", "www/log"]
    assert s3("list").outputs["objects"] == ["g/css/a_css"]


def test_only_what_differs_is_moved(act: Act, s3: Callable[..., Done]) -> None:
    write(act, d__a="1", d__b="2")
    assert s3("sync-up", key="x", path="d").outputs["objects"] == ["x/a", "x/b"]
    assert s3("sync-up", key="x", path="d").outputs["count"] == 0
    write(act, d__a="3", d__c="4")
    (act.folder / "d/b").unlink()
    assert s3("sync-up", key="x", path="d").outputs["objects"] == ["x/a", "x/c"]
    assert s3("list", key="x/").outputs["count"] == 3
    assert s3("sync-up", key="x", path="d", delete=True).outputs["objects"] == ["x/b"]
    write(act, e__a="other", e__old="o")
    assert s3("sync-down", key="x", path="e", delete=True).outputs["objects"] == ["x/a", "x/c"]
    assert sorted(path.name for path in (act.folder / "e").iterdir()) == ["a", "c"]
    assert s3("sync-down", key="x", path="e").outputs["count"] == 0


def test_more_than_a_page(s3: Callable[..., Done], server: S3, bucket: str) -> None:
    with httpx2.Client(timeout=60) as client:
        for number in range(1001):
            client.put(f"{server.url}/{bucket}/n/{number:04}", content=b"x")
    assert s3("list", key="n/").outputs["count"] == 1001


def test_a_large_file_goes_in_parts_and_is_never_held(act: Act, s3: Callable[..., Done]) -> None:
    part = os.urandom(1 << 20)
    with (act.folder / "large").open("wb") as file:
        for _ in range(150):
            file.write(part)
    done = s3("upload", key="large", path="large", **{"part-size": 60}, memory=200 << 20)
    assert (done.code, done.outputs["bytes"]) == (0, 150 << 20), done.log
    done = s3("download", key="large", path="back", memory=200 << 20)
    assert done.code == 0, done.log
    assert (act.folder / "back").read_bytes() == part * 150
    assert s3("sync-up", path=".", **{"part-size": 60}).outputs["objects"] == ["back"], "the same size has to do"


def test_a_url_for_others(s3: Callable[..., Done]) -> None:
    url = s3("presign", key="a b", method="PUT", expires="10m").outputs["url"]
    assert httpx2.put(url, content=b"theirs", timeout=60).status_code == 200
    done = s3("presign", key="a b", expires="10m")
    assert httpx2.get(done.outputs["url"], timeout=60).text == "theirs"
    assert "Signature" not in done.log
    assert "X-Amz-Expires=600" in done.outputs["url"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"command": "upload"}, "needs a path"),
        ({"command": "upload", "path": "none"}, "there is nothing at none"),
        ({"command": "upload", "path": "x", "access-key": None}, "access-key and secret-key go together"),
        ({"command": "download", "path": "y", "key": "none"}, "/none: 404 NoSuchKey"),
        ({"command": "download", "path": "y", "key": "none/"}, "there is nothing below it"),
        ({"command": "download", "path": "../y", "key": "k"}, "leads out of the working directory"),
        ({"command": "list", "bucket": "no-such-bucket"}, "404 NoSuchBucket"),
        ({"command": "delete"}, "delete needs a key"),
        ({"command": "presign", "key": "x", "expires": "8d"}, "expires is between"),
        ({"command": "sync-up", "path": "x"}, "x is no folder"),
        ({"command": "list", "endpoint": f"http://a:{SECRET}@127.0.0.1/"}, "holds no credentials"),
    ],
)
def test_what_cannot_be_done(act: Act, s3: Callable[..., Done], given: dict[str, Any], said: str) -> None:
    write(act, x="x")
    done = s3(**given)
    assert said in done.said
    assert sorted(path.name for path in act.folder.iterdir()) == ["x"]


def test_a_key_that_leads_out(act: Act, s3: Callable[..., Done], site: Site, tmp_path: Path) -> None:
    listing = (
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k/../../../out</Key><Size>1</Size>"
        "<ETag>&quot;x&quot;</ETag></Contents></ListBucketResult>"
    )
    site.paths["/b-b"] = Answer(body=listing.encode())
    done = s3("download", key="k/", path="d", bucket="b-b", endpoint=site.url)
    assert "leads out of the working directory" in done.said
    assert len(site.asked) == 1
    (act.folder / "d").symlink_to(tmp_path)
    assert "leads out" in s3("sync-down", key="k/", path="d", bucket="b-b", endpoint=site.url).said


def bucket_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bucket_of_s3", LIBRARY / "s3/bucket.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("token", ["", "tok=en/+"])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9000/base"])
def test_signatures_are_those_of_the_vendor(token: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request, signed by botocore: servers of tests do not look at signatures."""
    mine = bucket_module().Bucket("shop", "eu-west-3", endpoint, ("AKID", SECRET, token))
    now = datetime.datetime.now(datetime.UTC)
    query = {"list-type": "2", "prefix": "a b/ä+*~", "uploads": ""}
    digest = hashlib.sha256(b"").hexdigest()
    headers = {"host": mine.host, "x-amz-content-sha256": digest, "content-type": "text/plain"}
    target, signed = mine.signed("GET", "k ey/ä(1)", query, headers, digest, now)
    theirs = AWSRequest("GET", f"http://{mine.host}{target}", {"Content-Type": "text/plain"})
    theirs.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    who = Credentials("AKID", SECRET, token or None)
    for module in ("botocore.auth", "botocore.compat"):
        monkeypatch.setattr(f"{module}.get_current_datetime", lambda **_: now.replace(tzinfo=None), raising=False)
    S3SigV4Auth(who, "s3", "eu-west-3").add_auth(theirs)
    assert signed["authorization"] == theirs.headers["Authorization"]
    url, _ = mine.signed("GET", "k ey/ä", {}, {"host": mine.host}, "UNSIGNED-PAYLOAD", now, 600)
    asked = AWSRequest("GET", f"http://{mine.host}{url.partition('?')[0]}")
    S3SigV4QueryAuth(who, "s3", "eu-west-3", expires=600).add_auth(asked)
    assert dict(parse_qsl(url.partition("?")[2])) == dict(parse_qsl(asked.url.partition("?")[2]))
