"""The content hash: every change below the folder changes it, nothing else does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest

from windlass.loading.content_hash import content_hash


@dataclass(frozen=True)
class Entry:
    path: str
    mode: str
    blob: str

    @property
    def kind(self) -> str:
        return {"120000": "symlink", "160000": "submodule"}.get(self.mode, "file")


BLOBS = {"1": b"one", "2": b"two", "i1": b"one", "i2": b"two"}
FILES = [
    Entry("actions/a/action.yaml", "100644", "1"),
    Entry("actions/a/main.sh", "100755", "2"),
    Entry("actions/link", "120000", "1"),
    Entry("actions/sub", "160000", "f" * 40),
    Entry("README.md", "100644", "1"),
]


def hashed(entries: list[Entry], folder: str | None = "actions") -> str:
    return content_hash(entries, lambda blobs: {blob: BLOBS[blob] for blob in blobs}, folder)


def test_as_the_documentation_says() -> None:
    one, two = (hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
    lines = [f"100644 {one} a/action.yaml", f"100755 {two} a/main.sh", f"120000 {one} link", f"160000 {'f' * 40} sub"]
    assert hashed(FILES) == "sha256:" + hashlib.sha256("".join(f"{line}\0" for line in lines).encode()).hexdigest()


def test_the_same_in_any_order_and_object_format() -> None:
    other = [Entry(e.path, e.mode, e.blob if e.kind == "submodule" else f"i{e.blob}") for e in reversed(FILES)]
    assert hashed(other) == hashed(FILES)


@pytest.mark.parametrize(
    "changed",
    [
        Entry("actions/a/main.sh", "100644", "2"),
        Entry("actions/a/main.sh", "100755", "1"),
        Entry("actions/a/other.sh", "100755", "2"),
        Entry("actions/a/main.sh", "120000", "2"),
    ],
)
def test_a_mode_a_content_or_a_name_changes_it(changed: Entry) -> None:
    assert hashed([FILES[0], changed, *FILES[2:]]) != hashed(FILES)


def test_the_windlass_yaml_above_counts() -> None:
    above = Entry("windlass.yaml", "100644", "1")
    assert hashed([*FILES, above]) != hashed(FILES)
    line = f"100644 {hashlib.sha256(b'one').hexdigest()} /windlass.yaml\0"
    assert hashed([above]) == "sha256:" + hashlib.sha256(line.encode()).hexdigest()
    assert hashed([above], None) == "sha256:" + hashlib.sha256(line.replace("/", "").encode()).hexdigest()


def test_only_what_is_below_the_folder_counts() -> None:
    assert hashed([*FILES, Entry("actions2/x", "100644", "1")]) == hashed(FILES)
    assert hashed([*FILES, Entry("actions/x", "100644", "1")]) != hashed(FILES)
    assert hashed([e for e in FILES if e.path != "README.md"], None) != hashed(FILES, None)
    assert hashed([], None) == "sha256:" + hashlib.sha256(b"").hexdigest()
