"""`files` of a step: written into the working directory or a home of the attempt's own, before the program starts.

In: a launch with files, evaluated. Out: a piece of the workspace (`pieces.py`). Contents go from memory into the file
and nowhere else: the launch that goes on has none, so no process, message or journal does. What holds a secret stays in
memory where it can (`Place.memory`): a link is in its place.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.folders import HOME
from windlass.executors.workspace.pieces import PieceError
from windlass.executors.workspace.rooted import link_file, write_file
from windlass.masking import Mask
from windlass.plan.step_paths import where

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import Launch


def home_of(place: Place) -> Path:
    """The attempt's own home, made when it is first asked for; it goes with the attempt's folder."""
    home = place.folder / HOME
    home.mkdir(mode=0o700, exist_ok=True)
    return home


def with_home(launch: Launch, home: Path) -> Launch:
    """`~` and HOME are the same, whatever the step's environment says."""
    return replace(launch, env={**launch.env, "HOME": str(home)})


def needs_home(paths: Iterable[str]) -> bool:
    return any(where(path).root == "home" for path in paths)


def _give(place: Place, root: Path, parts: Sequence[str], content: bytes, mode: int) -> None:
    """In memory; on the disk where there is none, or it is full. Raises OSError."""
    memory = place.memory()
    if memory is not None:
        name = hashlib.sha256("/".join((root.name, *parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        try:
            write_file(memory, [name], content, mode)
        except OSError:
            (memory / name).unlink(missing_ok=True)
        else:
            link_file(root, parts, memory / name)
            return
    write_file(root, parts, content, mode)


class StepFiles:
    cause = "files-failed"
    verb = "files"

    def wants(self, launch: Launch) -> bool:
        return bool(launch.files)

    def prepare(self, launch: Launch, place: Place) -> Launch:
        place.work.mkdir(mode=0o700, exist_ok=True)
        private = _private(launch)
        for file in launch.files:
            found = where(file.path)
            root = home_of(place) if found.root == "home" else place.work
            content = file.content.encode("utf-8", "surrogateescape")
            try:
                if file.path in private:
                    _give(place, root, found.parts, content, file.mode)
                else:
                    write_file(root, found.parts, content, file.mode)
            except OSError as error:
                raise PieceError(self.cause, f"cannot write the file {file.path}: {error.strerror}") from error
        if needs_home(file.path for file in launch.files):
            launch = with_home(launch, home_of(place))
        return replace(launch, files=(), private=private)


def _private(launch: Launch) -> tuple[str, ...]:
    """Which of them hold what must not show."""
    if not launch.masks:
        return ()
    mask = Mask(launch.masks)
    return tuple(f.path for f in launch.files if mask.stretches(f.content.encode("utf-8", "surrogateescape")))
