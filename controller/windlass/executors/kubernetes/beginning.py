"""From a launch to a Job that exists, or from an open attempt to the Job that it has.

In: an attempt. Out: its Job's uid, or an Over that says why there is none. The name follows from the attempt: asking
twice makes nothing twice (promise R2). An answer that did not come is not taken for a no: it is asked again until it is
known whether the Job exists.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.executors.attempt_folder.end import Over
from windlass.executors.attempt_folder.log_file import LogFile, open_log
from windlass.executors.containers.folder import moved
from windlass.executors.kubernetes.barrier import barrier, is_barrier
from windlass.executors.kubernetes.errors import UnfitError
from windlass.executors.kubernetes.filling import remember, workspace_of
from windlass.executors.kubernetes.judging import Verdict
from windlass.executors.kubernetes.naming import is_ours
from windlass.executors.kubernetes.reading import note
from windlass.executors.kubernetes.spec import objects_of
from windlass.executors.kubernetes.terms import PolicyError, admitted
from windlass.executors.now import now_millis
from windlass.kube.errors import (
    AccessError,
    AlreadyExists,
    ApiError,
    Forbidden,
    KubeError,
    NotFound,
    NotSent,
    Throttled,
    Unavailable,
    Unreachable,
)
from windlass.kube.resources import JOBS, SECRETS

if TYPE_CHECKING:
    from windlass.executors.kubernetes.attempt import Attempt, Told
    from windlass.executors.kubernetes.spec import Objects
    from windlass.executors.kubernetes.world import World
    from windlass.runs.model import Launch

QUOTA = "exceeded quota"
BARRED_SAID = "its controller went away before it was started"
SOON = 0.1  # seconds within which a kubelet has not heard of the Pod
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)


class WithheldError(Exception):
    """This controller does not lead any more: whoever does answers for the attempt."""


def without(cause: str | None, message: str) -> Over:
    return Over(now_millis(), None, cause=cause, message=message)


class Beginning:
    def __init__(self, attempt: Attempt, told: Told, world: World) -> None:
        self._attempt = attempt
        self._told = told
        self._world = world
        self._unsure = False  # a request may have been carried out
        self._since = time.monotonic()

    async def begin(self, launch: Launch) -> Over | None:
        """None: its Job exists. Raises WithheldError, OSError and NotStartable."""
        attempt = self._attempt
        if attempt.stop_asked:
            return without(None, "stopped before it started")
        mark = secrets.token_hex(8) if launch.parts else None
        try:
            namespace = await self._world.namespace()
            workspace = workspace_of(launch, attempt.folder)
            launch = replace(launch, env=moved(launch.env, attempt.folder))
            objects = objects_of(launch, self._world.terms, namespace, mark, workspace)
            if workspace is not None:
                remember(attempt.folder, workspace, objects.files)
            job = admitted(objects.job, self._world.terms, objects.engine)
        except UnfitError as error:
            return without("start-failed", str(error))
        except PolicyError as error:
            return without("policy", str(error))
        except KubeError as error:
            return without("runner-unavailable", str(error))
        self._write_notes(launch)
        self._world.join(attempt)
        created = await self._create(job, namespace)
        if isinstance(created, Over):
            return created
        attempt.job_uid = created["metadata"]["uid"]
        await self._give_secrets(objects, namespace)
        return None

    def _write_notes(self, launch: Launch) -> None:
        data = "".join(f"{line}\n" for line in launch.notes).encode()
        log = LogFile(open_log(str(self._attempt.log_path)))
        if data and not log.size:
            log.write(data)
        log.close()
        if data:
            note(self._attempt.folder, {"head": len(data)})

    async def _create(self, job: dict[str, Any], namespace: str) -> dict[str, Any] | Over:
        """The Job as it exists."""
        tried = 0
        while True:
            if self._attempt.stop_asked and not self._unsure:
                return without(None, "stopped before it started")
            try:
                found = await self._ask(job, namespace)
                if found is not None:
                    if is_barrier(found):
                        return without("never-started", BARRED_SAID)
                    self._told.delayed(self._attempt, "", "")
                    return found
            except AccessError as error:
                return without("runner-unavailable", str(error))
            except (Unreachable, Unavailable, Throttled) as error:
                self._unsure = self._unsure or not isinstance(error, NotSent)
                self._told.delayed(self._attempt, "runner-unavailable", str(error))
                cause, message = "runner-unavailable", str(error)
            except ApiError as error:
                if QUOTA not in str(error):
                    return without(_refused(error), str(error))
                self._told.delayed(self._attempt, "quota", str(error))
                cause, message = "quota", str(error)
            if time.monotonic() - self._since > self._world.terms.pending:
                return without(cause, message)
            await self._pause(_PAUSES[min(tried, len(_PAUSES) - 1)])
            tried += 1

    async def _ask(self, job: dict[str, Any], namespace: str) -> dict[str, Any] | None:
        """None: ask again. Raises KubeError."""
        client, name = self._world.client, self._attempt.name
        if self._attempt.stop_asked:  # and unsure: it is not made now, but may have been
            with contextlib.suppress(NotFound):
                return self._own(await client.get(JOBS, name, namespace))
            self._unsure = False
            return None
        if not self._world.may_start():
            raise WithheldError
        try:
            return await client.create(JOBS, job, namespace)
        except AlreadyExists:
            self._unsure = True
            return self._own(await client.get(JOBS, name, namespace))

    def _own(self, found: dict[str, Any]) -> dict[str, Any]:
        if is_ours(found, self._attempt.key):
            return found
        raise ApiError(409, "NameTaken", f"there is a Job {self._attempt.name} already, which is not of this attempt")

    async def _give_secrets(self, objects: Objects, namespace: str) -> None:
        """Right after the Job, which owns them: long before a kubelet looks for them."""
        attempt, since = self._attempt, time.monotonic()
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": attempt.name, "uid": attempt.job_uid}
        for secret in (objects.pull, objects.secret):
            if secret is not None:
                secret["metadata"] = {**secret["metadata"], "ownerReferences": [owner]}
                await self._give(secret, namespace)
        if objects.pull is not None:
            attempt.pulls_late = attempt.pod is not None or time.monotonic() - since > SOON

    async def _give(self, secret: dict[str, Any], namespace: str) -> None:
        for pause in (*_PAUSES, None):
            try:
                await self._world.client.create(SECRETS, secret, namespace)
                return
            except AlreadyExists:
                return
            except KubeError as error:
                if pause is None or (isinstance(error, ApiError) and not isinstance(error, Unavailable | Throttled)):
                    message = f"its Secret could not be made: {error}"
                    self._attempt.verdict = Verdict(None, "start-failed", message, begun=False)
                    return
                await self._pause(pause)

    async def find(self) -> Over | None:
        """Of an adopted one. None: its Job or Pod exists."""
        self._world.seek()
        try:
            return await self._find()
        finally:
            self._world.found()

    async def _find(self) -> Over | None:
        attempt, known = self._attempt, self._attempt.job_uid is not None
        try:
            namespace = await self._world.namespace()
        except KubeError as error:
            return without("lost", f"what became of it is unknown: {error}")
        self._world.join(attempt)
        await self._world.synced.wait()
        if attempt.pod is not None:
            return None
        tried = 0
        while True:
            try:
                found = self._own(await self._found_or_barred(namespace, known=known))
                if is_barrier(found):
                    return without("never-started", BARRED_SAID)
                attempt.job_uid = attempt.job_uid or found["metadata"]["uid"]
                return None
            except NotFound:
                return without("lost", "its Job is gone, and nothing proves how it ended")
            except (Unreachable, Unavailable, Throttled, AccessError):
                await self._pause(_PAUSES[min(tried, len(_PAUSES) - 1)])
                tried += 1
            except ApiError as error:
                return without("lost", f"what became of it is unknown: {error}")

    async def _found_or_barred(self, namespace: str, *, known: bool) -> dict[str, Any]:
        """Its Job; of one that was never made, what keeps it from being made later. Raises KubeError, WithheldError."""
        client, attempt = self._world.client, self._attempt
        if (found := await self._world.listed(attempt.name)) is not None:
            return found
        try:
            return await client.get(JOBS, attempt.name, namespace)
        except NotFound:
            if known:
                raise
        if not self._world.may_start():
            raise WithheldError
        try:
            return await client.create(JOBS, barrier(attempt.key, namespace), namespace)
        except AlreadyExists:
            return await client.get(JOBS, attempt.name, namespace)

    async def _pause(self, seconds: float) -> None:
        """A stop cuts it short, once."""
        if self._attempt.stop_asked:
            await asyncio.sleep(seconds)
            return
        self._attempt.news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._attempt.news.wait()


def _refused(error: ApiError) -> str:
    if error.reason == "NameTaken":
        return "name-taken"
    if isinstance(error, Forbidden) or "admission" in str(error):
        return "admission-refused"
    return "start-failed"
