"""The layout of a table: a file beside the script, which the script imports."""


def layout(columns: list[str], rows: list[dict[str, object]], right: list[str]) -> str:
    if not columns:
        return ""
    cells = [[str(row.get(column, "")).replace("|", "\\|") for column in columns] for row in rows]
    widths = [max(3, len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(columns)]

    def line(texts: list[str]) -> str:
        padded = [
            text.rjust(width) if name in right else text.ljust(width)
            for text, width, name in zip(texts, widths, columns, strict=True)
        ]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * (width - 1) + (":" if name in right else "-") for width, name in zip(widths, columns, strict=True)]
    return "\n".join([line(columns), line(rule), *map(line, cells)])
