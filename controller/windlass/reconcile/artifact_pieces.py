"""Artifacts as pieces of a workspace: loaded before a program starts, saved after its end.

In: the object store. Out: a Preparation and a Collection for `executors.workspace`. Names in the store follow from the
attempt, so saving again after a crash replaces what was half saved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.artifacts import names
from windlass.artifacts.manifest import ManifestError
from windlass.artifacts.objects import NoObjectError, ObjectStoreError
from windlass.artifacts.selection import MissingError
from windlass.artifacts.transfer import Bounds, load, save
from windlass.artifacts.tree import RefusedError, Tree, shown
from windlass.executors.workspace.pieces import PieceError
from windlass.runs.artifacts import DETAIL
from windlass.runs.outputs import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.artifacts.objects import Objects
    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import ArtifactRef, Ended, Launch

MISSING, FAILED = "artifact-missing", "artifact-failed"


class LoadArtifacts:
    """`artifacts.load`."""

    cause = FAILED
    verb = "loading artifacts"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def wants(self, launch: Launch) -> bool:
        return bool(launch.loads)

    def prepare(self, launch: Launch, place: Place) -> Launch:
        place.work.mkdir(mode=0o700, exist_ok=True)
        with Tree(place.work) as tree:
            for path, ref in launch.loads.items():
                self._load(tree, path, ref, place)
        return launch

    def _load(self, tree: Tree, path: str, ref: ArtifactRef, place: Place) -> None:
        what = f"artifact {ref.name} of step {ref.step}" + (f" ({ref.item})" if ref.item else "")
        base = names.of_artifact(ref.run, ref.step, ref.item, ref.attempt, ref.name)
        try:
            load(self._objects, base, tree, path, check=place.check)
        except NoObjectError as error:
            raise PieceError(MISSING, f"{what} of run {ref.run} is not in the object store any more") from error
        except (RefusedError, ManifestError, ObjectStoreError, OSError) as error:
            raise PieceError(FAILED, f"{what} cannot be loaded: {_text(error)}") from error


class SaveArtifacts:
    """`artifacts.save`, and outputs of type file, which are artifacts named like the output.

    On success whatever is missing is an error; a program that failed leaves what is there.
    """

    name = "artifacts"

    def __init__(self, objects: Objects, bounds: Bounds) -> None:
        self._objects = objects
        self._bounds = bounds

    def owes(self, launch: Launch) -> Mapping[str, Any] | None:
        if not launch.saves and not launch.file_outputs:
            return None
        return {"saves": {n: list(paths) for n, paths in launch.saves.items()}, "files": dict(launch.file_outputs)}

    def collect(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> Mapping[str, Any]:
        """`{"artifacts": {NAME: {"size", "files", "folder", "digest"}}}`; one file has its own digest."""
        good = ended.exit_code == 0 and ended.cause is None
        detail: dict[str, Any] = {}
        problems: list[PieceError] = []
        try:
            tree = Tree(place.work)
        except OSError as error:
            raise PieceError(MISSING, f"the working directory is gone: {error.strerror}") from error
        with tree:
            for name, patterns, bounds in self._wanted(owed, place, ended):
                try:
                    if name in owed["files"]:
                        _check_file(tree, name, patterns[0])
                    detail[name] = self._save(tree, name, patterns, bounds, place, good=good)
                except PieceError as error:
                    problems.append(error)
        problems = [problem for problem in problems if good or problem.cause != MISSING]
        if problems:
            raise PieceError(problems[0].cause, "; ".join(map(str, problems)), detail={DETAIL: detail})
        return {DETAIL: detail}

    def _wanted(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> list[tuple[str, Sequence[str], Bounds]]:
        wanted = [(name, patterns, self._bounds) for name, patterns in owed["saves"].items()]
        values = written(ended.outputs) if owed["files"] else {}
        for name, size in owed["files"].items():
            path = values.get(name)
            if isinstance(path, str):  # what is missing or no text is told with the outputs
                limit = self._bounds.size if size is None else min(size, self._bounds.size)
                wanted.append((name, [path.removeprefix(f"{place.work}/")], replace(self._bounds, size=limit)))
        return wanted

    def _save(
        self, tree: Tree, name: str, patterns: Sequence[str], bounds: Bounds, place: Place, *, good: bool
    ) -> Mapping[str, Any]:
        key = place.key
        base = names.of_artifact(key.run, key.path, key.item, key.number, name)
        try:
            manifest, digest = save(self._objects, base, tree, patterns, bounds, check=place.check, all_needed=good)
        except MissingError as error:
            raise PieceError(MISSING, f"artifact {name}: {error}") from error
        except (RefusedError, ObjectStoreError, OSError) as error:
            raise PieceError(FAILED, f"artifact {name}: {_text(error)}") from error
        return {
            "size": sum(file.size for file in manifest.files),
            "files": len(manifest.files),
            "folder": manifest.folder,
            "digest": digest if manifest.folder else manifest.files[0].digest,
        }


def _check_file(tree: Tree, name: str, path: str) -> None:
    """The value of an output of type file names one file, as it is: no glob, no folder."""
    try:
        kind = tree.kind(path) if path and not path.startswith("/") else None
    except (RefusedError, OSError) as error:
        raise PieceError(FAILED, f"output {name}: {_text(error)}") from error
    if kind == "folder":
        raise PieceError("output-type", f"output {name}: {shown(path)} is a folder; save it as an artifact")
    if kind is None:
        raise PieceError(MISSING, f"output {name}: there is no file {shown(path)} in the working directory")


def _text(error: Exception) -> str:
    """Without the machine's own paths."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
