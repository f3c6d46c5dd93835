"""`windlass secrets encrypt FILE`: a plain file becomes one that sops and Windlass open.

In: a file (`-`: standard input, with `--as` for its name), for whom: `--age`, or the creation rules of `.sops.yaml`.
Out: the encrypted file on standard output, or in place of the plain one. A file that is encrypted already is refused,
and so is what would lose something: several documents.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError, UsageError
from windlass.secrets.sops.creation import Rule, rule_for, split
from windlass.secrets.sops.emitting import emitted
from windlass.secrets.sops.plain import read_plain
from windlass.secrets.sops.trees import format_of
from windlass.secrets.sops.writing import encrypted_tree

if TYPE_CHECKING:
    import argparse


def encrypt(arguments: argparse.Namespace) -> int:
    """Raises UsageError."""
    if not arguments.name:
        raise UsageError("secrets encrypt needs a file", "windlass secrets encrypt secrets/production.yaml")
    if arguments.name == "-" and (arguments.in_place or not arguments.named):
        raise UsageError("standard input needs --as NAME and no --in-place", "--as secrets/production.yaml")
    name = Path(arguments.named or arguments.name)
    data = _read(arguments.name)
    rule = Rule((split(arguments.age),)) if arguments.age else rule_for(name)
    made = _encrypted(data, name, rule)
    if arguments.in_place:
        _replace(Path(arguments.name), made)
    else:
        sys.stdout.buffer.write(made)
    return 0


def _read(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _encrypted(data: bytes, name: Path, rule: Rule) -> bytes:
    try:
        format_ = format_of(name.name)
        document, comments = read_plain(data, format_)
    except SecretError as error:
        raise UsageError(f"{name}: {error}") from error
    if comments:
        print(f"{name}: its comments are left out (sops encrypt keeps them)", file=sys.stderr)
    tree: dict[str, Any] = encrypted_tree(document, rule)
    return emitted(tree, format_)


def _replace(path: Path, data: bytes) -> None:
    """Whole or not at all, with the rights that the plain file had."""
    try:
        fd, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        Path(made).chmod(path.stat().st_mode & 0o777)
        Path(made).replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
