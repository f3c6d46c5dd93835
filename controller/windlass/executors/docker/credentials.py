"""Who pulls: the credentials of registries that the attempt was given, else where the `docker` command keeps them.

In: an image, and this program's environment (DOCKER_CONFIG, HOME). Out: the header that the engine hands on to the
registry; None when there are none. They are read anew for each pull, and go to the engine alone, never to a log.
"""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.executors.containers.registries import registry_of
from windlass.policies.images import full_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.runs.beside import LaunchRegistry

HELPER_SECONDS = 20.0
_BY_TOKEN = "<token>"  # noqa: S105 - the user name with which helpers mark a token


def registry_auth(image: str, environment: Mapping[str, str], given: Sequence[LaunchRegistry] = ()) -> str | None:
    """A value for X-Registry-Auth. `given` wins. What cannot be read counts as not there: the registry then says what
    it wants."""
    registry = registry_of(image)
    own = next((one for one in given if one.host == full_name(image).registry), None)
    if own is not None:
        return _header({"username": own.username, "password": own.password}, registry)
    config = _config(environment)
    helper = (config.get("credHelpers") or {}).get(registry) or config.get("credsStore")
    found = _asked(str(helper), registry, environment) if helper else None
    found = found or _written(config.get("auths") or {}, registry)
    if found is None:
        return None
    return _header(found, registry)


def _header(found: Mapping[str, str], registry: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({**found, "serveraddress": registry}).encode()).decode()


def _config(environment: Mapping[str, str]) -> dict[str, Any]:
    folder = environment.get("DOCKER_CONFIG") or f"{environment.get('HOME', '/')}/.docker"
    try:
        found = json.loads(Path(folder, "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _written(auths: Mapping[str, Any], registry: str) -> dict[str, str] | None:
    entry: Mapping[str, Any] = next(
        (auths[name] for name in (registry, f"https://{registry}", f"https://{registry}/") if name in auths), {}
    )
    if entry.get("identitytoken"):
        return {"identitytoken": str(entry["identitytoken"])}
    try:
        user, colon, password = base64.b64decode(str(entry.get("auth") or "")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return {"username": user, "password": password} if colon else None


def _asked(helper: str, registry: str, environment: Mapping[str, str]) -> dict[str, str] | None:
    """Of a program `docker-credential-NAME`, as the configuration names it."""
    if not helper.replace("-", "").replace("_", "").isalnum():
        return None
    command = [f"docker-credential-{helper}", "get"]
    try:
        answer = subprocess.run(  # the configuration is the operator's own
            command,
            input=registry.encode(),
            capture_output=True,
            timeout=HELPER_SECONDS,
            check=True,
            env=dict(environment),
        )
        found = json.loads(answer.stdout)
        user, secret = str(found["Username"]), str(found["Secret"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None
    return {"identitytoken": secret} if user == _BY_TOKEN else {"username": user, "password": secret}
