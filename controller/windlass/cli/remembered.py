"""Answers about a repository, kept as long as no definition in it has changed.

In: a root, a question as text. Out: what was answered last time (JSON), or None. The rules are those of
`windlass.cli.unchanged`: it is faster to list the files than to import what reads them. Kept are the answers to a few
questions of one state of a repository; another state forgets them all.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from windlass.cli.unchanged import Listing, digest
from windlass.loading.stamp import RACY, default_folder

if TYPE_CHECKING:
    from pathlib import Path

MOST = 50  # answers of one repository
LONGEST = 1 << 20  # characters of them together


class Remembered:
    def __init__(self, root: Path, question: str) -> None:
        self._question = question
        self._listing = Listing(root)
        self._file = default_folder() / f"answers-{digest(str(root))[:32]}.json"

    def find(self) -> Any | None:
        return self._answers().get(self._question)

    def keep(self, answer: Any) -> None:
        """Nothing is lost where it cannot be kept."""
        others = [(question, kept) for question, kept in self._answers().items() if question != self._question]
        answers = dict([*others[-MOST + 1 :], (self._question, answer)])
        text = json.dumps({"key": self._listing.key, "answers": answers})
        temporary = self._file.with_suffix(f".{os.getpid()}")
        if len(text) > LONGEST:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.touch(mode=0o600)  # values of the environment are nobody else's business
            temporary.write_text(text)
            temporary.replace(self._file)
        except OSError:
            return

    def _answers(self) -> dict[str, Any]:
        try:
            with self._file.open("rb") as stream:
                written = os.fstat(stream.fileno()).st_mtime_ns
                stored = json.loads(stream.read())
            if stored["key"] != self._listing.key or self._listing.newest >= written - RACY:
                return {}
            return dict(stored["answers"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}  # none yet, or damaged ones
