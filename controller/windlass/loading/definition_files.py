"""Which files of a repository are definitions, and of which kind.

In: paths, and the folders that windlass.yaml names. Out: the kind that a file must have. Rules: fine print, "More of
the same", Files: every .yaml and .yml below the workflow path; under the action path only `*/action.y(a)ml` and
`*/examples/*.y(a)ml`; under the test path only `*.test.y(a)ml`; other files are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    # The bytes of each entry by its path; one that cannot be read is left out.
    Reader = Callable[[Sequence["Listed"]], Mapping[str, bytes]]

SETTINGS = "windlass.yaml"
LOCK = "windlass.lock"
ROOT = "."  # as the folder of the actions: a repository that has nothing else
ENDINGS = (".yaml", ".yml")

Kind = Literal["Workflow", "Action", "Test", "Repository", "Example"]


class Listed(Protocol):
    """One entry of a listing: of a commit, or of a work tree."""

    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> str:
        """`file`, `symlink` or `submodule`."""

    @property
    def size(self) -> int: ...
    @property
    def blob(self) -> str:
        """The object id of the content; "" in a work tree."""


class Folders(Protocol):
    """Where definitions are: `paths` of windlass.yaml."""

    @property
    def workflows(self) -> str: ...
    @property
    def actions(self) -> str: ...
    @property
    def tests(self) -> str: ...


class Usual(NamedTuple):
    """Where they are when windlass.yaml says nothing, for those who need no model of it."""

    workflows: str = "workflows"
    actions: str = "actions"
    tests: str = "tests"


def kind_of(path: str, paths: Folders) -> Kind | None:
    """The kind of definition that belongs at `path`, None when the file is none."""
    if path == SETTINGS:
        return "Repository"
    if not path.endswith(ENDINGS):
        return None
    if path.startswith(paths.workflows + "/"):
        return "Workflow"
    if path.startswith(paths.tests + "/"):
        return "Test" if path.endswith((".test.yaml", ".test.yml")) else None
    within = "" if paths.actions == ROOT else paths.actions + "/"
    if path.startswith(within):
        parts = path[len(within) :].split("/")
        if len(parts) == 2 and parts[1] in ("action.yaml", "action.yml"):
            return "Action"
        return "Example" if len(parts) == 3 and parts[1] == "examples" else None
    return None


def hides_definitions(entry: Listed, paths: Folders) -> bool:
    """A link or submodule that stands where a definition, or a folder of them, could be."""
    if entry.kind == "file":
        return False
    if kind_of(entry.path, paths) is not None:
        return True
    for folder in (paths.workflows, paths.actions, paths.tests):
        if folder == entry.path or folder.startswith(entry.path + "/"):
            return entry.kind == "symlink"
        if folder == ROOT or entry.path.startswith(folder + "/"):
            return entry.kind == "symlink" and "." not in entry.path.rpartition("/")[2]
    return False
