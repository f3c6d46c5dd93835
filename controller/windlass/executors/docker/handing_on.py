"""$WINDLASS_ENV in a container: what a part hands on to the parts after it.

In: a container whose driver asks for what a part wrote. Out: the variables as shell text for the parts that follow,
and the word that it was taken, with what is wrong with it if it cannot be. Asked again, as a log that is read again
does, it does nothing: what was answered stands in the container.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.env_file import MOST, Refusal, take_variables
from windlass.executors.containers.driver import VARIABLES, assignments
from windlass.executors.containers.folder import ROOT
from windlass.executors.containers.packing import one_file
from windlass.executors.docker.api import Cutter, Refused

if TYPE_CHECKING:
    from windlass.executors.docker.api import Engine


def hand_on(engine: Engine, container: str, part: str) -> None:
    """Raises EngineAway."""
    answered = f"taken-{part}"
    try:
        if _read(engine, container, answered) is not None:
            return
        written = _read(engine, container, "env") or b""
        before = _read(engine, container, VARIABLES) or b""
        try:
            answer, after = "", before + _taken(written).encode("utf-8", "surrogateescape")
        except (Refusal, ValueError) as refusal:
            answer, after = " ".join(str(refusal).split()), before
        _put(engine, container, {VARIABLES: after})
        _put(engine, container, {answered: answer.encode()})
    except (Refused, tarfile.TarError):
        return  # it has ended meanwhile


def _taken(written: bytes) -> str:
    """The same rules as on this machine, by the same code, which reads a file. Raises Refusal and ValueError."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "env").write_bytes(written)
        return assignments(take_variables(folder))


def _read(engine: Engine, container: str, name: str) -> bytes | None:
    """None: there is no such file."""
    path = f"/containers/{container}/archive"
    try:
        with engine.exchange("GET", path, query={"path": f"{ROOT}/{name}"}) as answer:
            return one_file(answer, MOST + 1)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


def _put(engine: Engine, container: str, files: dict[str, bytes]) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as made:
        for name, data in files.items():
            info = tarfile.TarInfo(f"{ROOT.lstrip('/')}/{name}")
            info.size, info.mode = len(data), 0o644
            made.addfile(info, io.BytesIO(data))
    tar.seek(0)
    engine.put_archive(container, tar, len(tar.getvalue()), Cutter())
