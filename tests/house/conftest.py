"""What the structure tests read: the files that git knows, and their imports."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"windlass": ROOT / "controller/windlass", "windlass_schemas": ROOT / "schemas/windlass_schemas"}


class Import(NamedTuple):
    """One imported module: where it stands, its full dotted name, and whether only a type checker sees it."""

    file: Path
    line: int
    module: str
    typing_only: bool


class House:
    """The checkout: tracked and new files (ignored ones are nobody's business), and the code in them."""

    root = ROOT

    def __init__(self) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        names = sorted({name.decode() for name in listed.stdout.split(b"\0") if name})
        self.files = [ROOT / name for name in names if (ROOT / name).is_file()]
        self._imports: dict[Path, list[Import]] = {}

    def named(self, *endings: str) -> list[Path]:
        return [path for path in self.files if path.suffix in endings]

    def code(self, *folders: str) -> list[Path]:
        """Python files below the folders (all of the product's when none is named)."""
        roots = [ROOT / folder for folder in folders] or list(PACKAGES.values())
        return [path for path in self.named(".py") if any(path.is_relative_to(root) for root in roots)]

    def relative(self, path: Path) -> str:
        return path.relative_to(ROOT).as_posix()

    def imports(self, path: Path) -> list[Import]:
        """Every import of a file, `from a import b` as `a` and `a.b`, wherever it stands."""
        if path not in self._imports:
            self._imports[path] = _imports(path, ast.parse(path.read_text(), str(path)), typing_only=False)
        return self._imports[path]


def _imports(path: Path, node: ast.AST, *, typing_only: bool) -> list[Import]:
    found: list[Import] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            found += [Import(path, child.lineno, alias.name, typing_only) for alias in child.names]
        elif isinstance(child, ast.ImportFrom) and child.module:
            found.append(Import(path, child.lineno, child.module, typing_only))
            found += [Import(path, child.lineno, f"{child.module}.{alias.name}", typing_only) for alias in child.names]
        elif isinstance(child, ast.If) and _is_type_checking(child.test):
            for statement in child.body:
                found += _imports(path, ast.Module([statement], []), typing_only=True)
            for statement in child.orelse:
                found += _imports(path, ast.Module([statement], []), typing_only=typing_only)
        else:
            found += _imports(path, child, typing_only=typing_only)
    return found


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


@pytest.fixture(scope="session")
def house() -> House:
    return House()
