"""Scripts that actions keep in files of their own: `entrypoint: main.py`.

In: the results of all files, the listing, a reader. Out: the text of each script by the action's folder, and a problem
at each `entrypoint` that names none. A script is frozen with the definition like everything else that runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.rules import RULES
from windlass.loading.text import MAX_BYTES
from windlass.nearest import did_you_mean
from windlass.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from windlass.loading.examine import FileResult
    from windlass.loading.facts import Mention
    from windlass.loading.places import Listed, Reader

RULE = "invalid-entrypoint"


def read_scripts(
    results: Sequence[FileResult], listed: Mapping[str, Listed], read: Reader
) -> tuple[dict[str, str], list[Problem]]:
    """(text by folder, problems). All scripts are read at once."""
    named = list(_named(results))
    problems: list[Problem] = []
    wanted: list[tuple[str, str, Mention, Listed]] = []
    for file, mention in named:
        folder = file.rpartition("/")[0]
        entry = listed.get(f"{folder}/{mention.text}")
        mistake = _mistake(mention.text, entry)
        if mistake is None and entry is not None:
            wanted.append((file, folder, mention, entry))
        else:
            hint = did_you_mean(mention.text, _files_of(folder, listed)) if entry is None else None
            problems.append(_problem(file, mention, mistake or "", hint))
    contents = read([entry for *_, entry in wanted]) if wanted else {}
    scripts: dict[str, str] = {}
    for file, folder, mention, entry in wanted:
        try:
            scripts[folder] = contents[entry.path].decode()
        except KeyError:
            problems.append(_problem(file, mention, f"{mention.text} cannot be read"))
        except UnicodeDecodeError:
            problems.append(_problem(file, mention, f"{mention.text} is not UTF-8"))
    return scripts, problems


def _named(results: Iterable[FileResult]) -> Iterator[tuple[str, Mention]]:
    for result in results:
        if result.kind == "Action" and result.facts is not None and result.facts.entrypoint is not None:
            yield result.path, result.facts.entrypoint


def _mistake(name: str, entry: Listed | None) -> str | None:
    if entry is None:
        return f"there is no file {name} in the folder of the action"
    if entry.kind != "file":
        return f"{name} is a {'symbolic link' if entry.kind == 'symlink' else entry.kind}: links are not followed"
    if entry.size > MAX_BYTES:
        return f"{name} has {entry.size} bytes: at most {MAX_BYTES} are read"
    return None


def _files_of(folder: str, listed: Iterable[str]) -> list[str]:
    return [path[len(folder) + 1 :] for path in listed if path.startswith(folder + "/")]


def _problem(file: str, mention: Mention, message: str, hint: str | None = None) -> Problem:
    return Problem(file, mention.span, mention.path, RULE, message, RULES[RULE].severity, hint)
