"""One server on one data folder: an exclusive lock that ends with its process, and `server.json` beside it.

In: the folder. Out: a context that holds the lock. A second server is refused and told the first one's pid.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any, Self

from windlass.errors import UsageError


class DataLock:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = (self._folder / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the data folder {self._folder} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise UsageError(
                f"the data folder {self._folder} is in use by another server, pid {holder}",
                "stop it, or choose another folder with --data",
            ) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def announce(self, url: str) -> None:
        """Tell the other verbs where the server is."""
        target = self._folder / "server.json"
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
        fresh.replace(target)

    def __exit__(self, *_: Any) -> None:
        assert self._file is not None
        (self._folder / "server.json").unlink(missing_ok=True)
        self._file.close()
