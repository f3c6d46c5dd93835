"""What a file's bytes say about themselves: their id in git, and whether they are only a pointer.

Pure functions over bytes, for loading (caches keyed by content) and checking.
"""

from __future__ import annotations

import hashlib

_LFS = b"version https://git-lfs.github.com/spec/"
_LONGEST_POINTER = 1024


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """git's object id of a file with this content: `sha1`, or `sha256` for a repository in that format."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


def is_lfs_pointer(data: bytes) -> bool:
    """Whether the content is a Git LFS pointer instead of the file (G08; git-lfs, docs/spec.md)."""
    return len(data) < _LONGEST_POINTER and data.startswith(_LFS) and b"\noid sha256:" in data
