"""Folders kept between attempts, over a real ledger and a real store: restored whole, saved once, never a failure."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from windlass.artifacts.objects import Objects, folder_url
from windlass.clock import VirtualClock
from windlass.reconcile import cache_book
from windlass.reconcile.cache_book import CacheBook, LedgerBook, paths_digest
from windlass.reconcile.cache_pieces import RestoreCache, SaveCache
from windlass.runs.model import AttemptKey, CacheUse
from windlass.store.ledger import Ledger

PATHS = ("~/.cache/tool", "out")
WRITE = "mkdir -p ~/.cache/tool out; date +%s%N > ~/.cache/tool/made; cp ~/.cache/tool/made out/"


class Kept:
    def __init__(self, folder, local):
        self.local = local
        self.clock = VirtualClock()
        self.ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        self.ledger.writer.take_over("test", 0)
        self.objects = Objects(folder_url(folder / "objects"))
        self.limit, self.entry = 1 << 30, 1 << 20
        self.count = 0

    @property
    def book(self):
        return CacheBook(LedgerBook(self.ledger.reads, self.ledger.writer), self.objects, self.clock, self.limit)

    def run(self, script, key="k", restore=(), paths=PATHS, repository="shop"):
        """One attempt to its end: (exit code, what its detail says, its log)."""
        self.count += 1
        executor = self.local.workspace(
            preparations=[RestoreCache(self.book, self.entry)], collections=[SaveCache(self.book, self.entry)]
        )
        launch = self.local.launch(script, f"step{self.count}", cache=CacheUse(repository, key, paths, restore))
        executor.start([launch])
        ended = self.local.seen.ended(launch.key)
        self.clock.advance(1000)
        return ended.exit_code, dict(ended.detail["cache"]), self.local.log(f"step{self.count}").decode()

    def stored(self):
        return [entry.name for entry in self.objects.entries("caches")]


@pytest.fixture
def kept(tmp_path, local):
    folder = tmp_path / "kept"
    folder.mkdir()
    made = Kept(folder, local)
    yield made
    made.ledger.close()


def test_saved_once_and_restored(kept):
    code, told, log = kept.run(WRITE + "; cat out/made")
    assert (code, told["restored"], told["saved"]) == (0, None, True)
    first = log.splitlines()
    assert first[0] == "windlass: no cache for k"
    code, told, log = kept.run('cat out/made ~/.cache/tool/made; echo new > out/made; echo "$HOME"')
    assert told == {"key": "k", "restored": "k", "saved": False, "reason": "the key is there already"}
    lines = log.splitlines()
    assert lines[:3] == ["windlass: cache restored from k", first[1], first[1]]
    assert lines[3].endswith("/home")
    assert kept.run("cat out/made")[2].splitlines()[1] == first[1]
    assert len(kept.stored()) == 1


def test_a_prefix_finds_the_newest_and_the_own_key_is_saved(kept):
    for number in (1, 2):
        kept.run(f"mkdir out; echo {number} > out/n", key=f"k-{number}")
    code, told, log = kept.run("cat out/n", key="k-3", restore=("x-", "k-"))
    assert (code, told["restored"], told["saved"]) == (0, "k-2", True)
    assert log == "windlass: cache restored from k-2\n2\n"
    assert kept.run("cat out/n", key="k-1", restore=("k-",))[1]["restored"] == "k-1"


def test_other_repositories_and_other_paths_are_others(kept):
    kept.run(WRITE)
    assert kept.run("true", repository="other")[1]["restored"] is None
    assert kept.run("true", paths=("out",))[1]["restored"] is None
    assert kept.run("true", paths=("out", "~/.cache/tool"))[1]["restored"] == "k"


def test_a_failure_saves_nothing(kept):
    code, told, _ = kept.run(WRITE + "; exit 3")
    assert (code, told["saved"]) == (3, False)
    assert kept.stored() == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "none of the paths is there"),
        ("mkdir out; ln -s /etc out/etc", "the symbolic link out/etc leads out of its folder"),
        ("mkdir out; head -c 2000000 /dev/zero > out/zero", "it is larger than the limit of 1048576 bytes"),
    ],
)
def test_what_cannot_be_saved_is_told_and_is_no_failure(kept, script, reason):
    code, told, _ = kept.run(script)
    assert (code, told["saved"], told["reason"]) == (0, False, reason)
    assert kept.stored() == []


def test_an_archive_that_is_gone_or_damaged_is_as_if_there_were_none(kept):
    for damage in ("gone", "damaged"):
        kept.run(WRITE, key=damage)
        (row,) = [row for row in kept.ledger.reads.caches("shop") if row.key == damage]
        if damage == "gone":
            kept.objects.delete([row.object])
        else:
            kept.objects.put(row.object, [b"no archive at all"])
        code, told, log = kept.run("test ! -e out", key=damage)
        assert (code, told["restored"]) == (0, None)
        assert log == f"windlass: no cache for {damage}\n"
    assert [row.key for row in kept.ledger.reads.caches("shop")] == ["gone"]


def test_a_hostile_archive_brings_nothing(kept, tmp_path):
    from tests.executors.workspace.test_archive import REG, tar

    kept.run(WRITE)
    (row,) = kept.ledger.reads.caches("shop")
    for members in (
        [("work/bin/x", REG, "")],
        [("home/.ssh/authorized_keys", REG, "")],
        [("work/out/../../x", REG, "")],
    ):
        kept.objects.put(row.object, [tar(("work/out/ok", REG, ""), *members)])
        kept.ledger.writer.write(lambda tx: tx.insert_cache(row))
        code, told, _ = kept.run('test ! -e out && test ! -e bin && test -z "$(ls -A ~)"')
        assert (code, told["restored"]) == (0, None)


def test_the_least_recently_used_go_first(kept):
    for key in "abc":
        kept.run("mkdir out; head -c 10000 /dev/urandom > out/x", key=key)
    kept.run("true", key="a")
    kept.limit = 35_000
    kept.run("mkdir out; head -c 10000 /dev/urandom > out/x", key="d")
    assert sorted(row.key for row in kept.ledger.reads.caches("shop")) == ["a", "c", "d"]
    assert len(kept.stored()) == 3


def test_two_that_save_one_key_at_once_leave_one_whole_archive(kept):
    """Both look before either has stored: the second row is refused, and its archive goes."""
    book = kept.book
    both = threading.Barrier(2, timeout=20)
    has = book.has
    book.has = lambda *asked: (both.wait(), has(*asked))[1] and False
    executor = kept.local.workspace(
        preparations=[RestoreCache(book, kept.entry)], collections=[SaveCache(book, kept.entry)]
    )
    launches = [
        kept.local.launch(f"mkdir out; echo {n} > out/n", f"s{n}", cache=CacheUse("shop", "k", PATHS)) for n in (1, 2)
    ]
    executor.start(launches)
    told = [kept.local.seen.ended(launch.key).detail["cache"]["saved"] for launch in launches]
    assert sorted(told) == [False, True]
    assert len(kept.stored()) == len(kept.ledger.reads.caches("shop")) == 1
    winner = 1 + told.index(True)
    assert kept.run("cat out/n")[2].splitlines()[1] == str(winner)


def test_sweeping_takes_what_nobody_uses_and_what_a_crash_left(kept, monkeypatch):
    kept.run(WRITE)
    lost = cache_book.object_name("shop", AttemptKey("01LOST", "a", "", 1))
    kept.objects.put(lost, [b"half a life"])
    real = next(entry for entry in kept.objects.entries("caches") if entry.name == lost).written_at
    kept.clock.advance(real - kept.clock.now())
    kept.ledger.writer.write(lambda tx: tx.use_cache("shop", paths_digest(PATHS), "k", kept.clock.now()))
    kept.book.sweep()
    assert len(kept.stored()) == 2
    kept.clock.advance(cache_book.DAY + 1000)
    kept.book.sweep()
    assert lost not in kept.stored()
    assert len(kept.stored()) == 1
    kept.clock.advance(cache_book.UNUSED)
    kept.book.sweep()
    assert kept.stored() == []
    assert kept.ledger.reads.caches() == []


def test_a_ledger_that_is_away_is_no_failure(kept):
    kept.ledger.close()
    code, told, _ = kept.run(WRITE)
    assert (code, told["restored"], told["saved"]) == (0, None, False)


def test_saving_again_after_a_crash_is_the_same_entry(kept):
    """The controller died after the row was written and before anybody heard of the end."""
    kept.run(WRITE)
    (row,) = kept.ledger.reads.caches("shop")
    assert kept.book.add("shop", row.paths, row.key, row.object, row.size)
    assert kept.ledger.reads.caches("shop") == [replace(row, used_at=row.used_at)]
    assert kept.stored() == [row.object]
