"""What happened: the values of a run, its steps and their attempts, and the words for them.

In: nothing. Out: frozen values that the ledger stores and the API shows. The words are those of
docs/reference/causes.md: `failed` is the user's code saying no, `errored` is that we could not run it.
Times are milliseconds; None is "not yet".
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from windlass.frozen import dataclass
from windlass.runs.lock import AboutLocks, Acquire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.runs.beside import LaunchRegistry, LaunchService


class Status(StrEnum):
    """Run and step statuses; `pending` and `skipped` are of steps only."""

    QUEUED = "queued"
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def terminal(self) -> bool:
        return self in TERMINAL


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.ERRORED, Status.CANCELLED, Status.SKIPPED})


class StepKey(NamedTuple):
    """A step of a run: its path (`outer/inner` inside a nested workflow) and its loop item's key, else ""."""

    path: str
    item: str = ""


class AttemptKey(NamedTuple):
    """One execution of one step of one run; the name of everything that belongs to it."""

    run: str
    path: str
    item: str
    number: int

    @property
    def step(self) -> StepKey:
        return StepKey(self.path, self.item)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution. Recorded before its process starts; `handle` (pid, start time, boot id) afterwards.

    `stop_reason` is set before the process is told to stop: the cause this attempt ends with.
    """

    number: int
    status: Status = Status.RUNNING
    cause: str | None = None
    message: str | None = None
    exit_code: int | None = None
    created_at: Millis = 0
    started_at: Millis | None = None
    ended_at: Millis | None = None
    handle: Mapping[str, Any] | None = None
    stop_reason: str | None = None
    stop_at: Millis | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)  # what only some kinds of attempts have, by name


@dataclass(frozen=True, slots=True)
class Step:
    """A step's state: position is derived from it and the plan, never stored."""

    key: StepKey
    status: Status = Status.PENDING
    cause: str | None = None
    message: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    retry_at: Millis | None = None
    started_at: Millis | None = None
    ended_at: Millis | None = None
    looped: bool = False  # it has items instead of attempts and outputs
    detail: Mapping[str, Any] = field(default_factory=dict)  # what only some kinds of steps have, by name

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run without its steps: what changes over its life and who started it."""

    id: str
    repository: str
    workflow: str
    commit: str | None
    status: Status = Status.QUEUED
    cause: str | None = None
    message: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)  # secrets as "***"
    outputs: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    trigger: Mapping[str, Any] = field(default_factory=dict)  # {kind, name, scheduledAt}
    actor: Mapping[str, Any] = field(default_factory=dict)  # {kind, name}
    rerun_of: str | None = None
    created_at: Millis = 0
    started_at: Millis | None = None
    ended_at: Millis | None = None
    cancel_at: Millis | None = None  # when cancel was asked for
    cancel_cause: str | None = None  # cancelled-by-user, deadline, replaced…
    killed: bool = False  # asked twice: `finally` is cut short too
    phase: str = "steps"  # steps, finally, done
    result: Status | None = None  # what it is going to end with, known once `steps` are over


@dataclass(frozen=True, slots=True)
class Started:
    """The process of an attempt exists; `handle` proves which one."""

    key: AttemptKey
    at: Millis
    handle: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartRecord:
    """What became of one part of an attempt. `index` counts from 0; parts without a record were not run.

    `offset` is where its section of the log begins, in bytes. `cause` says why it did not succeed, beside or instead
    of an exit code: `timeout`, `start-failed`, `env-invalid`.
    """

    index: int
    offset: int
    started_at: Millis
    ended_at: Millis | None = None
    exit_code: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class PartsSeen:
    """The parts of a running attempt that have begun so far; a later one says at least as much."""

    key: AttemptKey
    parts: tuple[PartRecord, ...]


HELD = "held"  # of an attempt's detail: what the last Delayed said, `{cause, message}`


@dataclass(frozen=True, slots=True)
class Delayed:
    """Why the attempt has not begun yet: `cause` as an end would have it, and words for people. None: nothing holds
    it any more. It may still begin."""

    key: AttemptKey
    at: Millis
    cause: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """The attempt has written nothing for as long as its launch's `quiet_timeout`."""

    key: AttemptKey
    at: Millis


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt is over. `exit_code` None: nothing ran to its end, and `cause` says why.

    `outputs` are the bytes of $WINDLASS_OUTPUT, at most `Launch.output_limit` + 1 of them; `cause` set means errored
    (`start-failed`, `lost`, `image-pull`…) or an infrastructure cause beside an exit code (`oom-killed`). `detail` is
    what was collected from the working directory; it becomes part of the attempt's. Of an attempt with parts, exit
    code and cause are those of the first part that failed; `timeout` is then a failure.
    """

    key: AttemptKey
    at: Millis
    exit_code: int | None
    outputs: bytes = b""
    cause: str | None = None
    message: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[PartRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody asked; a second request (`kill`) cuts `finally` short."""

    at: Millis
    cause: str = "cancelled-by-user"
    message: str | None = None
    kill: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody who may answer an approval has done so; `inputs` have been checked.

    `decides`: whoever sits at the terminal of `windlass run` speaks for all that would be asked.
    """

    key: StepKey
    at: Millis
    who: str
    approve: bool
    comment: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Recalled:
    """The answer to a `Recall`; `outputs` None: nothing is kept, else what the run `run` made at `made_at`."""

    key: AttemptKey
    outputs: Mapping[str, Any] | None = None
    run: str | None = None
    made_at: Millis | None = None


FromExecutor = Started | Delayed | PartsSeen | Quiet | Ended
Observation = FromExecutor | CancelRequested | Answered | AboutLocks | Recalled


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of a repository; `commit` None: the work tree as it is (`windlass run`)."""

    repository: str
    commit: str | None
    git: bool = False  # with a .git that has the history


@dataclass(frozen=True, slots=True)
class LaunchFile:
    """A file to write before the start: `path` as written, `mode` as a number."""

    path: str
    content: str = field(repr=False)
    mode: int = 0o600


@dataclass(frozen=True, slots=True)
class ArtifactRef:
    """An artifact that an attempt saved: what `steps.NAME.artifacts.NAME` stands for."""

    run: str
    step: str
    item: str
    attempt: int
    name: str


@dataclass(frozen=True, slots=True)
class LaunchPart:
    """One part of a launch: it runs after the one before it, in the same directory, with one log and one output file.

    Its variables are the launch's, then what earlier parts wrote to $WINDLASS_ENV, then `env` without `unset`. Whether
    it runs depends on whether an earlier part has failed: `on_failure` if so, else `on_success`."""

    script: str | None
    script_name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    on_success: bool = True
    on_failure: bool = False
    timeout: Millis | None = None  # then it has failed with cause `timeout`, and what it made is ended as by a Stop


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Folders to restore before the start, and to save after a success; `restore` are beginnings of keys."""

    repository: str
    key: str
    paths: tuple[str, ...]
    restore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretScope:
    """Whose secrets a launch names: it decides what it may have. `merged`: see `Plan.merged`; `actor`: of the run."""

    repository: str
    commit: str | None
    environment: str | None = None
    merged: bool = True
    actor: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """Start this attempt: everything an executor needs, values already evaluated.

    `env` holds the step's variables and WINDLASS_RUN_ID, _STEP, _ATTEMPT, _WORKFLOW, _REPOSITORY, _COMMIT; the executor
    adds PATH, HOME and so on, and WINDLASS_OUTPUT, _ENV, _INPUTS, whose paths only it knows."""

    key: AttemptKey
    runner: str
    argv: tuple[str, ...]  # "{script}" stands for the script's path; empty with `parts`
    env: Mapping[str, str]
    unset: tuple[str, ...] = ()  # not even of the executor's own: LANG, HOME…
    script: str | None = None
    script_name: str = "script"
    inputs: str = "{}"  # JSON for the file WINDLASS_INPUTS
    image: str | None = None
    working_directory: str | None = None  # relative to the attempt's folder
    checkout: Checkout | None = None  # what the working directory holds at the start
    files: tuple[LaunchFile, ...] = ()
    private: tuple[str, ...] = ()  # paths of `files` that are written already and hold secrets
    action_files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # below `action`, beside the script
    cache: CacheUse | None = None
    notes: tuple[str, ...] = ()  # lines of ours at the head of the log
    loads: Mapping[str, ArtifactRef] = field(default_factory=dict)  # by path in the working directory
    saves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # artifact -> paths and globs
    file_outputs: Mapping[str, int | None] = field(default_factory=dict)  # paths of files to keep -> largest size
    output_limit: int = 4096
    kill_after: Millis = 10_000
    quiet_timeout: Millis | None = None  # after so long without a byte on stdout and stderr: Quiet
    timeout: Millis | None = None  # the step's, which the run loop sees to; for limits that come after it
    parts: tuple[LaunchPart, ...] = ()
    secrets: tuple[str, ...] = ()  # names of the placeholders in `env` that are to be filled in before the start
    references: Mapping[str, str] = field(default_factory=dict)  # of those among them that are resolved, not given
    scope: SecretScope | None = None  # whose the references are
    lent: Mapping[str, str | None] = field(default_factory=dict)  # the environments of those that are another's
    masks: tuple[str, ...] = field(default=(), repr=False)  # values that never show: in logs, outputs and messages
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # requests and limits: name -> quantity
    services: tuple[LaunchService, ...] = ()
    registries: tuple[LaunchRegistry, ...] = ()  # those that its images are from
    docker: bool = False  # Docker is wanted inside; whether that is allowed, the runner's policy says
    pod: Mapping[str, Any] = field(default_factory=dict)  # the step's `pod`, keys as written


@dataclass(frozen=True, slots=True)
class Stop:
    """End this attempt: TERM to every process of it, KILL after `grace` milliseconds; no further part begins."""

    key: AttemptKey
    grace: Millis


@dataclass(frozen=True, slots=True)
class Recall:
    """Are outputs kept for this key, not older than `ttl` milliseconds? Answered by a `Recalled` of the same `key`.

    `cache_key` is what the author wrote; `step` and `workflow` are the scope, `shape` a digest of the declarations."""

    key: AttemptKey  # of attempt 0: there is none yet
    repository: str
    workflow: str
    step: str
    cache_key: str
    shape: str
    ttl: Millis


Command = Launch | Stop | Acquire | Recall
