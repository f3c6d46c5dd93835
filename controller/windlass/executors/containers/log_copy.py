"""What a container's program wrote, copied into its log: once, however often it is read from its beginning.

In: bytes as a stream has them. Out: those in the log that are not there yet: a stream which is read again continues it
without a gap or a double. `millis_of` reads the times that engines and clusters give.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from windlass.masking import Mask, MaskedStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.executors.attempt_folder.log_file import LogFile


def millis_of(moment: str) -> int:
    """As an engine writes times; what is none is the epoch."""
    try:
        return int(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return 0


class Copy:
    """What a program wrote → its log, with `***` for what must not show. `head`: bytes of our own before it.

    One Copy reads a stream once, from its beginning: what it would write and what is there already are the same bytes.
    """

    def __init__(self, log: LogFile, masks: Sequence[str], head: int) -> None:
        self._log = log
        self._masked = MaskedStream(Mask(masks))
        self._skip = max(0, log.size - head)
        self.size = head  # of the log when it holds all that was fed

    @property
    def caught_up(self) -> bool:
        """All that was there already has been passed over."""
        return not self._skip

    def feed(self, data: bytes) -> None:
        self._write(self._masked.feed(data))

    def flush(self) -> None:
        self._write(self._masked.flush())

    @property
    def mask(self) -> Mask:
        """Of all that must not show: with what the program has said itself so far."""
        return self._masked.mask

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        passed = min(self._skip, len(data))
        self._skip -= passed
        if len(data) > passed:
            self._log.write(data[passed:])
