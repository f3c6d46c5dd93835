"""What a run saved, as a list and as bytes.

In: a run's steps from the ledger, the object store. Out: entries `{name, step, item, path, size, digest, url}` in the
order of the steps, and one file of them. `path` is what stands in the URL: the artifact's name, and for one that is a
folder its name and the file's path. Steps that a rerun took over list what their attempts saved in the older run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from windlass.artifacts import names
from windlass.artifacts.objects import NoObjectError
from windlass.artifacts.transfer import manifest_at
from windlass.errors import ConflictError, NotFoundError
from windlass.runs.artifacts import saved
from windlass.runs.rerun import origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.artifacts.manifest import SavedFile
    from windlass.artifacts.objects import Objects
    from windlass.runs.model import Step, StepKey


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact as the ledger knows it. `base` is what its objects' names begin with."""

    step: StepKey
    name: str
    base: str
    size: int
    files: int
    folder: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Download:
    """One file: its own name, its size, its digest, and its chunks."""

    file_name: str
    size: int
    digest: str
    chunks: Iterator[bytes]


def artifacts_of(run: str, steps: Iterable[Step]) -> Iterator[Kept]:
    """Those of the last attempt of each step and item."""
    for step in steps:
        attempt = step.attempt
        for name, kept in saved(attempt).items():
            assert attempt is not None
            base = names.of_artifact(origin(run, attempt), *step.key, attempt.number, name)
            yield Kept(step.key, name, base, kept["size"], kept["files"], kept["folder"], kept["digest"])


def entries(run: str, kept: Iterable[Kept], objects: Objects, skip: int, most: int) -> list[dict[str, Any]]:
    """At most `most` files, after the first `skip`. Manifests are read for what is shown alone."""
    result: list[dict[str, Any]] = []
    for artifact in kept:
        if skip >= artifact.files:
            skip -= artifact.files
            continue
        for path, size, digest in _files(artifact, objects)[skip:]:
            result.append(_entry(run, artifact, path, size, digest))
            if len(result) == most:
                return result
        skip = 0
    return result


def _files(artifact: Kept, objects: Objects) -> list[tuple[str, int, str]]:
    if not artifact.folder:
        return [(artifact.name, artifact.size, artifact.digest)]
    try:
        manifest = manifest_at(objects, artifact.base)
    except NoObjectError:  # removed by retention
        return []
    return [(f"{artifact.name}/{file.path}", file.size, file.digest) for file in manifest.files]


def _entry(run: str, artifact: Kept, path: str, size: int, digest: str) -> dict[str, Any]:
    step, item = artifact.step
    where = urlencode({"step": step, **({"item": item} if item else {})})
    return {
        "name": artifact.name,
        "step": step,
        "item": item or None,
        "path": path,
        "size": size,
        "digest": digest,
        "url": f"/api/v1/runs/{quote(run, safe='')}/artifacts/{quote(path)}?{where}",
    }


def find(run: str, kept: Iterable[Kept], objects: Objects, path: str, step: str | None, item: str | None) -> Download:
    """Raises NotFoundError; ConflictError when several steps saved it and none was chosen; ObjectStoreError."""
    fitting = [
        artifact
        for artifact in kept
        if (path == artifact.name or path.startswith(f"{artifact.name}/"))
        and step in (None, artifact.step.path)
        and item in (None, artifact.step.item)
    ]
    longest = max((len(artifact.name) for artifact in fitting), default=0)
    fitting = [artifact for artifact in fitting if len(artifact.name) == longest]
    if not fitting:
        raise NotFoundError(f"run {run} has no artifact {path}")
    if len(fitting) > 1:
        places = ", ".join(_place(artifact.step) for artifact in fitting[:5]) + (", …" if len(fitting) > 5 else "")
        raise ConflictError(f"several steps saved {path}: choose one by ?step= and ?item= ({places})")
    return _opened(run, fitting[0], objects, path[longest + 1 :])


def _place(key: StepKey) -> str:
    return key.path + (f" item {key.item}" if key.item else "")


def _opened(run: str, artifact: Kept, objects: Objects, inside: str) -> Download:
    try:
        manifest = manifest_at(objects, artifact.base)
        index = manifest.index(inside) if artifact.folder and inside else 0
        if index is None or (inside and not artifact.folder) or not manifest.files:
            raise NotFoundError(f"artifact {artifact.name} of run {run} has no file {inside}")
        if artifact.folder and not inside and len(manifest.files) > 1:
            message = (
                f"artifact {artifact.name} is a folder of {len(manifest.files)} files: ask for {artifact.name}/PATH"
            )
            raise NotFoundError(message)
        file: SavedFile = manifest.files[index]
        chunks = objects.chunks(f"{artifact.base}/{index}")
    except NoObjectError as error:
        raise NotFoundError(f"artifact {artifact.name} of run {run} is not kept any more") from error
    return Download(file.path.rpartition("/")[2], file.size, file.digest, chunks)
