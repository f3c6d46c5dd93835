"""Terraform or OpenTofu: init, then one command; what it is about to do, and did, as outputs."""

import json
import os
import re
import shutil

from tool import Failed, Missing, Tool, seconds, secret, step, word

INSTALL = "https://opentofu.org/docs/intro/install/ says how, or an image that has it"
COUNTS = re.compile(r"(\d+) (?:to )?(add|change|destroy)")
SUMMARY = re.compile(r"^(?:Plan:|Apply complete!|Destroy complete!).*$", re.MULTILINE)
QUIET = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_CLI_ARGS": "-no-color"}


def program(wanted):
    names = ["tofu", "terraform"] if wanted == "auto" else [wanted]
    for name in names:
        if shutil.which(name):
            return name
    raise Missing(f"{' or '.join(names)} is not installed where this step runs: {INSTALL}")


def settings(text, name):
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Failed(f"{name} is no JSON object")
    return found


class Terraform:
    def __init__(self, given, private):
        self.given, self.private = given, private
        self.path = given.get("path") or "."
        if not os.path.isdir(self.path):
            raise Failed(f"path: {self.path} is not there: is `checkout: true` missing?")
        self.show = Tool(program(given["tool"]), INSTALL, QUIET, self.path).show
        self.take = Tool(program(given["tool"]), INSTALL, QUIET, self.path).take

    def prepare(self):
        if self.given.get("init"):
            self.show("init", *self.backend())
        if self.given.get("workspace"):
            self.show("workspace", "select", "-or-create", self.given["workspace"])

    def backend(self):
        found = (self.given.get("backend") or {}) | settings(secret("secret-backend"), "secret-backend")
        if not found:
            return []
        lines = [f"{name} = {json.dumps(value)}" for name, value in found.items()]
        return [f"-backend-config={self.private.file('backend.tfbackend', chr(10).join(lines))}"]

    def values(self):
        files = [self.inside(name) for name in self.given.get("variable-files") or []]
        if self.given.get("variables"):
            files.append(self.private.file("values.tfvars.json", json.dumps(self.given["variables"])))
        hidden = settings(secret("secret-variables"), "secret-variables")
        if hidden:
            files.append(self.private.file("hidden.tfvars.json", json.dumps(hidden)))
        return [f"-var-file={path}" for path in files] + [f"-target={one}" for one in self.given.get("targets") or []]

    def inside(self, name):
        if not os.path.isfile(os.path.join(self.path, name)):
            raise Failed(f"{name} is not there, below {self.path}")
        return name

    def lock(self):
        return [f"-lock-timeout={max(0, int(seconds(self.given.get('lock-timeout') or '0s')))}s"]

    def outputs(self):
        found = json.loads(self.take("output", "-json")[1])
        return {name: one["value"] for name, one in found.items() if not one.get("sensitive")}


def counted(said):
    line = SUMMARY.search(said)
    words = {"added": "add", "changed": "change", "destroyed": "destroy"}
    text = line[0] if line else ""
    for done, name in words.items():
        text = text.replace(done, name)
    found = {name: int(number) for number, name in COUNTS.findall(text)}
    return {name: found.get(name, 0) for name in ("add", "change", "destroy")}


def plan(terraform, *more):
    name = word(terraform.given, "plan-file")
    kept = [f"-out={name}"] if name else []
    code, said = terraform.show(
        *("plan", "-detailed-exitcode", *more, *kept, *terraform.values(), *terraform.lock()), fine=(0, 2)
    )
    return {"changed": code == 2, **counted(said), "plan": said}


def apply(terraform):
    name = word(terraform.given, "plan-file")
    what = [terraform.inside(name)] if name else terraform.values()
    _, said = terraform.show("apply", "-auto-approve", *terraform.lock(), *what)
    numbers = counted(said[said.rfind("Apply complete!") :])
    return {"changed": any(numbers.values()), **numbers, "outputs": terraform.outputs()}


def destroy(terraform):
    _, said = terraform.show("destroy", "-auto-approve", *terraform.lock(), *terraform.values())
    numbers = counted(said[said.rfind("Destroy complete!") :])
    return {"changed": any(numbers.values()), **numbers}


def output(terraform):
    return {"outputs": terraform.outputs()}


COMMANDS = {"plan": plan, "apply": apply, "destroy": destroy, "output": output}
NOTHING = {"changed": False, "add": 0, "change": 0, "destroy": 0, "plan": "", "outputs": {}}


def act(given, private):
    terraform = Terraform(given, private)
    terraform.prepare()
    return NOTHING | COMMANDS[given["command"]](terraform)


if __name__ == "__main__":
    step("terraform", act)
