"""Checkout: the repository's files are there before the program, or the attempt says why not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from windlass.errors import SourceError
from windlass.executors.workspace.checkout import CheckoutFiles
from windlass.runs.model import Checkout, Stop

if TYPE_CHECKING:
    from pathlib import Path

WANTED = Checkout("shop", "c" * 40)


@pytest.fixture
def checkout(local):
    def make(fill):
        return local.workspace(preparations=[CheckoutFiles(fill)])

    return make


def fill(wanted: Checkout, folder: Path) -> None:
    folder.mkdir()
    (folder / "README").write_text(f"{wanted.repository} at {wanted.commit}")


def test_the_files_are_in_the_working_directory(local, checkout):
    executor = checkout(fill)
    launch = local.launch("cat README; test -d ../tmp", checkout=WANTED)
    executor.start([launch])
    assert local.seen.ended(launch.key).exit_code == 0
    assert local.log() == f"shop at {'c' * 40}".encode()


def test_attempts_without_it_start_in_an_empty_folder(local, checkout):
    executor = checkout(fill)
    launch = local.launch('test -z "$(ls -A)"')
    executor.start([launch])
    assert local.seen.ended(launch.key).exit_code == 0


@pytest.mark.parametrize("error", [SourceError("the commit is gone"), OSError(28, "No space left on device")])
def test_a_checkout_that_fails_is_an_end_with_its_reason(local, checkout, error):
    def broken(_wanted: Checkout, folder: Path) -> None:
        folder.mkdir()
        (folder / "half").write_text("")
        raise error

    executor = checkout(broken)
    launch = local.launch("true", checkout=WANTED)
    executor.start([launch])
    ended = local.seen.ended(launch.key)
    assert (ended.exit_code, ended.cause) == (None, "checkout-failed")
    assert str(error) in (ended.message or "")
    assert not local.work().exists()


def test_a_stop_during_the_checkout_prevents_the_start(local, checkout):
    going_on = threading.Event()

    def slow(wanted: Checkout, folder: Path) -> None:
        assert going_on.wait(10)
        fill(wanted, folder)

    executor = checkout(slow)
    launch = local.launch("echo ran", checkout=WANTED)
    executor.start([launch, launch])
    executor.stop(Stop(launch.key, 100))
    going_on.set()
    ended = local.seen.ended(launch.key)
    assert (ended.exit_code, ended.cause) == (None, None)
    assert len(local.seen.of(launch.key)) == 1
    assert not local.programs()
