"""A project of Compose, up or down; what runs of it, as an output."""

import json
import os
import re
import shutil
import subprocess

from tool import Failed, Missing, Tool, secret, step, word

INSTALL = "apt-get install docker-compose, or https://docs.docker.com/compose/install/"
USUAL = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
QUIET = {"COMPOSE_ANSI": "never", "NO_COLOR": "1", "COMPOSE_PROGRESS": "plain", "PYTHONUNBUFFERED": "1"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def program():
    """The words that Compose begins with: the plugin of `docker`, else the program of its own."""
    if shutil.which("docker") is not None:
        asked = subprocess.run(
            ["docker", "compose", "version"], check=False, capture_output=True, stdin=subprocess.DEVNULL
        )
        if asked.returncode == 0:
            return "docker", ("compose",)
    if shutil.which("docker-compose") is not None:
        return "docker-compose", ()
    raise Missing(f"Compose is not installed where this step runs: {INSTALL}")


def variables(given):
    """For the files; those of the secret win."""
    found = {}
    for name, value in (given.get("variables") or {}).items():
        found[checked(name, "variables")] = value if isinstance(value, str) else json.dumps(value)
    for line in secret("secret-variables").splitlines():
        name, equals, value = line.partition("=")
        if line.strip() and not line.startswith("#"):
            if not equals:
                raise Failed("secret-variables: a line is not NAME=value")
            found[checked(name.strip(), "secret-variables")] = value
    return found


def checked(name, where):
    if not NAME.fullmatch(name):
        raise Failed(f"{where}: a name is no name of a variable")
    return name


def files(given):
    found = given.get("files") or [name for name in USUAL if os.path.isfile(name)][:1]
    if not found:
        raise Failed(f"files: there is none of {', '.join(USUAL)}: is `checkout: true` missing?")
    for name in found:
        if name.startswith("-") or not os.path.isfile(name):
            raise Failed(f"files: {name} is not there: is `checkout: true` missing?")
    return found


def words(given):
    command = given["command"]
    yield command
    if command == "up":
        yield "--detach"
        yield from ("--build",) if given.get("build") else ()
    if command in ("up", "down") and given.get("remove-orphans"):
        yield "--remove-orphans"
    if command == "down" and given.get("volumes"):
        yield "--volumes"
    if command != "down":
        yield from (word({"services": name}, "services") for name in given.get("services") or ())


def act(given, _private):
    name, before = program()
    project = word(given, "project") or (os.environ.get("WINDLASS_REPOSITORY") or "windlass").lower()
    common = [*before, "--project-name", project]
    common += [text for path in files(given) for text in ("--file", path)]
    common += [text for profile in given.get("profiles") or () for text in ("--profile", profile)]
    tool = Tool(name, INSTALL, {**QUIET, **variables(given)})
    tool.show(*common, *words(given))
    _, services = tool.take(*common, "ps", "--services", "--filter", "status=running")
    return {"running": sorted(services.split())}


if __name__ == "__main__":
    step("compose", act)
