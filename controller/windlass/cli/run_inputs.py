"""`--input`, `--inputs-file` and `--env`: words of the command line → values and texts by name.

`@FILE` is the file's text without a last newline, `@@` a literal `@`; `--input` wins over the file (fine print).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.errors import ProblemsError, UsageError

if TYPE_CHECKING:
    import argparse


def inputs_of(arguments: argparse.Namespace) -> tuple[dict[str, Any], dict[str, str]]:
    """(typed values of the file, texts of the flags)."""
    return (_file(arguments.inputs_file) if arguments.inputs_file else {}), texts_of("--input", arguments.input)


def env_of(words: list[str]) -> dict[str, str]:
    return texts_of("--env", words)


def texts_of(flag: str, words: list[str]) -> dict[str, str]:
    """NAME=VALUE words; the last one of a name wins."""
    return {name: _text(value) for name, value in (_pair(flag, word) for word in words)}


def _pair(flag: str, word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise UsageError(f"{flag} {word} is not NAME=VALUE")
    return name, value


def _text(value: str) -> str:
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{value[1:]} cannot be read: {why}", "write @@ for a value that begins with @") from error


def _file(name: str) -> dict[str, Any]:
    from windlass.loading.document import read_document
    from windlass.loading.faults import Faults
    from windlass.loading.models import fault_problems

    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    try:
        document, _ = read_document(data)
    except Faults as error:
        hint = "write names and values of inputs, as YAML or JSON"
        shapes = ("empty-file", "not-a-mapping")  # their own hint is about definitions
        found_problems = [replace(p, hint=hint if p.rule in shapes else p.hint) for p in fault_problems(name, error)]
        shown = data.decode("utf-8", "replace")
        raise ProblemsError(found_problems, lambda _: shown) from error
    found: dict[str, Any] = document.value
    return found
