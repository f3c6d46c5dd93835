"""The log of an attempt until there is something to hide in it.

In: what the program writes, the secrets that it was given, and how a log that hides is made. Out: the same; with
secrets from the first byte on as a `MaskedLog` has it, else from the first `::add-mask::VALUE` on. That one is costly
to import: hence this one before it, so that no program waits for it to start.
"""

from __future__ import annotations

import sys

from windlass.mask_commands import Commands

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from windlass.executors.attempt_folder.log_file import LogFile
    from windlass.executors.local.masked import MaskedLog
    from windlass.masking import Mask


def find_packages(folder: str) -> None:
    """A warden begins without them."""
    if folder not in sys.path:
        sys.path.append(folder)


def shown(message: str | None, launch: dict[str, Any]) -> str | None:
    """What is told of an attempt, which may name what its environment holds."""
    if not message or not launch["masks"]:
        return message
    find_packages(launch["packages"])
    from windlass.masking import masked_text

    return masked_text(message, launch["masks"])


class ScannedLog:
    """As LogFile, which it writes to."""

    def __init__(self, log: LogFile, hiding: Callable[[LogFile, list[str]], MaskedLog], masks: list[str]) -> None:
        self._log = log
        self._hiding = hiding
        self._masks = masks
        self._commands = Commands()
        self._masked: MaskedLog | None = None

    @property
    def mask(self) -> Mask | None:
        """None: nothing is to be hidden."""
        if self._masks and self._masked is None:
            self._masked = self._hiding(self._log, self._masks)
        return self._masked.mask if self._masked is not None else None

    def write(self, data: bytes) -> None:
        if self._masked is None:
            values = self._masks
            if not values:
                shown, value, data = self._commands.split(data)
                if shown:
                    self._log.write(shown)
                if value is None:
                    return
                values = [value]
            self._masked = self._hiding(self._log, values)
        self._masked.write(data)

    @property
    def size(self) -> int:
        if self._masked is not None:
            return self._masked.size
        self._flush()
        return self._log.size

    @property
    def complaint(self) -> str | None:
        return self._log.complaint

    def close(self) -> None:
        self._flush()
        (self._masked or self._log).close()

    def _flush(self) -> None:
        if self._masked is None:
            shown, value = self._commands.flush()
            if shown:
                self._log.write(shown)
            if value is not None:
                self._masked = self._hiding(self._log, [value])
