"""How a script of each shell is run: the program, and the ending of the script's file (fine print, "A step")."""

from __future__ import annotations

from dataclasses import dataclass


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


def php_script(text: str) -> str:
    return text if text.lstrip().startswith("<?") else "<?php\n" + text
