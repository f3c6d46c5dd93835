"""$WINDLASS_ENV in a Pod: what a part hands on to the parts after it.

In: a container whose driver asks for what a part wrote. Out: the variables as shell text for the parts that follow, and
the word that it was taken, with what is wrong with it if it cannot be. Asked again, it does nothing: what was answered
stands in the container.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.env_file import MOST, Refusal, variables_in
from windlass.executors.containers.driver import VARIABLES, assignments
from windlass.executors.containers.folder import ROOT
from windlass.executors.kubernetes.pods import CONTAINER
from windlass.kube.errors import ApiError, KubeError
from windlass.kube.exec import run_in

if TYPE_CHECKING:
    from windlass.kube.client import Client

TRIES = 20
_READ = f"[ -e {ROOT}/taken-$1 ] && exit 3; head -c {MOST + 1} {ROOT}/env"
# What follows a line break at the end of the answer is appended to the variables, before the answer is there.
_GIVE = f'cat >> {ROOT}/{VARIABLES}; printf %s "$2" > {ROOT}/taking-$1; mv {ROOT}/taking-$1 {ROOT}/taken-$1'


async def hand_on(client: Client, namespace: str, pod: str, part: str) -> None:
    """Tries for a while; a container that has ended meanwhile needs no answer."""
    for _ in range(TRIES):
        try:
            read = await run_in(client, namespace, pod, CONTAINER, ["sh", "-c", _READ, "sh", part], most=MOST + 4096)
            if read.exit_code == 3:
                return
            answer, text = _taken(read.stdout)
            words = ["sh", "-c", _GIVE, "sh", part, answer]
            await run_in(client, namespace, pod, CONTAINER, words, text.encode("utf-8", "surrogateescape"))
            return
        except ApiError:
            return
        except KubeError:
            await asyncio.sleep(0.5)


def _taken(written: bytes) -> tuple[str, str]:
    """(what is wrong with it, shell text): the same rules as on this machine."""
    try:
        return "", assignments(variables_in(written))
    except (Refusal, ValueError) as refusal:
        return " ".join(str(refusal).split()), ""
