"""`windlass test [PATH]`: the workflow tests of a repository, by the engine that a server uses, with nothing executed.

In: a test file, a folder or a repository, as the work tree has it. Out: what each case showed; exit 0 all passed, 1 a
case failed, 2 a file that cannot be used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.lines import wants_colour
from windlass.errors import ProblemsError, UsageError

if TYPE_CHECKING:
    import argparse

    from windlass.cli.case_report import Report
    from windlass.cli.work_tree import WorkTree
    from windlass.loading.definitions import LoadedTest
    from windlass.problems import Problem

ENDINGS = (".test.yaml", ".test.yml")


def command(arguments: argparse.Namespace) -> int:
    from windlass.cli import case_report
    from windlass.cli.work_tree import find_root, load_work_tree

    path = Path(arguments.path or ".")
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    root = find_root(path)
    tree = load_work_tree(root, cache=True, network=True)
    below = path.resolve().relative_to(root).as_posix() if arguments.path else "."
    reports = [_report(tree, test) for test in _wanted(tree, below)]
    if arguments.output == "json":
        print(case_report.json_report(reports))
    elif arguments.output == "junit":
        print(case_report.junit_report(reports))
    else:
        print(case_report.text_report(reports, colour=wants_colour(sys.stdout)))
    return 1 if any(report.failed for report in reports) else 0


def _wanted(tree: WorkTree, below: str) -> list[LoadedTest]:
    """The tests at or below a path. Raises ProblemsError when one, or its workflow, is broken; UsageError for none."""

    def is_wanted(file: str) -> bool:
        return below in (".", file) or file.startswith(below + "/")

    tests = [test for test in tree.loaded.tests if is_wanted(test.path)]
    broken = [p for p in tree.loaded.problems if p.file.endswith(ENDINGS) and is_wanted(p.file)]
    broken += _of_workflows(tree, tests)
    if any(problem.severity == "error" for problem in broken):
        raise ProblemsError(broken, tree.text_of)
    gone = next((t.model.workflow for t in tests if t.model.workflow not in tree.loaded.workflows), None)
    if gone is not None:
        raise UsageError(f"workflow {gone} cannot be used", "windlass check says why")
    if not tests:
        raise UsageError(f"no tests in {tree.root if below == '.' else below}", "they stand in tests/**/*.test.yaml")
    return tests


def _of_workflows(tree: WorkTree, tests: list[LoadedTest]) -> list[Problem]:
    names = {test.model.workflow for test in tests} - set(tree.loaded.workflows)
    files = {broken.path for broken in tree.loaded.broken if broken.name in names}
    return [problem for problem in tree.loaded.problems if problem.file in files]


def _report(tree: WorkTree, test: LoadedTest) -> Report:
    from windlass.cli.case_report import Report
    from windlass.cli.work_tree import repository_name
    from windlass.loading.closure import Closures
    from windlass.loading.document import read_document
    from windlass.reconcile.cases import judge_test

    model = test.model
    workflow = tree.loaded.workflows[model.workflow].model
    document, _ = read_document(test.data)
    lines = tuple(document.value_span(("cases", index)).line for index in range(len(model.cases)))
    uses = Closures(tree.loaded).of(model.workflow)
    verdicts = tuple(judge_test(model, workflow, tree.loaded.repository, repository_name(tree.root), uses))
    return Report(test.path, model.workflow, verdicts, lines)
