"""`windlass run TARGET`: run a workflow on the spot, with the same engine that a server uses.

In: a file or a name, inputs, the environment's strongest layer. Out: live lines and a summary tree, or one JSON object;
exit 0 succeeded, 1 not, 2 wrong use, 130 interrupted. The first Ctrl-C cancels and lets `finally` run, a second one
kills, a third one waits for nothing.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from windlass.errors import ProblemsError, UsageError

if TYPE_CHECKING:
    import argparse

    from windlass.cli.target import Target


def command(arguments: argparse.Namespace) -> int:
    if arguments.detach and not _remote(arguments):
        raise UsageError("--detach goes with --server", "a run without a server lives as long as its command")
    if arguments.output == "mermaid" and not arguments.dry_run:
        raise UsageError("--output mermaid draws a plan", "add --dry-run")
    if _remote(arguments):
        from windlass.cli.remote_run import run_remotely

        return run_remotely(arguments)
    # The supervisor starts while this process still imports: on two cores that is free.
    supervisor = None
    if not arguments.dry_run:
        from windlass.executors.local.spawn import spawn_supervisor

        supervisor = spawn_supervisor(foreground=True)
    try:
        return _run_here(arguments, supervisor)
    finally:
        if supervisor is not None:
            supervisor.socket.close()


def _remote(arguments: argparse.Namespace) -> bool:
    return bool(arguments.server or os.environ.get("WINDLASS_SERVER"))


def _run_here(arguments: argparse.Namespace, supervisor: Any) -> int:
    from windlass.cli.own_runners import own_runners
    from windlass.cli.run_inputs import env_of, inputs_of
    from windlass.cli.target import find_target
    from windlass.cli.work_tree import hashing
    from windlass.executors.named import kinds_of
    from windlass.plan.fitting import certain_runners, may_use, misfits
    from windlass.plan.inputs import parse_inputs
    from windlass.reconcile.admission import checked_env
    from windlass.reconcile.creation import Cause, prepare

    target = find_target(arguments.target)
    _refuse_broken(target)
    values, texts = inputs_of(arguments)
    inputs = parse_inputs(target.workflow.inputs, values, texts=texts)
    env = checked_env(env_of(arguments.env))
    from windlass.clock import SystemClock

    clock = SystemClock()
    runners = own_runners(arguments.config, context=arguments.context, namespace=arguments.namespace)
    new = prepare(
        target.workflow,
        target.settings,
        repository=target.repository,
        commit=target.commit,
        text=target.text,
        cause=Cause("manual", "", inputs, {"kind": "manual", "scheduledAt": None}, local_actor(), env),
        now=clock.now(),
        runner=arguments.runner or "local",
        hash_files=hashing(target.root),
        uses=target.uses,
        branch=target.branch,
    )
    if wrong := misfits(new.plan, kinds_of(runners)):
        raise UsageError(wrong[0], "named runners stand below runners: in a server file; name it with --config")
    if (arguments.context or arguments.namespace) and not may_use(new.plan, "kubernetes"):
        flag = "--context" if arguments.context else "--namespace"
        raise UsageError(f"{flag} is about the runner kubernetes, which no step uses", "add --runner kubernetes")
    if arguments.dry_run:
        from windlass.cli.plan_view import print_plan

        print_plan(new.plan, arguments.output)
        return 0
    from windlass.cli.local_run import LocalRun
    from windlass.cli.questions import refuse_without_terminal
    from windlass.executors.looking import require_runner

    refuse_without_terminal(new)
    for name in sorted(certain_runners(new.plan)):
        require_runner(runners[name])
    run, interrupted = LocalRun(arguments.data, target.root, supervisor, clock, runners).execute(
        new, as_json=arguments.output == "json"
    )
    return finish(run, interrupted, arguments.output)


def _refuse_broken(target: Target) -> None:
    if any(problem.severity == "error" for problem in target.problems):
        raise ProblemsError(target.problems, target.text_of)


def local_actor() -> dict[str, Any]:
    """Who asks, on this machine."""
    import getpass

    try:
        return {"kind": "user", "name": getpass.getuser()}
    except (OSError, KeyError):
        return {"kind": "user", "name": str(os.getuid())}


def finish(run: dict[str, Any], interrupted: bool, how: str) -> int:
    """Print the end of a local run; the exit code."""
    from windlass.cli.lines import wants_colour
    from windlass.cli.summary import summary

    if how == "json":
        print(json.dumps(run, ensure_ascii=False))
    else:
        print(summary(run, colour=wants_colour()))
    sys.stdout.flush()
    if interrupted:
        return 130
    return 0 if run["status"] == "succeeded" else 1
