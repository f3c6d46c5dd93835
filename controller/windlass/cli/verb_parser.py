"""The parser of one verb.

In: its words. Out: what argparse makes of them; with `mixed`, flags may also stand between the words, which argparse
does not allow by itself for verbs of several: `secrets encrypt --in-place FILE`.
"""

from __future__ import annotations

import argparse
from typing import Any


class VerbParser(argparse.ArgumentParser):
    mixed = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if not self.mixed:
            return super().parse_known_args(args, namespace)
        self.mixed = False  # what follows asks this method again
        return self.parse_known_intermixed_args(args, namespace)
