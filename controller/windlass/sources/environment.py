"""The environment and configuration that git runs with: ours, all of it.

In: the location and the credential. Out: the complete environment of a git process. No configuration file, hook,
credential helper, prompt, alias, proxy setting or template of the user or the system has a say; what a
repository says about itself has none either. The list is the one tried in the research ("Hardening") and the
git advisories behind it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from windlass.sources.auth import ssh_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from windlass.sources.auth import Auth
    from windlass.sources.location import Location

# How a company's network reaches the outside belongs to the machine, not to git's configuration.
_FROM_THE_MACHINE = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")

# A .gitmodules file is never acted on, so a broken one is no reason to refuse the repository (G04, G05); the others
# are harmless and frequent in the history of real repositories.
_FSCK_IGNORED = (
    *("gitmodulesBlob", "gitmodulesMissing", "gitmodulesName", "gitmodulesPath", "gitmodulesUrl"),
    *("badTimezone", "missingSpaceBeforeDate", "zeroPaddedFilemode", "missingEmail"),
)

_CONFIG = {
    "core.askPass": "",
    "core.bigFileThreshold": "16m",  # larger blobs are streamed, not held in memory (G18)
    "core.fsmonitor": "false",
    "core.fsync": "committed,reference",
    "core.hooksPath": "/dev/null",
    "core.packedGitLimit": "512m",
    "core.packedGitWindowSize": "64m",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # a pack is written whole and synced, loose objects are not
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "gc.autoDetach": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "500",
    "init.templateDir": "",
    "maintenance.auto": "false",
    "pack.threads": "2",
    "protocol.version": "2",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "transfer.fsckObjects": "true",
    **{f"fetch.fsck.{name}": "ignore" for name in _FSCK_IGNORED},
}


def git_environment(
    program: str,
    location: Location | None = None,
    auth: Auth | None = None,
    *,
    low_speed_seconds: int = 20,
    global_config: Path | None = None,
    config: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Every variable git gets. Without a location no transport is allowed at all.

    `global_config` is a file of ours; it is the only configuration that also reaches the `upload-pack` which git
    starts in a local repository. Raises SourceError when the credential is not for this location.
    """
    merged = {**_CONFIG, "http.lowSpeedTime": str(max(1, low_speed_seconds)), **(config or {})}
    if auth is not None and location is not None:
        merged |= auth.config(location)
    folder = program.rpartition("/")[0]
    environment = {
        "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": location.scheme if location else "none",
        "GIT_ASKPASS": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(global_config or "/dev/null"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_SSH_COMMAND": ssh_command(auth),
        "GIT_TERMINAL_PROMPT": "0",
        "MALLOC_ARENA_MAX": "2",  # otherwise each thread takes 64 MiB of address space from the limit
        "SSH_ASKPASS": "",
    }
    environment |= {name: os.environ[name] for name in _FROM_THE_MACHINE if name in os.environ}
    environment["GIT_CONFIG_COUNT"] = str(len(merged))
    for number, (key, value) in enumerate(merged.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def write_global_config(path: Path, safe_folders: list[str]) -> None:
    """The configuration that also reaches the `upload-pack` of a local repository, which git starts without ours.

    A folder may belong to another user than the one we run as: exactly these folders are declared safe. Their names
    hold no control characters (`parse_location`).
    """
    quoted = [folder.replace("\\", "\\\\").replace('"', '\\"') for folder in safe_folders]
    lines = ["[safe]", *(f'\tdirectory = "{folder}"' for folder in quoted)]
    lines += ["[pack]", "\tthreads = 2", "[core]", "\tbigFileThreshold = 16m"]
    lines += ["\tpackedGitWindowSize = 64m", "\tpackedGitLimit = 512m"]
    new = path.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n", "utf-8")
    new.replace(path)
