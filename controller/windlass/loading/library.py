"""One library at its locked commit: what it offers, read when it is asked for.

In: its name, its lock entry, its files. Out: an `Offer` for the folder of an action or the file of a workflow; a
workflow comes with the library's own windlass.yaml, which also says what other libraries it may use.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from windlass.frozen import dataclass
from windlass.loading.definition_files import ENDINGS, SETTINGS
from windlass.loading.entrypoints import read_scripts, used_action
from windlass.loading.examine import Circumstances, examine
from windlass.loading.text import MAX_BYTES
from windlass.plan.uses import Used, is_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.loading.checks.site import Checkers
    from windlass.loading.definition_files import Listed
    from windlass.loading.examine import Examined
    from windlass.loading.facts import Facts
    from windlass.loading.library_files import LibraryFiles
    from windlass_schemas import repository


@dataclass(frozen=True, slots=True)
class Offer:
    """An action or a workflow of a library; `mistake` says where and why it cannot be used."""

    used: Used | None = None
    facts: Facts | None = None
    mistake: str | None = None


class Library:
    def __init__(
        self, name: str, files: LibraryFiles, checkers: Checkers, *, path: str | None = None, commit: str | None = None
    ) -> None:
        """`path`: where in its repository it is. `commit` None: it comes with the program."""
        self.name = name
        self._path = path
        self._commit = commit
        self._listed = {entry.path: entry for entry in files.entries}
        self._read = files.read
        self._checkers = checkers
        self._offers: dict[str, Offer | None] = {}

    def find(self, path: str) -> Offer | None:
        """`path` from the root of its repository; None when there is nothing, or nothing below the library's path."""
        if path not in self._offers:
            entry = self._entry(path) if self._is_inside(path) else None
            self._offers[path] = self._offer(path, entry) if entry is not None else None
        return self._offers[path]

    def place_of(self, name: str) -> str:
        """Where `alias/NAME` stands."""
        return f"{self._path}/{name}" if self._path else name

    @cached_property
    def names(self) -> list[str]:
        """Everything that `alias/NAME` may say."""
        prefix = f"{self._path}/" if self._path else ""
        paths = [path[len(prefix) :] for path in self._listed if path.startswith(prefix)]
        actions = {path.rpartition("/")[0] for path in paths if path.endswith(("/action.yaml", "/action.yml"))}
        files = [path for path in paths if path.endswith(ENDINGS) and path.rpartition("/")[0] not in actions]
        return sorted(actions) + [path for path in files if "/examples/" not in path and path != SETTINGS]

    @property
    def libraries(self) -> Mapping[str, repository.Library]:
        """What its own windlass.yaml names; nothing when that cannot be read."""
        return self._settings.model.libraries if self._settings is not None else {}

    @cached_property
    def _settings(self) -> Examined | None:
        """Its own windlass.yaml, when that can be used."""
        entry = self._listed.get(SETTINGS)
        if entry is None or entry.kind != "file" or entry.size > MAX_BYTES:
            return None
        found = examine(SETTINGS, "Repository", self._read([entry])[SETTINGS], Circumstances(None, self._checkers))
        return found if found.model is not None else None

    @property
    def _circumstances(self) -> Circumstances:
        model = self._settings.model if self._settings is not None else None
        return Circumstances(model, self._checkers, unsure=model is None)

    def _is_inside(self, path: str) -> bool:
        return self._path is None or path.startswith(f"{self._path}/")

    def _entry(self, path: str) -> Listed | None:
        names = (path,) if is_workflow(path) else (f"{path}/action.yaml", f"{path}/action.yml")
        return next((self._listed[name] for name in names if name in self._listed), None)

    def _offer(self, path: str, entry: Listed) -> Offer:
        kind: Literal["Workflow", "Action"] = "Workflow" if is_workflow(path) else "Action"
        if entry.kind != "file" or entry.size > MAX_BYTES:
            return Offer(mistake=f"{entry.path} is no file of at most {MAX_BYTES} bytes")
        data = self._read([entry]).get(entry.path)
        if data is None:
            return Offer(mistake=f"{entry.path} cannot be read")
        found = examine(entry.path, kind, data, self._circumstances)
        scripts, mistakes = read_scripts([found.result], self._listed, self._read)
        wrong = next((p for p in (*found.result.problems, *mistakes) if p.severity == "error"), None)
        if wrong is not None or found.value is None:
            span = wrong.span if wrong is not None else None
            at = f"{entry.path}:{span.line}:{span.column}" if span is not None else entry.path
            return Offer(mistake=f"{at}: {wrong.message if wrong is not None else 'it cannot be read'}")
        settings = self._settings.value if self._settings is not None else None
        if kind == "Action":
            used = used_action(found.value, path, scripts.get(path), self.name, self._commit)
        else:
            used = Used(kind, found.value, path, None, self.name, self._commit, settings)
        return Offer(used, found.result.facts)
