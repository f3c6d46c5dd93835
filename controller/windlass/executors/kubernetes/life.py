"""One attempt, from its Job to its end: what its task does.

In: an attempt. Out: what the executor is told of it. The order is the crash-safe story: the name is fixed, the Job is
made, its Pod is watched; at the end the log and the outputs, `end.json`, then the word about it. Nothing of it depends
on memory: whoever adopts the attempt finds the same Job, the same Pod, the same log.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.executors.attempt_folder.end import Over, read_end, write_end
from windlass.executors.attempt_folder.log_file import NotStartable
from windlass.executors.containers.log_copy import millis_of
from windlass.executors.kubernetes.attempt import TERMS, Remembered
from windlass.executors.kubernetes.beginning import Beginning, WithheldError, without
from windlass.executors.kubernetes.concluding import explained, spilled
from windlass.executors.kubernetes.filling import FillError, fill
from windlass.executors.kubernetes.finished import LINGERS, is_judged, lingers, refused
from windlass.executors.kubernetes.handing_on import hand_on
from windlass.executors.kubernetes.hidden import hidden
from windlass.executors.kubernetes.judging import Verdict, verdict_of, verdict_of_gone
from windlass.executors.kubernetes.left import Left
from windlass.executors.kubernetes.naming import JOB_NAME
from windlass.executors.kubernetes.once import forbid_another
from windlass.executors.kubernetes.pending import AWAY, Pending
from windlass.executors.kubernetes.pods import FILL, Pod
from windlass.executors.kubernetes.reading import Reader, mark_lost
from windlass.executors.kubernetes.services import services_of
from windlass.executors.kubernetes.services_log import last_lines
from windlass.executors.kubernetes.start_word import StartWord
from windlass.executors.now import now_millis
from windlass.kube.client import decode
from windlass.kube.errors import Conflict, KubeError, NotFound
from windlass.kube.resources import JOBS, PODS
from windlass.masking import masked_text

if TYPE_CHECKING:
    from windlass.executors.kubernetes.attempt import Attempt, Told
    from windlass.executors.kubernetes.world import World

UNKNOWN = "the Secret that says what must not show in it is gone"


async def live(attempt: Attempt, told: Told, world: World) -> None:
    """To the end. Tells exactly one end, unless it is cancelled first."""
    try:
        over = await _over(attempt, told, world)
    except WithheldError:
        log.event("executor.start-withheld", level="warning", run=attempt.key.run, step=attempt.key.path)
        return
    except Exception as error:  # noqa: BLE001 - the boundary of one attempt (R29)
        log.event("kubernetes.crashed", level="error", run=attempt.key.run, error=log.told(error))
        over = without("internal-error", f"the kubernetes runner made a mistake: {type(error).__name__}")
    finally:
        world.leave(attempt)
    told.ended(attempt, over)


async def _over(attempt: Attempt, told: Told, world: World) -> Over:
    try:
        over = read_end(attempt.folder)
        if over is None:
            over = await (life := Life(attempt, told, world)).settled()
            over = replace(over, message=masked_text(over.message, life.masks))
            write_end(attempt.folder, over)
            life.start.tell_now()
        elif over.exit_code is not None and not attempt.told_started:  # killed between its end and the word about it
            told.started(attempt, over.at, {})
        return over
    except NotStartable as error:
        return without("start-failed", str(error))
    except OSError as error:
        return without("start-failed", f"its folder cannot be used: {error.strerror}")


class Life:
    def __init__(self, attempt: Attempt, told: Told, world: World) -> None:
        self._attempt = attempt
        self._told = told
        self._world = world
        self._client = world.client
        self._namespace = ""
        self.start = StartWord(attempt, told)
        self._pending = Pending(attempt, told, world)
        self._asked_grace: int | None = None  # what its Pod was told
        self._job_deleted = False
        self._running = False
        self._services_told = False
        self._ending: float | None = None  # since when its Pod is being deleted
        self._reader: Reader | None = None
        self._following: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._filling: asyncio.Task[None] | None = None
        self._kept = Remembered.read(None)
        self.masks: tuple[str, ...] = attempt.launch.masks if attempt.launch is not None else ()
        self._withheld = False  # `masks` are not known any more
        self._judged = not is_judged(world.terms.policy)  # its Pod, as webhooks made it

    async def settled(self) -> Over:
        beginning = Beginning(self._attempt, self._told, self._world)
        launch = self._attempt.launch
        over = await beginning.find() if launch is None else await beginning.begin(launch)
        if over is not None:
            return over
        self._namespace = await self._world.namespace()
        try:
            over = await self._conclude(await self._watch())
            if self._somebody_deleted_it():  # now that its log is read
                await forbid_another(self._client, self._namespace, self._attempt)
            return over
        finally:
            self.start.hold_back()
            for task in (self._following, self._listening, self._filling):
                await _ended(task)
            if self._reader is not None:
                self._reader.close()

    # ---- until it is over

    async def _watch(self) -> Verdict:
        attempt = self._attempt
        while True:
            attempt.news.clear()
            pod = attempt.pod
            await self._judge(pod)
            if pod is not None and pod.over:
                return verdict_of(pod)
            if attempt.gone and await self._is_gone(pod):
                return verdict_of_gone(pod)
            if pod is not None and pod.metadata.deletion_timestamp is not None:
                if not pod.spec.node_name:  # nothing will ever take it
                    return verdict_of_gone(pod)
                if self._is_overdue(pod):
                    return Verdict(None, "lost", "its node does not answer, and nothing proves how it ended")
            if pod is not None and self._filling is None and pod.around(FILL).running is not None:
                self._filling = asyncio.create_task(self._fill(pod.metadata.name))
            if pod is not None and pod.state.running is not None and not self._running:
                await self._runs(pod)
            if attempt.stop_asked or attempt.verdict is not None:
                done = await self._end(pod)
                if done is not None:
                    return done
            elif not self._running:
                await self._pending.look(pod)
                done = await self._end(pod) if attempt.verdict is not None else None
                if done is not None:
                    return done
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._next_look()):
                    await attempt.news.wait()

    async def _judge(self, pod: Pod | None) -> None:
        """What a webhook made of it: once, before its program begins if that can be."""
        attempt = self._attempt
        if pod is None or self._judged:
            return
        try:
            said = await refused(self._client, self._namespace, pod.metadata.name, attempt.name, self._world.terms)
        except KubeError as error:
            log.event("kubernetes.pod-unjudged", level="warning", job=attempt.name, error=str(error))
            return  # and asked again
        self._judged = True
        if said is not None and attempt.verdict is None:
            attempt.verdict = Verdict(None, "policy", said, begun=False)

    def _is_overdue(self, pod: Pod) -> bool:
        """It was told to end, and its node, which would say so, does not."""
        now = time.monotonic()
        self._ending = self._ending or now
        grace = pod.metadata.deletion_grace_period_seconds or 0
        return now - self._ending > grace + self._world.terms.node_patience

    def _next_look(self) -> float | None:
        """A Pod that runs and that nobody ends is heard of when something changes."""
        attempt = self._attempt
        if attempt.stop_asked or attempt.verdict is not None or attempt.gone or self._ending is not None:
            return AWAY
        if attempt.pod is not None and not self._judged:
            return AWAY
        if self._running:
            return None
        return self._pending.next_look()

    async def _fill(self, pod: str) -> None:
        try:
            await fill(self._attempt, self._client, self._namespace, pod)
        except FillError as error:
            self._attempt.verdict = Verdict(None, "workspace-unfilled", f"its files: {error}", begun=False)
            self._attempt.news.set()

    async def _runs(self, pod: Pod) -> None:
        self._running = True
        self._told.delayed(self._attempt, "", "")
        self.start.tell(pod, self._namespace)
        reader = await self._open(pod)
        if not self._withheld:
            self._following = asyncio.create_task(reader.follow(pod.metadata.name, self._world.slots))
        if self._kept.quiet is not None:
            self._listening = asyncio.create_task(self._listen(self._kept.quiet / 1000))

    async def _open(self, pod: Pod) -> Reader:
        if self._reader is None:
            launch, mark = self._attempt.launch, None
            self._kept = Remembered.read(pod.metadata.annotations.get(TERMS))
            if launch is not None:
                self._kept = self._kept.by(launch)
            if launch is not None and launch.parts:
                _, mark = await hidden(self._client, self._attempt.name, self._namespace)
            elif launch is None and self._kept.secret:
                masks, mark = await hidden(self._client, self._attempt.name, self._namespace)
                self.masks, self._withheld = masks or (), masks is None
                self._attempt.masked = bool(masks)

            async def hands(part: str) -> None:
                await hand_on(self._client, self._namespace, pod.metadata.name, part)

            self._reader = Reader(self._attempt, self._told, self._client, self._namespace, self.masks, mark, hands)
            if launch is None and self._kept.quiet is not None:
                with contextlib.suppress(OSError):
                    silent = time.time() - self._attempt.log_path.stat().st_mtime
                    self._attempt.written_at = time.monotonic() - max(0.0, silent)
            else:
                self._attempt.written_at = time.monotonic()
        return self._reader

    async def _listen(self, limit: float) -> None:
        while True:
            left = self._attempt.written_at + limit - time.monotonic()
            if left <= 0:
                self._told.quiet(self._attempt)
                return
            await asyncio.sleep(left)

    # ---- to its end

    async def _end(self, pod: Pod | None) -> Verdict | None:
        """Asks the cluster to end it. A Verdict: there is nothing left that could run."""
        attempt = self._attempt
        grace = attempt.grace if attempt.stop_asked and attempt.grace is not None else 0
        try:
            if pod is not None:
                if self._asked_grace is None or grace < self._asked_grace:
                    await self._add_services(pod)
                    seconds = max(1, -(-grace // 1000))
                    await self._client.delete(
                        PODS, pod.metadata.name, self._namespace, uid=pod.metadata.uid, grace=seconds
                    )
                    self._asked_grace = grace
                return None
            if not self._job_deleted:
                with contextlib.suppress(NotFound, Conflict):
                    await self._client.delete(JOBS, attempt.name, self._namespace, uid=attempt.job_uid)
                self._job_deleted = True
            if await self._pods_of_job():
                return None  # the watch tells of it, and it is ended then
            return attempt.verdict or Verdict(None, None, "stopped before it started", begun=False)
        except (NotFound, Conflict):
            attempt.gone = True
            attempt.news.set()
        except KubeError as error:
            log.event("kubernetes.not-ended", level="warning", job=attempt.name, error=str(error))
        return None

    async def _pods_of_job(self) -> bool:
        """A live list, not what the watch has shown so far. Raises KubeError."""
        found = False
        label = f"{JOB_NAME}={self._attempt.name}"
        async for page in self._client.pages(PODS, self._namespace, labels=label):
            for item in page.items:
                pod = decode(item, Pod)
                if pod.job == self._attempt.job_uid:
                    self._attempt.saw(pod)
                    found = True
        return found

    async def _is_gone(self, pod: Pod | None) -> bool:
        """Absence is proven before it is acted on (promise R10)."""
        if pod is None:
            return True
        try:
            found = await self._client.get(PODS, pod.metadata.name, self._namespace)
        except NotFound:
            return True
        except KubeError:
            return False
        if found["metadata"]["uid"] == pod.metadata.uid:
            self._attempt.gone = False
            return False
        return True

    def _somebody_deleted_it(self) -> bool:
        pod = self._attempt.pod
        return pod is not None and pod.metadata.deletion_timestamp is not None and self._asked_grace is None

    async def _conclude(self, verdict: Verdict) -> Over:
        attempt, pod = self._attempt, self._attempt.pod
        verdict = explained(attempt, verdict, pod)
        if pod is None or not pod.counts:
            await forbid_another(self._client, self._namespace, attempt)
        if pod is None or not (verdict.begun or self._running or attempt.told_started):
            await self._add_services(pod)
            mark_lost(attempt)
            return Over(now_millis(), verdict.exit_code, cause=verdict.cause, message=verdict.message)
        self.start.tell_soon(pod, self._namespace)
        reader = await self._open(pod)
        if reader.in_parts:
            self.start.tell_now()
        if attempt.gone or pod.metadata.deletion_timestamp:
            await reader.last_words()
        await _ended(self._following)
        if self._withheld or attempt.gone:
            reader.lost(UNKNOWN if self._withheld else "its Pod is gone")
        else:
            await reader.finish(pod.metadata.name, self._world.terms.log_patience)
            await self._add_services(pod)
        exit_code, cause = verdict.exit_code, verdict.cause
        message = verdict.message or reader.complaint
        failure = reader.said.failure()
        if failure is not None and not attempt.stop_asked and cause is None:
            exit_code, cause, message = failure
        attempt.pod_name, attempt.keeps = pod.metadata.name, self._kept.keeps
        masks = None if self._withheld else self.masks
        attempt.goes_at_once = spilled(pod, masks) or await self._lingers(pod)
        left = Left(self._client, self._namespace, pod, self._kept, masks)
        outputs, trouble = await left.brought(attempt.folder, exit_code, good=exit_code == 0 and cause is None)
        if trouble is not None and exit_code == 0 and cause is None:
            cause, message = "workspace-lost", trouble
        return Over(now_millis(), exit_code, outputs, cause, message, reader.said.records)

    async def _lingers(self, pod: Pod) -> bool:
        """A container that a webhook added runs on: its Job ends some time, also if nobody is there to remove it."""
        if not lingers(pod) or pod.metadata.deletion_timestamp:
            return False
        begun = pod.state.terminated.started_at if pod.state.terminated is not None else None
        took = max(0, now_millis() - millis_of(begun)) // 1000 if begun else 0
        with contextlib.suppress(KubeError):
            body = {"spec": {"activeDeadlineSeconds": took + LINGERS}}
            await self._client.patch(JOBS, self._attempt.name, body, self._namespace)
        return True

    async def _add_services(self, pod: Pod | None) -> None:
        """What they wrote: of a program that has ended or never began, while its Pod is there to tell."""
        if pod is None or self._services_told or (self._running and not pod.over) or not any(services_of(pod)):
            return
        self._services_told = True
        reader = await self._open(pod)
        if not self._withheld:
            await reader.add(last_lines(self._client, self._namespace, pod))


async def _ended(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, KubeError):
            await task
