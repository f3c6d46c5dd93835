"""Scripts that actions keep in files of their own: `entrypoint: main.py`.

In: the results of all files, the listing, a reader. Out: each script by the action's folder, with the other files of
that folder, and a problem at each `entrypoint` that names none. They are frozen with the definition like everything
else that runs, so they are few and small.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import field
from typing import TYPE_CHECKING, Any

from windlass.frozen import dataclass
from windlass.loading.rules import RULES
from windlass.loading.text import MAX_BYTES
from windlass.nearest import did_you_mean
from windlass.plan.uses import Used
from windlass.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from windlass.loading.definition_files import Listed, Reader
    from windlass.loading.examine import FileResult
    from windlass.loading.facts import Mention

RULE = "invalid-entrypoint"
NOT_RUN = frozenset({"action.yaml", "action.yml", "examples", "tests"})
MOST_OTHERS = 200
LARGEST_OTHERS = 256 * 1024  # bytes, in all


@dataclass(frozen=True, slots=True)
class Script:
    """`files` are the others of the folder, by path in it: `{text}`, or `{base64}` for what is not UTF-8, and
    `executable` where it is."""

    text: str
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def used_action(
    document: Mapping[str, Any], path: str, script: Script | None, library: str | None = None, commit: str | None = None
) -> Used:
    text, files = (script.text, script.files) if script is not None else (None, {})
    return Used("Action", document, path, text, library, commit, files=files)


@dataclass(frozen=True, slots=True)
class _Wanted:
    file: str
    mention: Mention
    entry: Listed
    others: Sequence[Listed]

    @property
    def folder(self) -> str:
        return self.file.rpartition("/")[0]


def read_scripts(
    results: Sequence[FileResult], listed: Mapping[str, Listed], read: Reader
) -> tuple[dict[str, Script], list[Problem]]:
    """(script by folder, problems). Everything is read at once."""
    problems: list[Problem] = []
    wanted: list[_Wanted] = []
    for file, mention in _named(results):
        folder = file.rpartition("/")[0]
        entry = listed.get(f"{folder}/{mention.text}")
        others = _others(folder, mention.text, listed)
        mistake = _mistake(mention.text, entry) or _too_much(others)
        if mistake is None and entry is not None:
            wanted.append(_Wanted(file, mention, entry, others))
        else:
            hint = did_you_mean(mention.text, _files_of(folder, listed)) if entry is None else None
            problems.append(_problem(file, mention, mistake or "", hint))
    contents = read([entry for one in wanted for entry in (one.entry, *one.others)]) if wanted else {}
    scripts: dict[str, Script] = {}
    for one in wanted:
        try:
            text = contents[one.entry.path].decode()
            start = len(one.folder) + 1
            scripts[one.folder] = Script(text, {e.path[start:]: _kept(e, contents[e.path]) for e in one.others})
        except KeyError as error:
            problems.append(_problem(one.file, one.mention, f"{error.args[0].rpartition('/')[2]} cannot be read"))
        except UnicodeDecodeError:
            problems.append(_problem(one.file, one.mention, f"{one.mention.text} is not UTF-8"))
    return scripts, problems


def _others(folder: str, entrypoint: str, listed: Mapping[str, Listed]) -> list[Listed]:
    """What stands beside a script: all but what is for people and for checking."""
    found = []
    for name in _files_of(folder, listed):
        first = name.partition("/")[0]
        if name == entrypoint or first in NOT_RUN or first.startswith("README") or "__pycache__" in name.split("/"):
            continue
        entry = listed[f"{folder}/{name}"]
        if entry.kind == "file":
            found.append(entry)
    return found


def _too_much(others: Sequence[Listed]) -> str | None:
    size = sum(entry.size for entry in others)
    if len(others) <= MOST_OTHERS and size <= LARGEST_OTHERS:
        return None
    most = f"at most {MOST_OTHERS} files and {LARGEST_OTHERS} bytes go with a script"
    return f"{len(others)} other files of {size} bytes stand in the folder of the action: {most}"


def _kept(entry: Listed, data: bytes) -> dict[str, Any]:
    mode = {"executable": True} if getattr(entry, "mode", "") == "100755" else {}
    try:
        return {"text": data.decode(), **mode}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode(), **mode}


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
