"""One playbook; what became of each host, as an output."""

import json
import os
import re

from tool import Failed, Tool, reason, secret, step, word

INSTALL = "pip install ansible-core, apt-get install ansible-core, or an image that has it"
RECAP = re.compile(r"^(\S+)\s+: ((?:[a-z]+=\d+\s*)+)$", re.MULTILINE)
QUIET = {
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_STDOUT_CALLBACK": "default",  # its last words are the recap
    "ANSIBLE_RETRY_FILES_ENABLED": "0",
    "PYTHONUNBUFFERED": "1",
}


def words(given, private):
    playbook, inventory = word(given, "playbook"), word(given, "inventory") or "localhost,"
    if not os.path.isfile(playbook):
        raise Failed(f"playbook: {playbook} is not there: is `checkout: true` missing?")
    if not inventory.endswith(",") and not os.path.exists(inventory):
        raise Failed(f"inventory: {inventory} is not there; names of hosts end with a comma")
    yield from (playbook, f"--inventory={inventory}", f"--forks={given.get('forks') or 5}")
    if inventory == "localhost,":
        yield "--connection=local"
    yield from (f"--{name}" for name in ("check", "diff", "become") if given.get(name))
    yield from (f"--{name}={given[name]}" for name in ("user", "limit") if given.get(name))
    yield from (f"--{name}={','.join(given[name])}" for name in ("tags", "skip-tags") if given.get(name))
    yield from values(given, private)


def values(given, private):
    """By files: an argument could be read by everybody on the machine."""
    if given.get("variables"):
        yield f"--extra-vars=@{private.file('variables.json', json.dumps(given['variables']))}"
    if secret("secret-variables"):
        yield f"--extra-vars=@{private.file('secret-variables.yaml', secret('secret-variables'))}"
    for name, option in (("private-key", "private-key"), ("vault-password", "vault-password-file")):
        if secret(name):
            yield f"--{option}={private.file(name, secret(name))}"


def act(given, private):
    tool = Tool("ansible-playbook", INSTALL, {**QUIET, "ANSIBLE_LOCAL_TEMP": os.path.join(private.folder, "ansible")})
    code, said = tool.show(*words(given, private), fine=(0, 2, 4))
    recap = said[said.rfind("PLAY RECAP") :] if "PLAY RECAP" in said else ""
    hosts = {
        host: {name: int(number) for name, _, number in (one.partition("=") for one in counts.split())}
        for host, counts in RECAP.findall(recap)
    }
    if code:
        raise Failed(wrong(hosts) or f"ansible-playbook ended with {code}: {reason(said)}")
    return {"changed": any(one.get("changed") for one in hosts.values()), "hosts": hosts}


def wrong(hosts):
    """Which hosts did not do what was asked of them."""
    found = [
        f"{what} on {', '.join(names[:10])}{' and others' if len(names) > 10 else ''}"
        for key, what in (("failed", "tasks failed"), ("unreachable", "no connection"))
        if (names := [host for host, counts in hosts.items() if counts.get(key)])
    ]
    return "; ".join(found)


if __name__ == "__main__":
    step("ansible", act)
