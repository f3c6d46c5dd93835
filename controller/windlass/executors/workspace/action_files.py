"""The files of an action that its script needs beside it: written into a folder of the attempt's own.

In: a launch with `action_files` (loading/entrypoints.py says what they are). Out: a piece of the workspace
(`pieces.py`). The script itself is written there with the launch, as every script is.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.executors.workspace.pieces import PieceError
from windlass.executors.workspace.rooted import write_file
from windlass.plan.actions import FOLDER

if TYPE_CHECKING:
    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import Launch


class ActionFiles:
    cause = "start-failed"
    verb = "writing the files of the action"

    def wants(self, launch: Launch) -> bool:
        return bool(launch.action_files)

    def prepare(self, launch: Launch, place: Place) -> Launch:
        script = place.folder / launch.script_name
        script.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        for path, file in launch.action_files.items():
            data = b64decode(file["base64"]) if "base64" in file else file["text"].encode()
            try:
                write_file(place.folder / FOLDER, path.split("/"), data, 0o700 if file.get("executable") else 0o600)
            except OSError as error:
                message = f"cannot write the file {path} of the action: {error.strerror}"
                raise PieceError(self.cause, message) from error
        return replace(launch, action_files={})
