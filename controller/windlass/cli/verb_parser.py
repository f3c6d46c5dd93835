"""The parser of one verb.

In: its words. Out: what argparse makes of them; with `mixed`, flags may also stand between the words, which argparse
does not allow by itself for verbs of several: `secrets encrypt --in-place FILE`. argparse makes a formatter for each
flag, which imports shutil to ask how wide the terminal is: three packers of files, for a number.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any


class Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """As `shutil.get_terminal_size` finds it."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told) > 0:
        return int(told)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):  # closed, or no terminal
        return 80


class VerbParser(argparse.ArgumentParser):
    mixed = False

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, **given})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if not self.mixed:
            return super().parse_known_args(args, namespace)
        self.mixed = False  # what follows asks this method again
        return self.parse_known_intermixed_args(args, namespace)
