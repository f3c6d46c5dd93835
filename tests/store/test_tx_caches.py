"""Caches in the ledger: the first of two wins until it expires, nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

from windlass.store.values import CacheRow, KeptOutputs, OutputsKey

KEY = OutputsKey("shop", "deploy", "build", "k-1", "shape")


def test_outputs_are_kept_until_they_expire(ledger):
    write, reads = ledger.writer.write, ledger.reads
    assert reads.kept_outputs(KEY) is None
    assert write(lambda tx: tx.keep_outputs(KEY, {"n": 1, "t": "ünï\0"}, "run1", 100, 200))
    assert reads.kept_outputs(KEY) == KeptOutputs({"n": 1, "t": "ünï\0"}, "run1", 100)
    assert not write(lambda tx: tx.keep_outputs(KEY, {"n": 2}, "run2", 199, 400))
    assert reads.kept_outputs(KEY).run == "run1"
    assert write(lambda tx: tx.keep_outputs(KEY, {"n": 3}, "run3", 200, 400))
    assert reads.kept_outputs(KEY) == KeptOutputs({"n": 3}, "run3", 200)


def test_outputs_of_other_keys_are_others(ledger):
    write, reads = ledger.writer.write, ledger.reads
    others = [replace(KEY, **{name: "other"}) for name in ("repository", "workflow", "step", "key", "shape")]
    for number, key in enumerate([KEY, *others]):
        assert write(lambda tx, key=key, number=number: tx.keep_outputs(key, {"n": number}, "run", 100, 200))
    assert [reads.kept_outputs(key).outputs["n"] for key in [KEY, *others]] == list(range(6))


def test_expired_outputs_are_pruned(ledger):
    write, reads = ledger.writer.write, ledger.reads
    write(lambda tx: tx.keep_outputs(KEY, {}, "run", 100, 200))
    write(lambda tx: tx.prune_outputs(200))
    assert reads.kept_outputs(KEY) is not None
    write(lambda tx: tx.prune_outputs(201))
    assert reads.kept_outputs(KEY) is None


def row(key, at, repository="shop"):
    return CacheRow(repository, "p", key, f"caches/{key}", 10, at, at)


def test_the_first_of_two_caches_wins_and_lists_are_newest_first(ledger):
    write, reads = ledger.writer.write, ledger.reads
    assert write(lambda tx: tx.insert_cache(row("a", 1)))
    assert not write(lambda tx: tx.insert_cache(replace(row("a", 2), object="elsewhere")))
    write(lambda tx: [tx.insert_cache(row("b", 3)), tx.insert_cache(row("c", 2)), tx.insert_cache(row("a", 9, "x"))])
    assert [found.key for found in reads.caches("shop")] == ["b", "c", "a"]
    assert reads.cache("shop", "p", "a") == row("a", 1)
    assert reads.cache("shop", "q", "a") is None
    write(lambda tx: tx.use_cache("shop", "p", "a", 50))
    assert reads.cache("shop", "p", "a") == replace(row("a", 1), used_at=50)
    write(lambda tx: tx.delete_cache("shop", "p", "a"))
    assert reads.cache("shop", "p", "a") is None
    assert [found.repository for found in reads.caches()] == ["shop", "shop", "x"]
