"""Images without an engine: an archive that containerd imports and `docker load` takes, from layers that are tar files.

In: layers (plain tar files), what is to be run, a name. Out: one file in the OCI layout, with Docker's list of contents
beside. The same content gives the same bytes: nothing of the time or the user who builds gets in.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import IO, Any

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
_OCI = "application/vnd.oci.image"


class Layer:
    """Files of one layer, added in any order: `write` sorts them."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[tarfile.TarInfo, bytes | Path]] = {}

    def folder(self, path: str, mode: int = 0o755, owner: int = 0) -> None:
        self._add(path, tarfile.DIRTYPE, mode, b"", owner=owner)

    def file(self, path: str, content: bytes | Path, mode: int = 0o644) -> None:
        self._add(path, tarfile.REGTYPE, mode, content)

    def link(self, path: str, target: str) -> None:
        self._add(path, tarfile.SYMTYPE, 0o777, b"", target)

    def tree(self, path: str, source: Path, skip: tuple[str, ...] = ("__pycache__",)) -> None:
        """A folder of this machine with all that is below, but names in `skip`."""
        self.folder(path)
        for found in sorted(source.iterdir()):
            below = f"{path}/{found.name}"
            if found.name in skip:
                continue
            if found.is_symlink():
                self.link(below, str(found.readlink()))
            elif found.is_dir():
                self.tree(below, found, skip)
            else:
                self.file(below, found, 0o755 if found.stat().st_mode & 0o100 else 0o644)

    def _add(
        self, path: str, kind: bytes, mode: int, content: bytes | Path, target: str = "", *, owner: int = 0
    ) -> None:
        name = path.strip("/")
        parent = name.rpartition("/")[0]
        if parent and parent not in self._entries:
            self.folder(parent)
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.linkname, info.uid, info.gid = kind, mode, target, owner, owner
        info.size = content.stat().st_size if isinstance(content, Path) else len(content)
        self._entries[name] = (info, content)

    def write(self, path: Path) -> Path:
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as made:
            for _, (info, content) in sorted(self._entries.items()):
                if isinstance(content, Path):
                    with content.open("rb") as file:
                        made.addfile(info, file)
                else:
                    made.addfile(info, io.BytesIO(content))
        return path


def write(path: Path, name: str, layers: list[Path], run: dict[str, Any]) -> None:
    """An image called `name`; `run` as the OCI configuration's `config` (Entrypoint, Cmd, User, Env, WorkingDir)."""
    made = path.with_name(f"{path.name}.making")
    config = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}" for layer in layers]},
    }
    with tarfile.open(made, "w", format=tarfile.GNU_FORMAT) as archive:
        described = [_blob(archive, layer, f"{_OCI}.layer.v1.tar") for layer in layers]
        configured = _blob(archive, _json(config), f"{_OCI}.config.v1+json")
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": configured,
            "layers": described,
        }
        listed = _blob(archive, _json(manifest), f"{_OCI}.manifest.v1+json")
        listed["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}
        _member(archive, "index.json", _json({"schemaVersion": 2, "manifests": [listed]}))
        _member(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        docker = {"Config": _path(configured), "RepoTags": [name], "Layers": [_path(layer) for layer in described]}
        _member(archive, "manifest.json", _json([docker]))
    made.replace(path)


def _blob(archive: tarfile.TarFile, content: bytes | Path, kind: str) -> dict[str, Any]:
    digest = _digest(content)
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    described = {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}
    if isinstance(content, Path):
        with content.open("rb") as file:
            _member(archive, _path(described), file, size)
    else:
        _member(archive, _path(described), content)
    return described


def _member(archive: tarfile.TarFile, name: str, content: bytes | IO[bytes], size: int = 0) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content) if isinstance(content, bytes) else size
    archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else content)


def _path(described: dict[str, Any]) -> str:
    return "blobs/" + str(described["digest"]).replace(":", "/")


def _digest(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
