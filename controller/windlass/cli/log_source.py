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
from windlass.runs.model import StepKey
from windlass.runs.nesting import placed, segment

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from windlass.runs.model import AttemptKey

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
    folder = local_folder(arguments)
    if folder is not None:
        return LocalLogs(folder, arguments.run)
    if server_url(arguments) is None and RUN_ID.fullmatch(arguments.run) is None:
        raise NotFoundError(f"{arguments.run} is no run's id")
    return RemoteLogs(Client.of(arguments), arguments.run)


def local_folder(arguments: argparse.Namespace) -> Path | None:
    """Where `windlass run` left this run; None when a server is named or there is no such run here."""
    if getattr(arguments, "server", None) or RUN_ID.fullmatch(arguments.run) is None:
        return None
    folder = data_folder(arguments.data) / "local" / arguments.run
    return folder if (folder / "ledger.db").is_file() else None


class RemoteLogs:
    def __init__(self, client: Client, run: str) -> None:
        self._client = client
        self._path = f"/runs/{quote(run, safe='')}"

    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get(self._path)
        self._complete(found["steps"], "")
        return found

    def _complete(self, steps: dict[str, Any], above: str) -> None:
        """Fetch the items of long loops, of which a run object lists the first ones."""
        for name, step in steps.items():
            path = placed(above, name)
            cursor = step.pop("itemsNext", None)
            if cursor is not None:
                step["items"] += self._client.items(f"{self._path}/steps/{quote(path, safe='')}/items", cursor)
            for item, of in (("", step), *((one["key"], one) for one in step["items"] or ())):
                if "steps" in of:
                    self._complete(of["steps"], placed(above, segment(StepKey(name, item))))

    def log(self, step: str, attempt: int | None, offset: int, item: str = "") -> tuple[bytes, int, bool]:
        params: dict[str, Any] = {"offset": offset}
        if attempt is not None:
            params["attempt"] = attempt
        if item:
            params["item"] = item
        return self._client.log(f"{self._path}/steps/{quote(step, safe='')}/logs", params)


class LocalLogs:
    def __init__(self, folder: Path, run: str) -> None:
        from windlass.store.ledger import Ledger

        self._run = run
        self._folder = folder
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
            self._ledger.reads,
            self._run,
            self._path,
            step,
            attempt=attempt,
            item=item,
            offset=offset,
            limit=CHUNK,
        )
        return chunk.data, chunk.next_offset, chunk.complete

    def _path(self, key: AttemptKey) -> Path:
        """What was taken over from another run has its log in the folder of that one."""
        from windlass.executors.attempt_folder.folders import Folders

        return Folders(self._folder.parent / key.run).log(key)
