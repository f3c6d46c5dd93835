"""One Pod for an attempt, never a second (promise R2): a Job whose Pod went without an end that counts is deleted.

That is also so where somebody else deleted the Pod: whoever suspends a Job makes its controller do that without
counting it, and who resumes it later would start the program again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from windlass import log
from windlass.kube.errors import Conflict, KubeError, NotFound
from windlass.kube.resources import JOBS

if TYPE_CHECKING:
    from windlass.executors.kubernetes.attempt import Attempt
    from windlass.kube.client import Client

TIMES = 5
PAUSE = 2.0


async def forbid_another(client: Client, namespace: str, attempt: Attempt) -> None:
    """Its Job would make another Pod in place of one that is gone."""
    for _ in range(TIMES):
        try:
            await client.delete(JOBS, attempt.name, namespace, uid=attempt.job_uid)
            return
        except (NotFound, Conflict):
            return
        except KubeError as error:
            log.event("kubernetes.job-not-deleted", level="warning", job=attempt.name, error=str(error))
            await asyncio.sleep(PAUSE)
