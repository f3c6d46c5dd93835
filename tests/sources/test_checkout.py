"""The files of a commit in a folder."""

from __future__ import annotations

import os
import stat
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.errors import SourceError
from windlass.links import escaping_links


def checked_out(mirror, folder):
    head = mirror.head()
    mirror.fetch(head)
    mirror.archive_to(head.commit, folder)
    return folder


def test_files_modes_links_and_empty_files_are_as_committed(repository, mirror_of, tmp_path):
    repository.write({"run.sh": "#!/bin/sh\n", "d/e/f": "deep", "empty1": "", "d/empty2": "", "copy": "deep"})
    (repository.path / "run.sh").chmod(0o755)
    (repository.path / "d/up").symlink_to("../run.sh")
    (repository.path / "dangling").symlink_to("d/nothing")
    repository.commit()
    before = os.umask(0o077)
    try:
        out = checked_out(mirror_of(repository), tmp_path / "out")
    finally:
        os.umask(before)
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((out / "copy").stat().st_mode) == 0o644
    assert (out / "d/up").read_text() == "#!/bin/sh\n"
    assert os.readlink(out / "dangling") == "d/nothing"
    assert [(out / name).read_text() for name in ("d/e/f", "copy", "empty1", "d/empty2")] == ["deep", "deep", "", ""]
    assert not (out / ".git").exists()


def test_git_attributes_are_not_applied(repository, mirror_of, tmp_path):
    repository.write({".gitattributes": "a export-ignore\nb export-subst\nc eol=crlf\nd ident\n"})
    repository.write({"a": "1", "b": "$Format:%H$", "c": "1\n2\n", "d": "$Id$"})
    repository.commit()
    out = checked_out(mirror_of(repository), tmp_path / "out")
    assert [(out / name).read_bytes() for name in "abcd"] == [b"1", b"$Format:%H$", b"1\n2\n", b"$Id$"]


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc/passwd"},
        {"a": "../x"},
        {"d/a": "../../x"},
        {"d/e/b": "../..", "c": "d/e/b/../x"},  # each looks harmless alone
        {"a": "b", "b": "a"},
        {"a": "a"},
        {"a": "b/c", "b": ".."},
    ],
)
def test_a_link_that_leaves_or_never_ends_is_refused_and_nothing_is_written(repository, mirror_of, tmp_path, links):
    for name, target in links.items():
        (repository.path / name).parent.mkdir(parents=True, exist_ok=True)
        (repository.path / name).symlink_to(target)
    repository.commit({"file": "x"})
    with pytest.raises(SourceError) as caught:
        checked_out(mirror_of(repository), tmp_path / "out")
    assert caught.value.reason == "UnsafeLink"
    assert not (tmp_path / "out").exists()


_PART = st.sampled_from(["a", "b", "..", "."])
_NAMES = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3).map("/".join)
_TARGETS = st.lists(_PART, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(_NAMES, _TARGETS, max_size=4))
def test_links_that_are_allowed_stay_inside_on_a_real_file_system(tmp_path_factory, links):
    links = {name: to for name, to in links.items() if not any(other.startswith(name + "/") for other in links)}
    outside = tmp_path_factory.mktemp("outside")
    root = outside / "root"
    root.mkdir()
    refused = set(escaping_links(links))
    for name, to in links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(to)
    for name in links:
        real = os.path.realpath(root / name)
        if not (real + "/").startswith(f"{os.path.realpath(root)}/"):
            assert name in refused


def test_two_alike_on_the_way_are_an_error_never_a_second_write(repository, mirror_of, tmp_path):
    repository.commit({"a": "1"})
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").symlink_to(tmp_path / "victim")
    with pytest.raises(SourceError) as caught:
        checked_out(mirror_of(repository), out)
    assert caught.value.reason == "CheckoutFailed"
    assert not (tmp_path / "victim").exists()


def test_a_thousand_files_are_fast(repository, mirror_of, tmp_path):
    repository.commit({f"d{number % 20}/f{number}": f"{number}\n" * 50 for number in range(1000)})
    mirror = mirror_of(repository)
    head = mirror.head()
    mirror.fetch(head)
    begun = time.process_time()
    mirror.archive_to(head.commit, tmp_path / "out")
    assert time.process_time() - begun < 1
    assert sum(len(files) for _, _, files in os.walk(tmp_path / "out")) == 1000
