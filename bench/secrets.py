"""Secrets: what it takes to open them, to hide them in a log, and how much later a step starts for them.

In: files that were encrypted with `windlass secrets encrypt`'s own code for a key made here. Out: milliseconds for 50
values of one file (opened anew in a process that runs, and remembered); lines a second through the filter that every
log passes; the pause between two steps with secrets, next to that of the same steps without, round by round.
"""

from __future__ import annotations

import random
import string
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pyrage

from bench.figure import Figure, median_of
from bench.served import Served, until
from bench.workflows import repository, stamping
from windlass.masking import Mask, MaskedStream
from windlass.secrets.base import Origin
from windlass.secrets.registry import make_resolver
from windlass.secrets.sops.age import read_keys
from windlass.secrets.sops.creation import Rule
from windlass.secrets.sops.emitting import emitted
from windlass.secrets.sops.opening import open_file
from windlass.secrets.sops.provider import SopsProvider
from windlass.secrets.sops.writing import encrypted_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.secrets.resolver import Resolver

VALUES = 50
LINES = 100_000
CHUNK = 65536  # bytes: as a pipe gives them
STEPS = 40
ROUNDS = 6
GIVEN = 3  # secrets of a step
FILE = "secrets/all.yaml"
NAMES = [f"SECRET_{number}" for number in range(VALUES)]
REFERENCES = {name: f"ref+sops://{FILE}#/{name}" for name in NAMES}


def figures() -> Iterator[Figure]:
    chance = random.Random(6)
    values = {name: "".join(chance.choices(string.ascii_letters + string.digits + "/+&$", k=32)) for name in NAMES}
    key = pyrage.x25519.Identity.generate()
    data = emitted(encrypted_tree(dict(values), Rule(((str(key.to_public()),),))), "yaml")
    yield from _resolving(data, str(key))
    yield from _masking(list(values.values()), chance)
    with tempfile.TemporaryDirectory() as folder:
        yield _starting(Path(folder), data, str(key))


def _resolving(data: bytes, key: str) -> Iterator[Figure]:
    keys = read_keys(key, "bench")

    def made() -> Resolver:
        return make_resolver({"sops": SopsProvider(lambda *_: data, lambda *_: keys)})

    origin = Origin("bench", "0" * 40, None)
    fresh = [made() for _ in range(21)]
    for one in fresh:
        one.values({"first": "ref+sops://other.yaml#/SECRET_0"}, origin)  # its threads are there
    opening = median_of(lambda: fresh.pop().values(REFERENCES, origin), 20)
    floor = median_of(lambda: open_file(data, "yaml", keys), 20) * 1000
    yield Figure(f"{VALUES} SOPS values, the file opened anew", opening * 1000, "ms", "≤ 5", floor, "opening the file")
    warm = made()
    remembered = median_of(lambda: warm.values(REFERENCES, origin), 20)
    yield Figure(f"{VALUES} SOPS values, remembered", remembered * 1000, "ms", "≤ 5")


def _masking(values: list[str], chance: random.Random) -> Iterator[Figure]:
    """Lines as programs write them, a secret in each hundredth."""
    lines = []
    for number in range(LINES):
        said = f" with {chance.choice(values)}" if number % 100 == 0 else ""
        lines.append(f"2026-02-03T04:05:06Z INFO request {number} of 10.0.{number % 256}.7 took 12 ms{said}\n".encode())
    whole = b"".join(lines)
    copied = median_of(lambda: _fed(None, _cut(whole)), 3)
    for name, chunks in (("a log of many lines", _cut(whole)), ("a log that comes line by line", lines)):
        seen = LINES / median_of(partial(_fed, values, chunks), 3)
        floor = LINES / copied if chunks is not lines else None
        floor_is = "the bytes counted only" if floor else ""
        yield Figure(f"masking {name}, {VALUES} secrets", seen, "lines/s", "≥ 100,000", floor, floor_is, more=True)


def _cut(data: bytes) -> list[bytes]:
    return [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]


def _fed(values: list[str] | None, chunks: list[bytes]) -> int:
    if values is None:
        return sum(chunk.count(b"\n") for chunk in chunks)
    stream = MaskedStream(Mask(values))
    return sum(len(stream.feed(chunk)) for chunk in chunks) + len(stream.flush())


def _starting(base: Path, data: bytes, key: str) -> Figure:
    """The median of the differences: rows of both kinds follow each other, so that busy neighbours meet both."""
    given = "".join(f', {name}: "${{{{ secrets.{name} }}}}"' for name in NAMES[:GIVEN])
    plain = stamping("plain", STEPS, base / "plain").replace("shell: bash", "env: {A: b}, shell: bash")
    secret = stamping("secret", STEPS, base / "secret").replace("shell: bash", f"env: {{A: b{given}}}, shell: bash")
    settings = "apiVersion: windlass.dev/v1\nkind: Repository\nsecrets:\n"
    settings += "".join(f"  {name}: {reference}\n" for name, reference in REFERENCES.items())
    files = {"workflows/plain.yaml": plain, "workflows/secret.yaml": secret, "windlass.yaml": settings}
    root = repository(base / "shop", {**files, FILE: data.decode()})
    seen: dict[str, list[float]] = {"plain": [], "secret": []}
    with Served(base / "data", [root], env={"SOPS_AGE_KEY": key}) as server:
        for number in range(ROUNDS + 1):
            for name, gaps in seen.items():
                found = _row(server, base, name)
                if number:  # the first warms up
                    gaps.append(median(found))
    later = median(secret - plain for plain, secret in zip(seen["plain"], seen["secret"], strict=True))
    return Figure(
        f"a step with {GIVEN} secrets starts later than one without, by",
        later,
        "ms",
        "≤ 5",
        note=f"without: {median(seen['plain']):.2f} ms from step to step",
    )


def _row(server: Served, base: Path, name: str) -> list[float]:
    stamps = base / name
    stamps.unlink(missing_ok=True)
    server.start("shop", name)
    until(lambda: stamps.exists() and len(stamps.read_text().split()) == 2 * STEPS, 0.05)
    found = [float(line) for line in stamps.read_text().split()]
    return [(start - end) * 1000 for end, start in zip(found[1::2], found[2::2], strict=False)]
