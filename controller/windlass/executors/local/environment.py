"""The environment of a local attempt: PATH, HOME, LANG, TMPDIR, USER and nothing else of the caller (docs: A step).

In: the caller's environment, a Launch, its folder. Out: a dict. The step's variables win over the first five, a null
unsets them; the paths only the executor knows win over everything.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import Launch

_USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def base_environment(caller: Mapping[str, str]) -> dict[str, str]:
    """What every attempt of this controller gets; the account's entry fills in what the caller lacks."""
    home, user = caller.get("HOME"), caller.get("USER") or caller.get("LOGNAME")
    if not home or not user:
        account_user, account_home = _account()
        home, user = home or account_home, user or account_user
    return {
        "PATH": caller.get("PATH") or _USUAL,
        "HOME": home,
        "LANG": caller.get("LANG") or "C.UTF-8",
        "USER": user,
    }


def _account() -> tuple[str, str]:
    import pwd

    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:  # a container with a number for a user
        return str(os.getuid()), "/"
    return entry.pw_name, entry.pw_dir


def attempt_environment(base: Mapping[str, str], launch: Launch, folder: str) -> dict[str, str]:
    given = {**base, "TMPDIR": f"{folder}/tmp"}  # noqa: S108 - the attempt's own
    for name in launch.unset:
        given.pop(name, None)
    return {
        **given,
        **launch.env,
        "WINDLASS_OUTPUT": f"{folder}/output",
        "WINDLASS_ENV": f"{folder}/env",
        "WINDLASS_INPUTS": f"{folder}/inputs.json",
    }
