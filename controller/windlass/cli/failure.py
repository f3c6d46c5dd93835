"""What people read when a command cannot do what was asked.

In: an exception. Out: text on stderr and an exit code. Only an error that we did not expect shows a traceback, and then
only with WINDLASS_DEBUG=1; otherwise it names itself and asks for a report.
"""

from __future__ import annotations

import os
import sys

from windlass.errors import InputError, ProblemsError, ServerUnreachableError, UsageError, WindlassError


def report(error: Exception) -> int:
    """Print the error; the exit code of interfaces.md."""
    if isinstance(error, ProblemsError):
        from windlass.cli.lines import wants_colour
        from windlass.loading.report import text_report

        print(text_report(list(error.problems), color=wants_colour(sys.stderr), source=error.source), file=sys.stderr)
        return 2
    if isinstance(error, InputError):
        for problem in error.problems:
            name = problem.pointer.lstrip("/")
            say(f"input {name}: {problem.message}" if name else f"inputs: {problem.message}")
        return 2
    if isinstance(error, ServerUnreachableError):
        say(str(error), error.hint)
        return 3
    if isinstance(error, UsageError):
        say(str(error), error.hint)
        return 2
    if isinstance(error, WindlassError):
        say(str(error))
        return 1
    if os.environ.get("WINDLASS_DEBUG") == "1":
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    say(
        f"internal error: {type(error).__name__}: {error}", "set WINDLASS_DEBUG=1 for the details, and please report it"
    )
    return 1


def say(message: str, hint: str | None = None) -> None:
    print(f"windlass: {message}", file=sys.stderr)
    if hint:
        print(f"  hint: {hint}", file=sys.stderr)
