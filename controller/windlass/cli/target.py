"""TARGET of `windlass run`: a workflow file, or a name of the repository in the current folder.

In: the word. Out: the workflow's model with everything a plan needs. A word that ends in .yaml or .yml, or that holds a
`/` and exists, is a file; anything else is a name (fine print, "Command line").
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.work_tree import WorkTree, find_root, load_work_tree, quick_names, repository_name
from windlass.errors import ProblemsError, UsageError
from windlass.loading.closure import Closures
from windlass.sources.work_tree import head_branch, head_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.plan.uses import Used
    from windlass.problems import Problem
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Target:
    root: Path
    repository: str
    commit: str | None
    workflow: Workflow
    settings: Repository | None
    text: str
    problems: tuple[Problem, ...]
    text_of: Callable[[str], str | None]
    uses: Mapping[str, Used]
    branch: str | None = None


def find_target(word: str) -> Target:
    """Raises UsageError, or ProblemsError when the file is broken."""
    if word.endswith((".yaml", ".yml")) or ("/" in word and Path(word).exists()):
        path = Path(word)
        if not path.is_file():
            raise UsageError(f"{word} does not exist")
        root = find_root(path)
        tree = load_work_tree(root, only=path.resolve().relative_to(root).as_posix(), network=True)
        return _of_file(tree, root, path.resolve().relative_to(root).as_posix())
    root = find_root(Path())
    return _quickly(root, word) or _of_name(load_work_tree(root, network=True), root, word)


def _quickly(root: Path, name: str) -> Target | None:
    """Where each workflow says its name plainly and one says this one, the others need not be loaded."""
    names = quick_names(root)
    files = [file for file, found in names.items() if found == name]
    if len(files) != 1 or None in names.values():
        return None
    tree = load_work_tree(root, only=files[0], network=True)
    found = tree.loaded.workflows.get(name)
    return _target(tree, root, name) if found is not None and found.path == files[0] else None


def _of_file(tree: WorkTree, root: Path, file: str) -> Target:
    for loaded in tree.loaded.workflows.values():
        if loaded.path == file:
            return _target(tree, root, loaded.name)
    problems = [p for p in tree.loaded.problems if p.file == file]
    if problems:
        raise ProblemsError(problems, tree.text_of)
    raise UsageError(f"{file} is no workflow of {root}", "workflows stand below workflows/, see windlass.yaml `paths`")


def _of_name(tree: WorkTree, root: Path, name: str) -> Target:
    if name in tree.loaded.workflows:
        return _target(tree, root, name)
    claimed = {found.path for found in tree.loaded.broken if name in (found.name, Path(found.path).stem)}
    broken = [p for p in tree.loaded.problems if p.file in claimed and p.severity == "error"]
    if broken:
        raise ProblemsError(broken, tree.text_of)
    close = difflib.get_close_matches(name, tree.loaded.workflows, 1)
    known = ", ".join(sorted(tree.loaded.workflows)) or "none"
    raise UsageError(f"no workflow {name} in {root}", f"did you mean {close[0]}?" if close else f"there are: {known}")


def _target(tree: WorkTree, root: Path, name: str) -> Target:
    loaded = tree.loaded.workflows[name]
    return Target(
        root=root,
        repository=repository_name(root),
        commit=head_commit(root),
        workflow=loaded.model,
        settings=tree.loaded.repository,
        text=loaded.text,
        text_of=tree.text_of,
        uses=Closures(tree.loaded).of(name),
        branch=head_branch(root),
        problems=tuple(p for p in tree.loaded.problems if p.file in (loaded.path, "windlass.yaml")),
    )
