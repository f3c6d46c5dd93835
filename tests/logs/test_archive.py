"""The log of an attempt as objects, in a folder and in a real bucket: pieces while it grows, whole at the end."""

from __future__ import annotations

import pytest

from windlass.logs.archive import LogArchive

LOG = "logs/run/step.1"


@pytest.fixture
def archive(objects):
    return LogArchive(objects)


def test_a_log_that_nobody_stored_is_empty(archive):
    assert archive.read(LOG, 0, 100) == (b"", 0)
    assert archive.size(LOG) == 0


def test_pieces_are_read_as_one_by_offset_and_limit(archive):
    archive.add(LOG, 0, b"one\n")
    archive.add(LOG, 4, b"two\n")
    assert archive.read(LOG, 0, 100) == (b"one\ntwo\n", 8)
    assert archive.read(LOG, 2, 4) == (b"e\ntw", 8)
    assert archive.read(LOG, 6, 100) == (b"o\n", 8)
    assert archive.read(LOG, 8, 100) == (b"", 8)
    assert archive.read(LOG, 50, 100) == (b"", 8)


def test_nothing_after_a_gap_is_given(archive):
    archive.add(LOG, 0, b"one\n")
    archive.add(LOG, 8, b"three\n")
    assert archive.read(LOG, 0, 100) == (b"one\n", 4)
    assert archive.read(LOG, 8, 100)[1] == 4


def test_a_piece_that_is_stored_again_and_is_longer_wins(archive):
    archive.add(LOG, 0, b"one\n")
    archive.add(LOG, 4, b"tw")
    archive.add(LOG, 4, b"two\nthree\n")
    assert archive.read(LOG, 0, 100) == (b"one\ntwo\nthree\n", 14)


def test_pieces_that_overlap_give_every_byte_once(archive):
    archive.add(LOG, 0, b"0123")
    archive.add(LOG, 2, b"23456")
    assert archive.read(LOG, 0, 100) == (b"0123456", 7)


def test_the_whole_takes_the_place_of_its_pieces(archive, objects):
    archive.add(LOG, 0, b"one\n")
    archive.complete(LOG, iter([b"one\n", b"two\n"]))
    assert archive.read(LOG, 2, 4) == (b"e\ntw", 8)
    assert [entry.name for entry in objects.entries("logs")] == [f"{LOG}/whole"]


def test_an_empty_log_is_whole(archive):
    archive.complete(LOG, iter(()))
    assert archive.read(LOG, 0, 10) == (b"", 0)


def test_other_attempts_are_others(archive):
    archive.add(LOG, 0, b"one\n")
    assert archive.read("logs/run/step.10", 0, 100) == (b"", 0)
