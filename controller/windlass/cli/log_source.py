"""Where `windlass logs` reads: a server, or the folder that `windlass run` left behind.

In: the run's id and the flags. Out: run objects and log bytes by offset, the same from both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from windlass.cli.client import Client, server_url
from windlass.cli.data_folder import data_folder
from windlass.errors import NotFoundError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

CHUNK = 1024 * 1024
RUN_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")  # a ULID: nothing that could leave the folder


class LogSource(Protocol):
    def run(self) -> dict[str, Any]:
        """The run object with its steps. Raises NotFoundError."""

    def log(self, step: str, attempt: int | None, offset: int, item: str = "") -> tuple[bytes, int, bool]:
        """Bytes from the offset, the next offset, whether the log is complete. Raises NotFoundError."""


def log_source(arguments: argparse.Namespace) -> LogSource:
    """A run of this machine's own when there is one of that id, else the server's.

    Raises ServerUnreachableError when it is neither here nor is there a server to ask.
    """
    named = getattr(arguments, "server", None)
    folder = data_folder(arguments.data) / "local" / arguments.run
    if not named and RUN_ID.fullmatch(arguments.run) and (folder / "ledger.db").is_file():
        return LocalLogs(folder, arguments.run)
    if server_url(arguments) is None and RUN_ID.fullmatch(arguments.run) is None:
        raise NotFoundError(f"{arguments.run} is no run's id")
    return RemoteLogs(Client.of(arguments), arguments.run)


class RemoteLogs:
    def __init__(self, client: Client, run: str) -> None:
        self._client = client
        self._path = f"/runs/{quote(run, safe='')}"

    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get(self._path)
        return found

    def log(self, step: str, attempt: int | None, offset: int, item: str = "") -> tuple[bytes, int, bool]:
        params: dict[str, Any] = {"offset": offset}
        if attempt is not None:
            params["attempt"] = attempt
        if item:
            params["item"] = item
        return self._client.log(f"{self._path}/steps/{quote(step, safe='')}/logs", params)


class LocalLogs:
    def __init__(self, folder: Path, run: str) -> None:
        from windlass.executors.local.folders import Folders
        from windlass.store.ledger import Ledger

        self._run = run
        self._folders = Folders(folder)
        self._ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")

    def run(self) -> dict[str, Any]:
        from windlass.runs.present import run_object

        found = self._ledger.reads.whole_run(self._run)
        if found is None:
            raise NotFoundError(f"no run {self._run}")
        return run_object(*found)

    def log(self, step: str, attempt: int | None, offset: int, item: str = "") -> tuple[bytes, int, bool]:
        from windlass.reconcile.log_reader import read_log

        chunk = read_log(
            self._run,
            self._ledger.reads.steps(self._run),
            self._folders.log,
            step,
            attempt=attempt,
            item=item,
            offset=offset,
            limit=CHUNK,
        )
        return chunk.data, chunk.next_offset, chunk.complete
