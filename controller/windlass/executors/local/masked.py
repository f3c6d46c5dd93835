"""A log and outputs without secrets, written by the only process that knows them: the warden.

In: the secrets of a launch and what its program writes. Out: the same with `***` in their place, in the log before it
reaches the disk, and in $WINDLASS_OUTPUT before anybody reads it. Imported only for attempts that have secrets, or
that say one themselves (`scanned.py`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from windlass.masking import Mask, MaskedStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.executors.attempt_folder.log_file import LogFile


class MaskedLog:
    """As LogFile, which it writes to."""

    def __init__(self, log: LogFile, masks: Sequence[str]) -> None:
        self._log = log
        self._stream = MaskedStream(Mask(masks))

    @property
    def mask(self) -> Mask:
        """Of all that must not show by now."""
        return self._stream.mask

    def write(self, data: bytes) -> None:
        shown = self._stream.feed(data)
        if shown:
            self._log.write(shown)

    @property
    def size(self) -> int:
        """Where a new part of the log begins: what was held back belongs to the one before."""
        self._log.write(self._stream.flush())
        return self._log.size

    @property
    def complaint(self) -> str | None:
        return self._log.complaint

    def close(self) -> None:
        self._log.write(self._stream.flush())
        self._log.close()


def mask_outputs(path: str, mask: Mask, limit: int) -> None:
    """Write the file anew when it holds a secret: whoever reads it, now or after a restart, finds none.

    What is longer than `limit` is refused anyway: blanks of that length stand for it. Raises OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        data = file.read(limit + 1)
    shown = mask.whole(data) if len(data) <= limit else b" " * (limit + 1)
    if shown == data:
        return
    made = f"{path}.masked"
    fd = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(shown)
    os.replace(made, path)
