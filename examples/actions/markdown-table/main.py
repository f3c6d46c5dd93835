"""Rows to a table. Inputs are variables, outputs are lines of a file: any language can do that."""

import json
import os
from pathlib import Path

rows = json.loads(os.environ["INPUT_ROWS"])
right = json.loads(os.environ["INPUT_RIGHT"])
columns = json.loads(os.environ.get("INPUT_COLUMNS") or "[]") or list(rows[0] if rows else [])

cells = [[str(row.get(column, "")).replace("|", "\\|") for column in columns] for row in rows]
widths = [max(3, len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(columns)]


def line(texts: list[str]) -> str:
    padded = [
        text.rjust(width) if name in right else text.ljust(width)
        for text, width, name in zip(texts, widths, columns, strict=True)
    ]
    return "| " + " | ".join(padded) + " |"


rule = ["-" * (width - 1) + (":" if name in right else "-") for width, name in zip(widths, columns, strict=True)]
table = "\n".join([line(columns), line(rule), *map(line, cells)]) if columns else ""
print(table)
with Path(os.environ["WINDLASS_OUTPUT"]).open("a", encoding="utf-8") as output:
    output.write(json.dumps({"table": table, "rows": len(rows)}) + "\n")
