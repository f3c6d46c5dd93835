"""`windlass check [PATH…]`: every problem of a repository at once.

A PATH that is a file or a folder limits what is reported, not what is read; without one everything is reported, from
any folder of the repository. Exit 0 clean, 1 errors (with `--strict` warnings too), 2 wrong use.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.lines import wants_colour
from windlass.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from windlass.cli.unchanged import Report
    from windlass.problems import Problem


def command(arguments: argparse.Namespace) -> int:
    from windlass.cli.work_tree import find_root, text_of

    paths = [Path(text) for text in arguments.paths or ["."]]
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
    roots = list(dict.fromkeys(find_root(path) for path in paths))
    if len(roots) > 1:
        raise UsageError("the paths belong to different repositories", f"check them one by one: {roots[0]}, {roots[1]}")
    root = roots[0]
    report = _load(root) if arguments.no_cache else _load_or_remember(root)
    stray = _stray(root, [path for path in paths if path.is_file()])
    problems = _reported(report.problems, root, paths) if arguments.paths else list(report.problems)
    problems += stray.problems
    refused = {"error", "warning"} if arguments.strict else {"error"}
    ok = not any(problem.severity in refused for problem in problems)
    _print(arguments.output, problems, report.files + stray.files, ok, lambda file: text_of(root, file))
    return 0 if ok else 1


def _load_or_remember(root: Path) -> Report:
    from windlass.cli.unchanged import LastReport

    last = LastReport(root)
    report = last.find()
    if report is None:
        report = _load(root, cache=True)
        last.keep(report)
    return report


def _load(root: Path, *, cache: bool = False) -> Report:
    from windlass.cli.unchanged import Report
    from windlass.cli.work_tree import load_work_tree

    loaded = load_work_tree(root, cache=cache).loaded
    return Report(tuple(loaded.problems), loaded.files)


def _stray(root: Path, files: list[Path]) -> Report:
    """Named files that stand where no definition is looked for: `windlass run FILE` takes them as workflows, so they
    are read as such. Without this a file that nobody read would have "no problems".
    """
    from windlass.cli.unchanged import Report

    if not files:
        return Report((), 0)  # nothing of what judges files is imported for this
    from windlass.cli.work_tree import load_work_tree
    from windlass.loading.definition_files import ENDINGS, kind_of
    from windlass_schemas.paths import Paths

    problems: list[Problem] = []
    count = 0
    for file in files:
        name = file.resolve().relative_to(root).as_posix()
        if not name.endswith(ENDINGS):
            continue
        loaded = load_work_tree(root, only=name).loaded
        if kind_of(name, loaded.repository.paths if loaded.repository is not None else Paths()) is None:
            problems += [problem for problem in loaded.problems if problem.file == name]
            count += 1
    return Report(tuple(problems), count)


def _reported(problems: Iterable[Problem], root: Path, paths: list[Path]) -> list[Problem]:
    wanted = [path.resolve().relative_to(root).as_posix() for path in paths]
    if "." in wanted:
        return list(problems)
    return [p for p in problems if any(p.file == w or p.file.startswith(w + "/") for w in wanted)]


def _print(how: str, problems: list[Problem], files: int, ok: bool, text_of: Callable[[str], str | None]) -> None:
    from windlass.loading import report

    if how == "json":
        sys.stdout.write(report.json_report(problems, files=files, ok=ok))
    elif how == "sarif":
        sys.stdout.write(report.sarif_report(problems))
    elif how == "github":
        sys.stdout.write(report.github_report(problems))
    else:
        text = report.text_report(problems, color=wants_colour(), source=text_of)
        if text:
            print(text)
        counts = {s: sum(p.severity == s for p in problems) for s in ("error", "warning", "note")}
        said = ", ".join(f"{n} {s}{'s' if n != 1 else ''}" for s, n in counts.items() if n) or "no problems"
        print(f"{files} file{'s' if files != 1 else ''}: {said}")
