"""`windlass artifacts RUN [PATH]`: what a run saved, of a server or of this machine.

Without PATH and `--to` it is a list. With PATH the bytes of that file go to stdout; with `--to DIR` the files are
written below DIR, all or those of PATH, and never outside of it, whatever they are called.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from windlass.cli.client import Client, server_url
from windlass.cli.log_source import RUN_ID, local_folder
from windlass.cli.table import show
from windlass.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

Item = dict[str, Any]
COLUMNS = {
    "STEP": lambda item: item["step"],
    "ITEM": lambda item: item["item"],
    "PATH": lambda item: item["path"],
    "SIZE": lambda item: item["size"],
    "DIGEST": lambda item: item["digest"],
}


class Source(Protocol):
    def items(self) -> list[Item]: ...

    def chunks(self, item: Item) -> Iterator[bytes]: ...


def command(arguments: argparse.Namespace) -> int:
    source = _source(arguments)
    found = [item for item in source.items() if _wanted(item, arguments)]
    if arguments.to is not None:
        _write_all(source, _some(found, arguments), Path(arguments.to))
    elif arguments.path is not None:
        _print(source, _some(found, arguments))
    else:
        show({"items": found}, found, COLUMNS, arguments.output)
    return 0


def _wanted(item: Item, arguments: argparse.Namespace) -> bool:
    path = arguments.path
    return (
        (path is None or item["path"] == path or item["path"].startswith(f"{path.rstrip('/')}/"))
        and arguments.step in (None, item["step"])
        and arguments.item in (None, item["item"])
    )


def _some(found: list[Item], arguments: argparse.Namespace) -> list[Item]:
    if not found:
        what = f"artifact {arguments.path}" if arguments.path is not None else "artifacts"
        raise NotFoundError(f"run {arguments.run} has no {what}")
    return found


def _print(source: Source, found: list[Item]) -> None:
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} files are meant", "choose one by its whole path, --step and --item, or --to DIR"
        )
    for chunk in source.chunks(found[0]):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _write_all(source: Source, found: list[Item], folder: Path) -> None:
    """Each at its path; below its step and item, where several would have the same. Digests are compared."""
    from windlass.artifacts.transfer import Digest
    from windlass.artifacts.tree import RefusedError, Tree

    folder.mkdir(parents=True, exist_ok=True)
    names = Counter(item["path"] for item in found)
    with Tree(folder.resolve()) as tree:
        for item in found:
            path = item["path"]
            if names[path] > 1:
                path = "/".join(part for part in (item["step"], quote(item["item"] or "", safe=" ="), path) if part)
            digest = Digest()
            with tree.new_file(path) as fd:
                for chunk in source.chunks(item):
                    data = memoryview(digest.of(chunk))
                    while data:
                        data = data[os.write(fd, data) :]
            if str(digest) != item["digest"]:
                raise RefusedError(f"{item['path']} is not what was saved: its digest differs")
            print(path)


def _source(arguments: argparse.Namespace) -> Source:
    """A run of this machine's own when there is one of that id, else the server's."""
    folder = local_folder(arguments)
    if folder is not None:
        return LocalArtifacts(folder, arguments.run)
    if server_url(arguments) is None and RUN_ID.fullmatch(arguments.run) is None:
        raise NotFoundError(f"{arguments.run} is no run's id")
    return RemoteArtifacts(Client.of(arguments), arguments.run)


class RemoteArtifacts:
    def __init__(self, client: Client, run: str) -> None:
        self._client = client
        self._run = run

    def items(self) -> list[Item]:
        return list(self._client.items(f"/runs/{quote(self._run, safe='')}/artifacts"))

    def chunks(self, item: Item) -> Iterator[bytes]:
        where = {"step": item["step"]} | ({"item": item["item"]} if item["item"] else {})
        return self._client.chunks(f"/runs/{quote(self._run, safe='')}/artifacts/{quote(item['path'])}", where)


class LocalArtifacts:
    def __init__(self, folder: Path, run: str) -> None:
        from windlass.artifacts.objects import Objects, folder_url
        from windlass.cli.local_run import OBJECTS
        from windlass.reconcile.artifact_reader import artifacts_of
        from windlass.store.ledger import Ledger

        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        try:
            self._kept = list(artifacts_of(run, ledger.reads.steps(run)))
        finally:
            ledger.close()
        self._run = run
        self._objects = Objects(folder_url(folder.parent / OBJECTS))

    def items(self) -> list[Item]:
        from windlass.reconcile.artifact_reader import entries

        return entries(self._run, self._kept, self._objects, 0, sys.maxsize)

    def chunks(self, item: Item) -> Iterator[bytes]:
        from windlass.reconcile.artifact_reader import find

        return find(self._run, self._kept, self._objects, item["path"], item["step"], item["item"] or "").chunks
