"""The object store: whole or not at all, by name, in bounded memory."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from windlass.artifacts.objects import NoObjectError, Objects, ObjectStoreError, folder_url
from windlass.errors import UsageError

if TYPE_CHECKING:
    pass


def test_what_is_put_comes_back(objects):
    objects.put("a/b=41/1", iter([b"one", b"", b"two"]))
    objects.put("a/empty", iter([]))
    assert objects.read("a/b=41/1") == b"onetwo"
    assert objects.read("a/empty") == b""


def test_writing_again_replaces(objects):
    objects.put("a/x", [b"old and long"])
    objects.put("a/x", [b"new"])
    assert objects.read("a/x") == b"new"


def test_an_error_of_the_source_comes_through_and_leaves_nothing(objects):
    def broken():
        yield b"x" * 20_000_000
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        objects.put("a/x", broken())

    def unreadable():
        yield b"x"
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        objects.put("a/x", unreadable())
    with pytest.raises(NoObjectError):
        objects.read("a/x")
    assert list(objects.entries("a")) == []


def test_a_missing_object_is_told_at_once(objects):
    with pytest.raises(NoObjectError, match="object a/x"):
        objects.chunks("a/x")


def test_lists_and_deletes(objects):
    for name in ("a/1/x", "a/1/y", "a/2/x", "ab/x"):
        objects.put(name, [b"12"])
    assert {(entry.name, entry.size) for entry in objects.entries("a")} == {("a/1/x", 2), ("a/1/y", 2), ("a/2/x", 2)}
    assert sorted(objects.folders("a")) == ["1", "2"]
    assert min(entry.written_at for entry in objects.entries("a")) > 1_600_000_000_000
    objects.delete_below("a/1")
    objects.delete_below("nowhere")
    objects.delete(["a/2/gone", "a/2/x"])
    assert list(objects.entries("a")) == []
    assert [entry.name for entry in objects.entries("ab")] == ["ab/x"]


def test_a_large_object_passes_through_bounded_memory(objects):
    part = b"x" * (1024 * 1024)
    objects.put("warm", [part] * 8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    objects.put("large", (part for _ in range(400)))
    assert sum(len(chunk) for chunk in objects.chunks("large")) == 400 * len(part)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB


@pytest.mark.parametrize("url", ["ftp://x/y", "objects", "file:here", "file://host/x", "s3:///x", "s3:bucket"])
def test_a_url_that_names_no_store_is_refused(url):
    with pytest.raises(UsageError, match="objects: "):
        Objects(url)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ObjectStoreError, match="cannot be opened"):
        Objects(folder_url(tmp_path / "file" / "x")).put("a", [b""])
