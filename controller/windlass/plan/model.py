"""The Plan: what a run is going to do, frozen at trigger time.

In: nothing. Out: plain frozen values. A Plan holds everything a run needs (commit, inputs, event, expanded
steps), so that a force-push, a moved tag or an edited file changes nothing that runs (design decision 4).
Texts that hold `${{ }}` stay as written; they are evaluated when the step starts, from the plan and the
states of the run alone.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.plan.approval import Approval
    from windlass.plan.caching import PlannedCache
    from windlass.plan.loop import Loop
    from windlass.plan.placement import Placement
    from windlass.plan.program import Part
    from windlass.plan.uses import Used

Section = Literal["steps", "finally"]
Conflict = Literal["queue", "skip", "cancelRunning", "cancelPending"]


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed attempt is followed by another. `attempts` is the total; spans in milliseconds."""

    attempts: int = 1
    delay: Millis = 10_000
    factor: float = 1.0
    max_delay: Millis | None = None
    on: tuple[str, ...] = ("failed", "errored")
    exit_codes: tuple[int, ...] = ()
    never: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A declared output: its JSON-Schema-like declaration, and its own limit in bytes when it has one."""

    schema: Mapping[str, Any]
    size: int | None = None
    file: bool = False  # what is written is a path; the value is {path, size, digest, url}


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause: `span` in milliseconds or an expression that gives a duration, or `until` a moment (RFC 3339)."""

    span: Millis | str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """A workflow as a step. It is planned when the step begins, from `Plan.uses` and the values it is given then.

    `values` is `with` as written; `env` is the trigger's layer, the only one that reaches it; `runner` the default.
    """

    target: str
    values: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    runner: str = "local"


@dataclass(frozen=True, slots=True)
class Given:
    """The values that something used is given; defaults and checks come at the start, when expressions have values."""

    target: str  # what `uses` names: the key of `Plan.uses`, when its files are kept there
    values: Mapping[str, Any]  # `with`, as written
    declared: Mapping[str, Any] = field(default_factory=dict)  # the inputs of what is used, as written


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file that is there at the start; `content` and `mode` (octal digits) may hold expressions."""

    path: str
    content: str
    mode: str = "0600"


@dataclass(frozen=True, slots=True)
class EnvLayer:
    """One layer of the environment; None unsets. Layers stand weakest first in a step."""

    name: str  # action, repository, environment, workflow, step, trigger
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedConcurrency:
    """A group of the repository: how many of it go at once, and what one too many brings about.

    Of a run it is frozen when the run is created; of a step `group` and `limit` stay as written until the step begins.
    """

    group: str
    limit: int | str = 1
    on_conflict: Conflict = "queue"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step, expanded: defaults applied, dependencies resolved, durations in milliseconds."""

    name: str
    section: Section
    needs: tuple[str, ...] = ()  # every direct dependency: written, by list order, by reference
    reads: tuple[str, ...] = ()  # those whose outputs are read: skipped with them
    condition: str | bool | None = None
    tolerant: bool = False  # its `if` looks at states itself: decided whatever the dependencies became
    script: str | None = None
    script_name: str = "script"  # the file name, its ending chosen for the shell
    argv: tuple[str, ...] = ()  # the program; "{script}" stands for the script's path
    args: str | None = None  # an expression that gives the words after `argv`
    parts: tuple[Part, ...] = ()  # instead of script and argv: scripts that run one after another in one attempt
    env: tuple[EnvLayer, ...] = ()
    outputs: Mapping[str, OutputSpec] = field(default_factory=dict)
    timeout: Millis | None = None
    quiet_timeout: Millis | None = None
    kill_after: Millis = 10_000
    retry: Retry = Retry()
    continue_on_error: bool = False
    idempotent: bool = False
    loop: Loop | None = None
    late: Mapping[str, str] = field(default_factory=dict)  # by the names of plan/late.py: known when it begins
    wait: Wait | None = None  # nothing is run: time passes
    nested: Nested | None = None  # a workflow of its own runs below it
    approval: Approval | None = None  # nothing is run: people agree, or do not
    runner: str = "local"
    image: str | None = None
    working_directory: str | None = None
    checkout: bool = False
    checkout_git: bool = False  # with a .git
    files: tuple[FileSpec, ...] = ()
    cache: PlannedCache | None = None
    given: Given | None = None  # it uses an action
    concurrency: PlannedConcurrency | None = None
    saves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # artifact -> paths and globs
    loads: Mapping[str, str] = field(default_factory=dict)  # path -> the artifact, as an expression
    placement: Placement | None = None  # what it asks of where it runs


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one run needs, independent of any file or clock."""

    repository: str
    workflow: str
    commit: str | None
    inputs: Mapping[str, Any]
    event: Mapping[str, Any]
    steps: Mapping[str, PlannedStep]  # in written order
    finally_: Mapping[str, PlannedStep] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)  # name -> {"value": text, "type": …}
    env: tuple[EnvLayer, ...] = ()  # what `env.X` shows: repository, environment and workflow
    timeout: Millis | None = None
    title: str | None = None
    secret_inputs: tuple[str, ...] = ()  # never shown
    secrets: Mapping[str, str] = field(default_factory=dict)  # each name that is used and its reference: never a value
    lent: Mapping[str, str | None] | None = None  # of a nested workflow: what it may be filled in with
    hashes: Mapping[str, str] = field(default_factory=dict)  # what each call of hashFiles gives (plan/hashes.py)
    uses: Mapping[str, Used] = field(
        default_factory=dict
    )  # what nested workflows are planned from, and files of actions, by target
    libraries: Mapping[str, str] = field(default_factory=dict)  # the commit of each library that anything here is from
    overlap: PlannedConcurrency | None = None  # the schedule's own group
    concurrency: PlannedConcurrency | None = None
    access: Mapping[str, Any] | None = None  # {"run": who, "cancel": who}; None is everybody
    lent_from: Mapping[str, str | None] = field(default_factory=dict)  # the environments that those secrets are of
    branch: str | None = None  # that the commit is of, as far as is known
    environment: str | None = None
    merged: bool = True  # the commit is one of the branch that is followed: what nobody reviewed gets no secrets
    registries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # host -> username, password's reference
    refusal: str | None = None  # why it may not run in its environment: it ends before it begins

    def step(self, name: str) -> PlannedStep:
        found = self.steps.get(name)
        return found if found is not None else self.finally_[name]
