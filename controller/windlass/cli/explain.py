"""`windlass explain rule NAME`: what a rule wants and how to satisfy it; other questions have their own files."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from windlass.cli.table import print_table
from windlass.errors import UsageError

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    if arguments.what == "env":
        from windlass.cli.explain_env import command as explain_env

        return explain_env(arguments)
    if arguments.step is not None:
        raise UsageError(f"explain {arguments.what} takes one NAME")
    if arguments.what == "why":
        from windlass.cli.explain_why import command as explain_why

        return explain_why(arguments)
    if arguments.what == "triggers":
        from windlass.cli.explain_triggers import command as explain_triggers

        return explain_triggers(arguments)
    from windlass.loading.rules import RULES

    if arguments.name is None:
        print_table([["RULE", "SEVERITY", "SUMMARY"], *[[r.name, r.severity, r.summary] for r in RULES.values()]])
        return 0
    rule = RULES.get(arguments.name)
    if rule is None:
        close = difflib.get_close_matches(arguments.name, RULES, 1)
        hint = f"did you mean {close[0]}?" if close else "windlass explain rule lists them all"
        raise UsageError(f"no rule {arguments.name}", hint)
    print(f"{rule.name} ({rule.severity})\n\n{rule.summary}\n\n{rule.explanation}")
    return 0
