"""Rows to a table. Inputs are variables, outputs are lines of a file: any language can do that."""

import json
import os
from pathlib import Path

from layout import layout

rows = json.loads(os.environ["INPUT_ROWS"])
right = json.loads(os.environ["INPUT_RIGHT"])
columns = json.loads(os.environ.get("INPUT_COLUMNS") or "[]") or list(rows[0] if rows else [])

table = layout(columns, rows, right)
print(table)
with Path(os.environ["WINDLASS_OUTPUT"]).open("a", encoding="utf-8") as output:
    output.write(json.dumps({"table": table, "rows": len(rows)}) + "\n")
