"""A whole repository: its listing → definitions that are fit to run, and every problem.

In: the entries of a commit or a work tree, and a reader of contents. Out: `Loaded`. Only definitions are read, only up
to the limit of size, links never. One broken file harms only itself; what two files claim harms both. The order:
settings first (they say where definitions stand and what `env` knows), every file alone, then what lies between files.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from windlass.frozen import dataclass
from windlass.loading.checks.site import NoCheckers
from windlass.loading.crossing import check_crossing
from windlass.loading.crossing_uses import check_uses, used_files
from windlass.loading.definition_files import SETTINGS, Kind, Listed, hides_definitions, kind_of
from windlass.loading.definitions import LoadedAction, LoadedTest, LoadedWorkflow, test_problems
from windlass.loading.entrypoints import read_scripts
from windlass.loading.examine import Circumstances, Examined, FileResult, examine
from windlass.loading.examining import unreadable, without_collection
from windlass.loading.gathering import Gathering
from windlass.loading.libraries import not_in_the_cache
from windlass.loading.pinned import read_libraries
from windlass.loading.text import MAX_BYTES, too_large
from windlass.problems import START, Problem, in_order
from windlass_schemas.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from windlass.loading.cache import ResultCache
    from windlass.loading.checks.site import Checkers
    from windlass.loading.definition_files import Reader
    from windlass.loading.entrypoints import Script
    from windlass.loading.libraries import Libraries, OpenLibrary
    from windlass.loading.signatures import Signature
    from windlass_schemas.repository import Repository


@dataclass(frozen=True, slots=True)
class Broken:
    """A workflow file that cannot be used, and the name it gives itself when that can be read."""

    path: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a repository holds. `problems` are in order; `files` counts definitions, broken ones included."""

    workflows: Mapping[str, LoadedWorkflow]
    actions: Mapping[str, LoadedAction]  # by folder: actions/build
    tests: tuple[LoadedTest, ...]
    repository: Repository | None
    settings: Mapping[str, Any] | None  # windlass.yaml as written
    problems: tuple[Problem, ...]
    broken: tuple[Broken, ...]
    files: int
    scripts: Mapping[str, Script] = field(default_factory=dict)  # of actions with an entrypoint, by folder
    libraries: Libraries | None = None  # None: nothing was loaded


def load_repository(
    entries: Iterable[Listed],
    read: Reader,
    *,
    checkers: Checkers | None = None,
    listing_problems: Iterable[tuple[str, str, str]] = (),
    only: str | None = None,
    cache: ResultCache | None = None,
    processes: int = 1,
    opener: OpenLibrary = not_in_the_cache,
) -> Loaded:
    """Everything of a repository, or only one file with windlass.yaml and what it uses, if that is among the entries.

    `listing_problems` are (path, rule, message) of names that the source refused. `cache` spares unchanged files of a
    work tree; `processes` above 1 share the work of many files and are for programs without threads. `opener` has the
    files of libraries.
    """
    listed = {entry.path: entry for entry in entries}
    with without_collection(len(listed)):
        return _load(listed, read, checkers or NoCheckers(), listing_problems, only, cache, processes, opener)


def _load(
    listed: Mapping[str, Listed],
    read: Reader,
    checkers: Checkers,
    listing_problems: Iterable[tuple[str, str, str]],
    only: str | None,
    cache: ResultCache | None,
    processes: int,
    opener: OpenLibrary,
) -> Loaded:
    settings = _settings(listed, read)
    circumstances = Circumstances(settings.model, checkers, unsure=settings.unsure)
    if cache is not None:
        cache.open(settings.data)
    libraries, wrong = read_libraries(settings.model, listed, read, opener, checkers)
    gathering = Gathering(listed, read, circumstances, cache, processes, libraries.signature)
    names = None if only is None else {only}
    while names is None or names:
        places = _places(listed.values(), settings.paths, only, names)
        refused, wanted = _refused(listed.values(), places, settings.paths, names)
        gathering.take(wanted)
        gathering.examined |= refused
        if names is None:
            break
        found = [gathering.examined[path] for path in names if path in gathering.examined]
        names = used_files(found, listed) - gathering.examined.keys()
    gathering.settle()
    examined, contents, signatures = gathering.examined, gathering.contents, gathering.signatures
    if cache is not None:
        cache.save()

    def content_of(path: str) -> Callable[[], bytes]:
        return lambda: contents[path] if path in contents else read([listed[path]])[path]

    named = [Problem(path, START, "", rule, message) for path, rule, message in listing_problems]
    scripts, mistakes = read_scripts([found.result for found in examined.values()], listed, read)
    return _joined(settings, examined, content_of, [*named, *wrong], mistakes, scripts, only, libraries, signatures)


@dataclass(frozen=True, slots=True)
class _Settings:
    model: Repository | None
    paths: Paths
    unsure: bool
    value: Mapping[str, Any] | None = None
    result: FileResult | None = None
    data: bytes | None = None


def _settings(listed: Mapping[str, Listed], read: Reader) -> _Settings:
    entry = listed.get(SETTINGS)
    if entry is None:
        return _Settings(None, Paths(), unsure=False)
    if entry.kind != "file" or entry.size > MAX_BYTES:
        problem = _hidden(entry) if entry.kind != "file" else too_large(entry.size).problem(SETTINGS)
        result = FileResult(SETTINGS, "Repository", (problem,))
        return _Settings(None, Paths(), unsure=True, result=result)
    contents = read([entry])
    if SETTINGS not in contents:
        return _Settings(None, Paths(), unsure=True, result=unreadable(SETTINGS, "Repository").result)
    found = examine(SETTINGS, "Repository", contents[SETTINGS], Circumstances(None, NoCheckers()))
    model: Repository | None = found.model
    paths = model.paths if model is not None else _salvaged(found.value)
    value = found.value if model is not None else None
    return _Settings(model, paths, model is None, value, found.result, contents[SETTINGS])


def _salvaged(value: dict[str, Any] | None) -> Paths:
    """The folders of a broken windlass.yaml, when those at least can be read."""
    try:
        return Paths.model_validate((value or {}).get("paths", {}))
    except ValueError:
        return Paths()


def _places(entries: Iterable[Listed], paths: Paths, only: str | None, names: Container[str] | None) -> dict[str, Kind]:
    # A file that is asked for by name is a workflow, wherever it stands (`windlass run FILE`): an action's example too.
    wanted = (entry.path for entry in entries if names is None or entry.path in names)
    found = ((path, kind_of(path, paths)) for path in wanted)
    named = ((path, "Workflow" if path == only and kind in (None, "Example") else kind) for path, kind in found)
    return {path: kind for path, kind in named if kind is not None and path != SETTINGS}


def _refused(
    entries: Iterable[Listed], places: Mapping[str, Kind], paths: Paths, names: Container[str] | None
) -> tuple[dict[str, Examined], dict[str, Kind]]:
    """What is refused without being read, and what is left to read."""
    refused: dict[str, Examined] = {}
    wanted = dict(places)
    for entry in entries:
        kind = places.get(entry.path, "Workflow")
        wanted_here = names is None or entry.path in names
        if wanted_here and hides_definitions(entry, paths) and entry.path != SETTINGS:
            refused[entry.path] = Examined(FileResult(entry.path, kind, (_hidden(entry),)))
        elif entry.path in places and entry.size > MAX_BYTES:
            problem = too_large(entry.size).problem(entry.path)
            refused[entry.path] = Examined(FileResult(entry.path, kind, (problem,)))
        else:
            continue
        wanted.pop(entry.path, None)
    return refused, wanted


def _hidden(entry: Listed) -> Problem:
    what = "a symbolic link" if entry.kind == "symlink" else "a submodule"
    hint = "put the file itself here; links are not followed"
    return Problem(entry.path, START, "", "not-a-file", f"this is {what}, not a file", hint=hint)


def _joined(
    settings: _Settings,
    examined: Mapping[str, Examined],
    content_of: Callable[[str], Callable[[], bytes]],
    named: list[Problem],
    mistakes: list[Problem],
    scripts: Mapping[str, Script],
    only: str | None,
    libraries: Libraries,
    signatures: Mapping[str, Signature],
) -> Loaded:
    results = [found.result for found in examined.values()]
    if settings.result is not None:
        results.append(settings.result)
    results = _with(results, mistakes) if mistakes else results
    # With one file wanted nothing is known of others than it uses: their names cannot be judged.
    crossing = (
        check_crossing(results, settings.model, libraries)
        if only is None
        else check_uses(results, settings.model, libraries=libraries)
    )
    results = _with(results, crossing) if crossing else results
    workflows: dict[str, LoadedWorkflow] = {}
    actions: dict[str, LoadedAction] = {}
    tests: list[LoadedTest] = []
    for result in results:
        path, found = result.path, examined.get(result.path)
        if found is None or not result.is_fit or result.facts is None:
            continue
        made = (found.model, found.value) if found.model is not None and found.value is not None else None
        if result.kind == "Workflow":
            name = result.facts.name
            workflows[name] = LoadedWorkflow(path, content_of(path), made, name, result.problems)
        elif result.kind == "Action":
            actions[path.rpartition("/")[0]] = LoadedAction(path, content_of(path), made)
        elif result.kind == "Test":
            tests.append(LoadedTest(path, content_of(path), made))
    named += [problem for test in tests for problem in test_problems(test, workflows, signatures)]
    wrong = {problem.file for problem in named if problem.severity == "error"}
    return Loaded(
        workflows=workflows,
        actions=actions,
        tests=tuple(test for test in tests if test.path not in wrong),
        repository=settings.model,
        settings=settings.value,
        problems=tuple(in_order([*named, *(problem for result in results for problem in result.problems)])),
        broken=tuple(Broken(r.path, r.claimed) for r in results if r.kind == "Workflow" and not r.is_fit),
        files=sum(result.kind != "Example" for result in results),
        scripts=scripts,
        libraries=libraries,
    )


def _with(results: list[FileResult], crossing: Iterable[Problem]) -> list[FileResult]:
    """Results with the problems that only the whole repository shows."""
    by_file: dict[str, list[Problem]] = defaultdict(list)
    for problem in crossing:
        by_file[problem.file].append(problem)
    return [
        replace(result, problems=(*result.problems, *more)) if (more := by_file.get(result.path)) else result
        for result in results
    ]
