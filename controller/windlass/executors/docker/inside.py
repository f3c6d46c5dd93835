"""`docker: true`: the runner's own engine, inside the step.

In: where the engine is. Out: what the container is given: its socket, and a variable that names it. Whether a step may
have it was decided before (`workspace/runner_terms.py`): whoever has the socket can do on that machine what root can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.executors.containers.engine_socket import INSIDE
from windlass.executors.docker.address import read_address

if TYPE_CHECKING:
    from collections.abc import Mapping


def engine_inside(environment: Mapping[str, str]) -> dict[str, Any]:
    """A mount: the socket as the engine's own machine has it. Of one that is reached over the network, the usual one.

    Raises UsageError when the engine's address is wrong.
    """
    path = read_address(environment).path or INSIDE
    return {"Type": "bind", "Source": path, "Target": INSIDE}
