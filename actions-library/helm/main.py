"""Helm: one release, brought to what is asked for; secrets reach it by files and standard input alone."""

import json
import os
import re
import subprocess
from urllib.parse import urlsplit

from tool import Failed, Tool, seconds, secret, step, word

INSTALL = "https://helm.sh/docs/intro/install/ says how, or an image that has it"
ALIAS = "windlass"  # of the repository, in a list of repositories that is the step's own


class Helm:
    def __init__(self, given, private):
        self.given, self.private = given, private
        env = {
            "HELM_REPOSITORY_CONFIG": os.path.join(private.folder, "repositories.yaml"),
            "HELM_REPOSITORY_CACHE": os.path.join(private.folder, "repositories"),
            "HELM_REGISTRY_CONFIG": os.path.join(private.folder, "registry.json"),
        }
        if secret("kubeconfig"):
            env["KUBECONFIG"] = private.file("kubeconfig", secret("kubeconfig"))
        self.tool = Tool("helm", INSTALL, env)
        self.where = [
            f"--{option}={given[name]}"
            for option, name in (("kube-context", "context"), ("namespace", "namespace"))
            if given.get(name)
        ]
        self.limit = f"--timeout={max(1, int(seconds(given.get('timeout') or '5m')))}s"

    @property
    def major(self):
        _, found = self.tool.take("version", "--template={{.Version}}")
        number = re.match(r"v?(\d+)", found)
        return int(number[1]) if number else 3

    def log_in(self, *words):
        """By standard input: an argument could be read by everybody on the machine."""
        user, password = word(self.given, "username"), secret("password")
        if not user or not password:
            raise Failed("username and password go together")
        done = subprocess.run(
            ["helm", *words, f"--username={user}", "--password-stdin"],
            input=password.encode(),
            env=self.tool.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            said = done.stdout[-2000:].decode("utf-8", "replace").replace(password, "***")
            raise Failed(f"helm {' '.join(words[:2])}: {' '.join(said.split())[-400:]}")

    def chart(self):
        """The words that name the chart."""
        chart, repository = word(self.given, "chart"), self.given.get("repository")
        if not chart:
            raise Failed("upgrade needs a chart")
        version = [f"--version={self.given['version']}"] if self.given.get("version") else []
        if repository and (urlsplit(repository).password or urlsplit(repository).username):
            raise Failed("repository holds credentials, which logs would show: use username and password")
        asks = bool(self.given.get("username") or secret("password"))
        if chart.startswith("oci://"):
            if asks:
                self.log_in("registry", "login", urlsplit(chart).netloc)
        elif repository and asks:
            self.log_in("repo", "add", ALIAS, repository)
            return [f"{ALIAS}/{chart}", *version]
        elif repository:
            return [chart, f"--repo={repository}", *version]
        elif not os.path.exists(chart):
            raise Failed(f"{chart} is not there: is `checkout: true` missing, an artifact, or repository?")
        return [chart, *version]

    def values(self):
        """The strongest last."""
        files = list(self.given.get("value-files") or [])
        for path in files:
            if not os.path.isfile(path):
                raise Failed(f"value-files: {path} is not there")
        if self.given.get("values"):
            files.append(self.private.file("values.json", json.dumps(self.given["values"])))
        if secret("secret-values"):
            files.append(self.private.file("secret-values.yaml", secret("secret-values")))
        return [f"--values={path}" for path in files]

    def state(self):
        _, found = self.tool.take("history", self.given["release"], "--max=1", "--output=json", *self.where)
        (last,) = json.loads(found)
        return {"revision": last["revision"], "status": last["status"], "chart": last["chart"]}


def upgrade(helm):
    given = helm.given
    options = ["--create-namespace"] if given.get("create-namespace") else []
    if given.get("wait") and not given.get("dry-run"):
        options.append("--wait")
    if given.get("atomic"):
        options.append("--rollback-on-failure" if helm.major > 3 else "--atomic")
    if given.get("dry-run"):
        options += ["--dry-run=server", "--hide-secret"]
    helm.tool.show(
        *("upgrade", "--install", given["release"], *helm.chart()),
        *(*helm.values(), *options, helm.limit, *helm.where),
    )
    return {} if given.get("dry-run") else helm.state()


def rollback(helm):
    revision = [str(helm.given["revision"])] if helm.given.get("revision") else []
    options = [one for one, wanted in (("--wait", "wait"), ("--dry-run", "dry-run")) if helm.given.get(wanted)]
    helm.tool.show("rollback", helm.given["release"], *revision, *options, helm.limit, *helm.where)
    return helm.state()


def uninstall(helm):
    options = [one for one, wanted in (("--wait", "wait"), ("--dry-run", "dry-run")) if helm.given.get(wanted)]
    helm.tool.show("uninstall", helm.given["release"], "--ignore-not-found", *options, helm.limit, *helm.where)
    return {"status": "uninstalled"}


COMMANDS = {"upgrade": upgrade, "rollback": rollback, "uninstall": uninstall}


def act(given, private):
    return {"revision": 0, "status": "", "chart": ""} | COMMANDS[given["command"]](Helm(given, private))


if __name__ == "__main__":
    step("helm", act)
