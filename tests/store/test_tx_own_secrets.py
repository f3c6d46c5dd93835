"""The own store in the ledger: rows by owner, environment and name; keys are replaced only where nothing changed."""

from __future__ import annotations

from dataclasses import replace

from windlass.store.values import OwnSecretRow

ROW = OwnSecretRow("repository:shop", "", "DB", 1, "k1", b"\x00w", b"\xffs", 5, "ada")


def test_the_last_value_of_a_place_is_the_one(ledger):
    write, reads = ledger.writer.write, ledger.reads
    others = [replace(ROW, **{name: "other"}) for name in ("owner", "environment", "name")]
    for row in (ROW, *others, replace(ROW, version=2, sealed=b"new")):
        write(lambda tx, row=row: tx.put_own_secret(row))
    assert reads.own_secret("repository:shop", "", "DB") == replace(ROW, version=2, sealed=b"new")
    assert reads.own_secret("repository:shop", "", "none") is None
    assert len(reads.own_secrets()) == 4
    assert write(lambda tx: tx.own_secret_version("repository:shop", "", "DB")) == 2
    assert write(lambda tx: tx.own_secret_version("repository:shop", "x", "DB")) is None
    assert write(lambda tx: tx.delete_own_secret("repository:shop", "", "DB"))
    assert not write(lambda tx: tx.delete_own_secret("repository:shop", "", "DB"))
    assert sorted(reads.own_secrets(), key=str) == sorted(others, key=str)


def test_a_key_is_replaced_only_under_the_value_that_it_is_of(ledger):
    write, reads = ledger.writer.write, ledger.reads
    for number in range(5):
        write(lambda tx, n=number: tx.put_own_secret(replace(ROW, name=f"S{n}", key_id="k1" if n else "k2")))
    assert len(reads.own_secrets_of_other_keys("k2", 3)) == 3
    assert {row.name for row in reads.own_secrets_of_other_keys("k2", 9)} == {"S1", "S2", "S3", "S4"}
    assert reads.own_secret_keys() == {"k1", "k2"}
    fresh = replace(ROW, name="S1", key_id="k2", wrapped=b"anew")
    assert not write(lambda tx: tx.rewrap_own_secret(replace(fresh, version=7)))
    assert write(lambda tx: tx.rewrap_own_secret(fresh))
    assert reads.own_secret("repository:shop", "", "S1") == fresh
