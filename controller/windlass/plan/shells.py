"""How programs are started: what runs a script of each shell, the ending of its file (fine print, "A step"), words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shell:
    """`argv` holds "{script}" where the script's path goes."""

    argv: tuple[str, ...]
    file_name: str


SHELLS: dict[str, Shell] = {
    "bash": Shell(("bash", "-euo", "pipefail", "{script}"), "script.sh"),
    "sh": Shell(("sh", "-e", "{script}"), "script.sh"),
    "python": Shell(("python3", "-u", "{script}"), "script.py"),
    "node": Shell(("node", "{script}"), "script.mjs"),
    "ruby": Shell(("ruby", "{script}"), "script.rb"),
    "php": Shell(("php", "{script}"), "script.php"),
    "perl": Shell(("perl", "{script}"), "script.pl"),
    "go": Shell(("go", "run", "{script}"), "script.go"),
    "pwsh": Shell(("pwsh", "-File", "{script}"), "script.ps1"),
}
# What runs a script file whose shell is not written.
SHELL_OF_ENDING = {
    ".py": "python",
    ".sh": "bash",
    ".bash": "bash",
    ".mjs": "node",
    ".cjs": "node",
    ".js": "node",
    ".rb": "ruby",
    ".php": "php",
    ".pl": "perl",
    ".go": "go",
    ".ps1": "pwsh",
}


def shell_of(written: Any) -> Shell:
    return SHELLS[written] if isinstance(written, str) else Shell(tuple(written.command), "script")


def program(script: str, shell: Shell) -> tuple[str, str, tuple[str, ...]]:
    """The script as it is run, its file's name, and the program's words."""
    return php_script(script) if shell is SHELLS["php"] else script, shell.file_name, shell.argv


def words(written: Any) -> tuple[Any, ...]:
    """`command` or `args`: one word, or several."""
    return (written,) if isinstance(written, str) else tuple(written or ())


def php_script(text: str) -> str:
    return text if text.lstrip().startswith("<?") else "<?php\n" + text
