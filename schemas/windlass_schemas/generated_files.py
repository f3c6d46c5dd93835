"""Files that are written from the models and checked in: which are stale, and the command that writes them.

In: a folder, and the texts that its files should have, by name. Out: the files that differ.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Texts = Mapping[str, str]


def stale_files(folder: Path, texts: Texts) -> list[Path]:
    """The files that are missing or differ from what the models say."""
    files = {folder / name: text for name, text in texts.items()}
    return [file for file, text in files.items() if not file.is_file() or file.read_text("utf-8") != text]


def _write(folder: Path, texts: Texts) -> list[Path]:
    """Writes what is stale and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    written = stale_files(folder, texts)
    for file in written:
        file.write_text(texts[file.name], "utf-8")
    return written


def command(description: str, folder: Path, texts: Callable[[], Texts], arguments: list[str] | None) -> int:
    """`python -m MODULE [--check] [--folder DIR]`: the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--folder", type=Path, default=folder, help="where the files are")
    options = parser.parse_args(arguments)
    files = stale_files(options.folder, texts()) if options.check else _write(options.folder, texts())
    for file in files:
        sys.stdout.write(f"{'stale' if options.check else 'wrote'} {file.name}\n")
    return 1 if options.check and files else 0
