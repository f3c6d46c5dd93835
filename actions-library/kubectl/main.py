"""kubectl, with what people do with it in a pipeline; each command is one or two calls of the program."""

import glob
import json
import os
import re

from tool import Failed, Tool, seconds, secret, step, word

INSTALL = "https://kubernetes.io/docs/tasks/tools/ says how, or an image that has it"
ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
# Of one object as of a list.
NAMES = (
    '{{range .items}}{{.kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\\n"}}'
    '{{else}}{{.kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\\n"}}{{end}}'
)
STATES = r"(created|configured|unchanged|serverside-applied|deleted)"
DONE = re.compile(rf"^(?P<name>\S+/\S+|\S+ \"\S+\") (?:force )?{STATES}\b", re.MULTILINE)


class Kubectl:
    def __init__(self, given, private):
        self.given, self.private = given, private
        env = {"TMPDIR": private.folder}  # where diff puts what it compares
        if secret("kubeconfig"):
            env["KUBECONFIG"] = private.file("kubeconfig", secret("kubeconfig"))
        self.tool = Tool("kubectl", INSTALL, env, hidden=private.folder)
        self.limit = max(1, int(seconds(given.get("timeout") or "5m")))
        self.where = [f"--{name}={given[name]}" for name in ("context", "namespace") if given.get(name)]

    def show(self, *words, fine=(0,)):
        return self.tool.show(*words, *self.where, fine=fine)

    def files(self):
        given = self.given
        ways = [name for name in ("manifests", "manifest", "kustomize") if given.get(name)]
        if len(ways) != 1:
            raise Failed(f"{given['command']} needs one of manifests, manifest and kustomize, not {len(ways)} of them")
        if given.get("manifest"):
            path = os.path.join(self.private.folder, "manifest.yaml")
            return [
                f"--filename={path if os.path.exists(path) else self.private.file('manifest.yaml', given['manifest'])}"
            ]
        if given.get("kustomize"):
            return [f"--kustomize={existing(given['kustomize'])}"]
        return [f"--filename={path}" for pattern in given["manifests"] for path in found(pattern)]

    def resource(self):
        if not self.given.get("resource"):
            raise Failed(f"{self.given['command']} needs a resource, such as deployment/shop")
        selector = self.given.get("selector")
        return [*self.given["resource"].split(), *([f"--selector={selector}"] if selector else [])]

    def how(self):
        return ["--server-side", "--field-manager=windlass"] if self.given.get("server-side") else []

    def dry(self):
        return ["--dry-run=server"] if self.given.get("dry-run") else []

    def roll_out(self, kind, namespace, name):
        where = [f"--namespace={namespace}"] if namespace else self.where
        context = [one for one in self.where if one.startswith("--context")]
        self.tool.show("rollout", "status", f"{kind}/{name}", f"--timeout={self.limit}s", *where, *context)


def existing(path):
    if not os.path.exists(path):
        raise Failed(f"{path} is not there: is `checkout: true` missing, or an artifact?")
    return path


def found(pattern):
    if re.match(r"https?://", pattern):
        return [pattern]
    paths = sorted(glob.glob(pattern, recursive=True)) if re.search(r"[*?\[]", pattern) else [existing(pattern)]
    if not paths:
        raise Failed(f"{pattern} matches no file: is `checkout: true` missing, or an artifact?")
    return paths


def apply(kubectl):
    files = kubectl.files()
    _, said = kubectl.show("apply", *files, *kubectl.how(), *kubectl.dry())
    lines = list(DONE.finditer(said))
    if kubectl.given.get("wait") and not kubectl.given.get("dry-run"):
        _, names = kubectl.tool.take("get", *files, f"--output=go-template={NAMES}", *kubectl.where)
        for line in names.splitlines():
            kind, namespace, name = line.split()
            if kind in ROLLED_OUT:
                kubectl.roll_out(kind.lower(), "" if namespace == "<no" else namespace, name)
    return {"changed": any(one[2] != "unchanged" for one in lines), "resources": [one["name"] for one in lines]}


def diff(kubectl):
    code, said = kubectl.show("diff", *kubectl.files(), *kubectl.how(), fine=(0, 1))
    if code == 1 and not re.search(r"^(diff|---|\+\+\+) ", said, re.MULTILINE):  # kubectl's own errors are a 1 too
        raise Failed(f"kubectl diff: {' '.join(said.split())[-500:]}")
    return {"changed": code == 1, "diff": said}


def delete(kubectl):
    what = kubectl.resource() if kubectl.given.get("resource") else kubectl.files()
    _, said = kubectl.show("delete", *what, "--ignore-not-found", f"--timeout={kubectl.limit}s", *kubectl.dry())
    names = [one["name"].replace(' "', "/").rstrip('"') for one in DONE.finditer(said)]
    return {"changed": bool(names), "resources": names}


def get(kubectl):
    _, text = kubectl.tool.take("get", *kubectl.resource(), "--output=json", *kubectl.where)
    result = json.loads(text)
    print(f"{result.get('kind')}: {len(result['items']) if 'items' in result else 1} found")
    return {"result": result}


def wait(kubectl):
    condition = word(kubectl.given, "for")
    if not condition:
        raise Failed("wait needs `for`, such as condition=Available")
    kubectl.show("wait", *kubectl.resource(), f"--for={condition}", f"--timeout={kubectl.limit}s")
    return {}


def rollout(kubectl):
    kubectl.show("rollout", "status", *kubectl.resource(), f"--timeout={kubectl.limit}s")
    return {}


def again(verb):
    def act(kubectl):
        kubectl.show("rollout", verb, *kubectl.resource())
        if kubectl.given.get("wait"):
            rollout(kubectl)
        return {}

    return act


COMMANDS = {
    "apply": apply,
    "diff": diff,
    "delete": delete,
    "get": get,
    "wait": wait,
    "rollout": rollout,
    "restart": again("restart"),
    "undo": again("undo"),
}
NOTHING = {"changed": False, "resources": [], "diff": "", "result": {}}


def act(given, private):
    return NOTHING | COMMANDS[given["command"]](Kubectl(given, private))


if __name__ == "__main__":
    step("kubectl", act)
