"""Lists for people and programs: a plain table, JSON or YAML on stdout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.cli.lines import for_display

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def show(
    answer: Any, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Callable[[Mapping[str, Any]], Any]], how: str
) -> None:
    """`answer` is what JSON and YAML print; the table shows `rows` by `columns` (heading → cell)."""
    if how == "json":
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    elif how == "yaml":
        import yaml

        print(yaml.safe_dump(answer, sort_keys=False, allow_unicode=True), end="")
    else:
        print_table([list(columns), *[[_cell(cell(row)) for cell in columns.values()] for row in rows]])


def print_table(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    return "" if value is None else for_display(str(value), colour=False)
