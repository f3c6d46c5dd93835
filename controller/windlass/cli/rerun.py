"""`windlass rerun RUN`: run an ended run again, or the part of it that failed.

In: the run's id and what to run again. Out: the new run's id, its live lines and the summary, as `windlass run` prints
them. A run of a server runs again there; one that `windlass run` left on this machine runs again here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.client import Client
from windlass.cli.follow import follow
from windlass.cli.lines import wants_colour
from windlass.cli.log_source import RemoteLogs, local_folder
from windlass.cli.summary import summary
from windlass.errors import InputError, ProblemsError, UsageError
from windlass.runs.present import attempts_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from windlass.cli.target import Target
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.rerun import Ended, Latest


def command(arguments: argparse.Namespace) -> int:
    folder = local_folder(arguments)
    return _on_server(arguments) if folder is None else _here(arguments, folder)


def _mode(arguments: argparse.Namespace) -> str:
    if arguments.start is not None:
        return "from"
    return "failed" if arguments.failed else "all"


# ---- on a server


def _on_server(arguments: argparse.Namespace) -> int:
    client = Client.of(arguments)
    body: dict[str, Any] = {"mode": _mode(arguments), "definition": "latest" if arguments.latest else "same"}
    if arguments.start is not None:
        body["step"] = arguments.start
    run = client.post(f"/runs/{quote(arguments.run, safe='')}/rerun", body)
    if arguments.detach:
        print(run["id"] if arguments.output == "text" else json.dumps(run, ensure_ascii=False))
        return 0
    return _followed(client, run, arguments.output)


def _followed(client: Client, run: dict[str, Any], how: str) -> int:
    out = sys.stderr if how == "json" else sys.stdout
    print(run["id"], file=out, flush=True)
    try:
        logs = RemoteLogs(client, run["id"])
        run = follow(logs, out, colour=wants_colour(out), until_end=True, skip=set(_kept_logs(logs.run())))
    except KeyboardInterrupt:
        print(f"detached; to cancel: windlass cancel {run['id']} --server {client.url}", file=sys.stderr)
        return 130
    print(json.dumps(run, ensure_ascii=False) if how == "json" else summary(run, colour=wants_colour()))
    return 0 if run["status"] == "succeeded" else 1


def _kept_logs(run: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Those of attempts that had ended before the run was made: they were printed in their time."""
    made = run["createdAt"]
    for key, attempt in attempts_of(run):
        if (attempt["endedAt"] or "~") <= made:
            yield key


# ---- on this machine


def _here(arguments: argparse.Namespace, folder: Path) -> int:
    if arguments.detach:
        raise UsageError("--detach goes with a server", "a run without a server lives as long as its command")
    from windlass.cli.local_run import LocalRun
    from windlass.cli.own_runners import own_runners
    from windlass.cli.questions import refuse_without_terminal
    from windlass.cli.run import finish
    from windlass.clock import SystemClock
    from windlass.executors.local.spawn import spawn_supervisor

    clock, runners = SystemClock(), own_runners(None)
    new, root = _planned(arguments, folder, clock.now())
    refuse_without_terminal(new)
    as_json = arguments.output == "json"
    print(new.head.id, file=sys.stderr if as_json else sys.stdout, flush=True)
    supervisor = spawn_supervisor(foreground=True)
    try:
        run, interrupted = LocalRun(arguments.data, root, supervisor, clock, runners).execute(new, as_json=as_json)
    finally:
        supervisor.socket.close()
    return finish(run, interrupted, arguments.output)


def _planned(arguments: argparse.Namespace, folder: Path, now: int) -> tuple[NewRun, Path]:
    """The new run, and the work tree that `checkout` copies."""
    from windlass.cli.run import local_actor
    from windlass.reconcile.rerun import Again, ended_run, plan_again
    from windlass.store.ledger import Ledger

    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    try:
        old = ended_run(ledger.reads, arguments.run)
    finally:
        ledger.close()
    again = Again(_mode(arguments), arguments.start)  # type: ignore[arg-type]
    if not arguments.latest:
        return _again(lambda: plan_again(old, again, local_actor(), now)), _work_tree(old)
    target = _target(old)
    return _again(lambda: plan_again(old, again, local_actor(), now, _latest(target))), target.root


def _again(plan: Callable[[], NewRun]) -> NewRun:
    """`--from` is no input of the workflow: what is wrong with it is said in the words of the command line."""
    try:
        return plan()
    except InputError as error:
        if [problem.pointer for problem in error.problems] != ["/step"]:
            raise
        hint = "--from takes a step of the workflow itself: nested steps and items run again with their step"
        raise UsageError(f"--from: {error.problems[0].message}", hint) from error


def _target(old: Ended) -> Target:
    """The workflow as the current repository has it. Raises UsageError, ProblemsError."""
    from windlass.cli.target import find_target

    target = find_target(old.head.workflow)
    if target.repository != old.head.repository:
        raise UsageError(f"the run is of {old.head.repository}, and this is {target.repository}", _GO)
    if any(problem.severity == "error" for problem in target.problems):
        raise ProblemsError(target.problems, target.text_of)
    return target


def _latest(target: Target) -> Latest:
    from windlass.cli.work_tree import hashing
    from windlass.reconcile.rerun import Latest

    hash_files, used = hashing(target.root), target.uses
    return Latest(
        target.workflow,
        target.settings,
        target.commit,
        target.text,
        "local",
        hash_files,
        used,
        target.branch,
        merged=True,
    )


def _work_tree(old: Ended) -> Path:
    """Where the run's files are: the current repository, when it is the run's. Only `checkout` needs it."""
    from windlass.cli.work_tree import find_root, repository_name

    try:
        root = find_root(Path())
    except UsageError:
        root = None
    if root is not None and repository_name(root) == old.head.repository:
        return root
    if any(step.checkout for step in [*old.plan.steps.values(), *old.plan.finally_.values()]):
        raise UsageError(f"steps of the run check out {old.head.repository}, and this is another place", _GO)
    return Path()


_GO = "run it again in the folder of its repository"
