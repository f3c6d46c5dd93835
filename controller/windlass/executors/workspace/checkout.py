"""Checkout: the files of the repository, put into the working directory before the program starts.

In: a function that writes a repository's files into a folder. Out: the first piece of a workspace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import Checkout, Launch

    Fill = Callable[[Checkout, Path], None]


class CheckoutFiles:
    """`fill` makes the folder and writes the files of a Checkout. Raises SourceError or OSError when it cannot."""

    cause = "checkout-failed"
    verb = "checkout"

    def __init__(self, fill: Fill) -> None:
        self._fill = fill

    def wants(self, launch: Launch) -> bool:
        return launch.checkout is not None

    def prepare(self, launch: Launch, place: Place) -> Launch:
        assert launch.checkout is not None
        self._fill(launch.checkout, place.work)
        return launch
