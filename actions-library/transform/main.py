"""Runs jq on what is given: the program in a file, values as arguments, nothing through a shell."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

LONGEST = 1 << 20
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MISSING = "jq is not installed where this step runs: apt-get install jq, brew install jq, or an image that has it"


class Failed(Exception):
    """What is wrong, for the one line that people read."""


class Missing(Failed):
    """What is not installed: the step is then errored, not failed."""

    def __init__(self, said):
        super().__init__(said)
        with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
            file.write(f"windlass.errored=tool-missing: {said}\n")


def words(given, folder):
    path = os.path.join(folder, "program")
    with open(path, "w", encoding="utf-8") as file:
        file.write(given["program"])
    found = ["jq", "--compact-output", "--from-file", path]
    for number, (name, value) in enumerate((given.get("values") or {}).items()):
        if not NAME.fullmatch(name):
            raise Failed(f"values: {name!r} is no name that a program can read as ${name}")
        kept = os.path.join(folder, f"value-{number}")  # in a file: an argument has its limits
        with open(kept, "w", encoding="utf-8") as file:
            json.dump(value, file)
        found += ["--slurpfile", f"windlass_{number}", kept]
    return [*found, "--raw-output"] if given.get("raw") else found


def named(given):
    """The program with its values under their own names: a file of values is a list of them."""
    values = given.get("values") or {}
    first = "".join(f"$windlass_{number}[0] as ${name} | " for number, name in enumerate(values))
    return f"{first}(\n{given['program']}\n)" if values else given["program"]


def transform(given, folder):
    if shutil.which("jq") is None:
        raise Missing(MISSING)
    try:
        json.loads(given["data"])
    except ValueError as error:
        raise Failed(f"data is no JSON: {error}") from None
    data = os.path.join(folder, "data")
    with open(data, "w", encoding="utf-8") as file:
        file.write(given["data"])
    command = words({**given, "program": named(given)}, folder)
    quiet = {"PATH": os.environ["PATH"], "HOME": folder}  # `env` of jq sees nothing of the step
    with open(data, "rb") as stdin, open(os.path.join(folder, "errors"), "w+b") as stderr:
        with subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=quiet) as jq:
            result = jq.stdout.read(LONGEST + 2)
            if len(result) > LONGEST + 1:
                jq.kill()
                raise Failed("the result is longer than 1 MiB, which is all that the output result holds")
        if jq.returncode:
            stderr.seek(0)
            raise Failed(said(stderr.read(10_000).decode("utf-8", "replace")) or f"jq ended with {jq.returncode}")
    return result.decode("utf-8", "replace").removesuffix("\n")


def said(errors):
    """jq's own words, on one line."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return re.sub(r"^jq: ", "", " ".join(lines[:3]).replace(", (while parsing", " (while parsing"))[:500]


def main():
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = transform(given, folder)
    except Failed as error:
        sys.exit(f"transform: {error}")
    word = os.urandom(12).hex()
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"result<<{word}\n{result}\n{word}\n")
    print(f"{len(result.encode())} bytes")


if __name__ == "__main__":
    main()
