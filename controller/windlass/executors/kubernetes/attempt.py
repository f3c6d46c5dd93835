"""One attempt of the kubernetes runner: what its task, the watch and the executor know of it together.

In: its key and launch. Out: an Attempt, and the contract of what it tells (`Told`). Everything here happens in the
event loop.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Protocol

from windlass.executors.kubernetes.naming import PREFIX, object_name
from windlass.runs.outputs import MOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from windlass.executors.attempt_folder.end import Over
    from windlass.executors.kubernetes.judging import Verdict
    from windlass.executors.kubernetes.pods import Pod
    from windlass.runs.model import AttemptKey, Launch, PartRecord

TERMS = f"{PREFIX}/terms"  # annotation: what an adopting controller must know
OWES = f"{PREFIX}/owes"  # annotation: what is to be collected of its workspace, as JSON
GRACE = 10_000  # milliseconds; when nobody says


class Told(Protocol):
    """What the executor hears."""

    def started(self, attempt: Attempt, at: int, handle: dict[str, Any]) -> None: ...

    def delayed(self, attempt: Attempt, cause: str, message: str) -> None:
        """Why it has not begun; both empty: nothing holds it any more."""

    def quiet(self, attempt: Attempt) -> None: ...

    def parts(self, attempt: Attempt, parts: tuple[PartRecord, ...]) -> None: ...

    def ended(self, attempt: Attempt, over: Over) -> None: ...


class Attempt:
    """`launch` None: adopted; `handle` is what the ledger knows of its start.

    `news` is set whenever something changed: a Pod, a stop. `verdict`: what it ends with whatever its Pod becomes.
    """

    def __init__(
        self,
        key: AttemptKey,
        folder: Path,
        log_path: Path,
        launch: Launch | None,
        handle: Mapping[str, Any] | None = None,
    ) -> None:
        self.key = key
        self.folder = folder
        self.log_path = log_path
        self.launch = launch
        self.name = object_name(key)
        self.told_started = handle is not None
        self.job_uid: str | None = (handle or {}).get("uid")
        self.masked = bool(launch is not None and launch.masks)  # its Secret holds values
        self.goes_at_once = False  # its Job, when its end is recorded: its Pod shows a value, or would run on
        self.pod_name: str | None = (handle or {}).get("pod")
        self.keeps: bool | None = None  # a container there waits to be let go; None: not known
        self.news = asyncio.Event()
        self.stop_asked = False
        self.grace: int | None = None
        self.verdict: Verdict | None = None
        self.pulls_late = False  # the kubelet may have looked for its Secrets before they were there
        self.written_at = time.monotonic()
        self._pods: dict[str, Pod] = {}
        self._bound: str | None = None  # the uid of its Pod: the first one, and no other ever
        self.gone = False  # its Pod is said to be gone

    @property
    def pod(self) -> Pod | None:
        """Its own, by the uid of its Job: labels may be forged."""
        if self._bound is None and self.job_uid is not None:
            mine = (pod for pod in self._pods.values() if pod.job == self.job_uid)
            first = next(mine, None)
            self._bound = first.metadata.uid if first is not None else None
            if first is not None:
                self._pods = {first.metadata.uid: first}
        return self._pods.get(self._bound) if self._bound is not None else None

    def saw(self, pod: Pod) -> None:
        uid = pod.metadata.uid
        if self._bound is None or uid == self._bound:
            self._pods[uid] = pod
            self.news.set()

    def saw_gone(self, uid: str, last: Pod | None = None) -> None:
        if uid not in self._pods:
            return
        if last is not None:
            self._pods[uid] = last
        if self.pod is not None and self._bound == uid:
            self.gone = True
            self.news.set()
        else:
            self._pods.pop(uid, None)

    def exists_only(self, uids: frozenset[str]) -> None:
        """A list is complete."""
        for uid in [uid for uid in self._pods if uid not in uids]:
            self.saw_gone(uid)

    def ask_to_stop(self, grace: int) -> None:
        """May be called again: less grace counts, more does not."""
        self.stop_asked = True
        self.grace = grace if self.grace is None else min(self.grace, grace)
        self.news.set()


class Remembered:
    """What of a launch is needed after its start: by the launch itself, or by an annotation of its Pod.

    `keeps`: there is a container that waits for what the step leaves; `outputs`: they are there, too."""

    def __init__(
        self,
        limit: int,
        kill_after: int,
        quiet: int | None,
        secret: bool,
        keeps: bool = False,
        outputs: bool = False,
    ) -> None:
        self.limit = limit
        self.kill_after = kill_after
        self.quiet = quiet
        self.secret = secret
        self.keeps = keeps
        self.outputs = outputs

    def by(self, launch: Launch) -> Remembered:
        """What the launch says itself counts, whatever became of the annotation."""
        return Remembered(launch.output_limit, launch.kill_after, launch.quiet_timeout, False, self.keeps, self.outputs)

    def text(self) -> str:
        found = {"limit": self.limit, "killAfter": self.kill_after, "quiet": self.quiet, "secret": self.secret}
        found |= {name: True for name, value in (("keeps", self.keeps), ("outputs", self.outputs)) if value}
        return json.dumps(found, separators=(",", ":"))

    @classmethod
    def read(cls, text: str | None) -> Remembered:
        """Total: the annotation may be edited by anybody who may edit Pods."""
        try:
            found = json.loads(text or "{}")
            quiet = found.get("quiet")
            return cls(
                min(max(0, int(found.get("limit", 4096))), MOST),
                max(0, int(found.get("killAfter", GRACE))),
                max(1, int(quiet)) if quiet is not None else None,
                bool(found.get("secret", True)),
                bool(found.get("keeps", False)),
                bool(found.get("outputs", False)),
            )
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls(4096, GRACE, None, secret=True)
