"""The verbs and their flags, as argparse knows them.

In: nothing. Out: `build_parser`. Each verb has a module with `command(arguments) -> int`, a line of help and an
example; the flags stand here, so that help and completion import nothing else.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from windlass import __version__
from windlass.cli.verb_parser import VerbParser

if TYPE_CHECKING:
    from collections.abc import Callable


class Verb(NamedTuple):
    """One verb: its module, what it does in a line, an example, and its flags. A named tuple, since dataclasses
    import half of the standard library and `--help` needs nothing of it."""

    module: str
    help: str
    example: str
    flags: Callable[[argparse.ArgumentParser], None]


def _server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", metavar="URL", help="the server to ask (default: WINDLASS_SERVER, else the one of the data folder)"
    )
    parser.add_argument(
        "--data", metavar="DIR", help="the data folder (default: WINDLASS_DATA, else $XDG_STATE_HOME/windlass)"
    )


def _listing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", choices=("table", "json", "yaml"), default="table", help="how to print (default: table)"
    )


def _given(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an input; @FILE reads a file, @@ is a literal @",
    )
    parser.add_argument("--inputs-file", metavar="FILE", help="inputs as JSON or YAML; --input wins")
    parser.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="the strongest layer of the environment"
    )


def _up(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", nargs="*", metavar="PATH|URL", help="repositories to serve (default: the current one)"
    )
    parser.add_argument("--config", metavar="FILE", help="a server file (windlass-server.yaml)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="where the API listens (default: 127.0.0.1:7878)")
    parser.add_argument(
        "--data", metavar="DIR", help="the data folder (default: WINDLASS_DATA, else $XDG_STATE_HOME/windlass)"
    )
    parser.add_argument("--poll", metavar="SPAN", help="how often repositories are polled (default: 30s)")
    parser.add_argument("--kubernetes", action="store_true", help="serve the custom resources of a cluster")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="the log on stderr (default: text)"
    )


def _serving(parser: argparse.ArgumentParser, listen: str) -> None:
    parser.add_argument("--config", metavar="FILE", help="a server file (windlass-server.yaml)")
    parser.add_argument("--listen", metavar="HOST:PORT", help=f"where it listens (default: {listen})")
    parser.add_argument(
        "--data", metavar="DIR", help="the data folder (default: WINDLASS_DATA, else $XDG_STATE_HOME/windlass)"
    )
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="the log on stderr (default: text)"
    )


def _controller(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="*", metavar="PATH|URL", help="repositories to serve beside the server file's")
    parser.add_argument("--poll", metavar="SPAN", help="how often those are polled (default: 30s)")
    _serving(parser, "127.0.0.1:7879")
    parser.add_argument("--kubernetes", action="store_true", help="serve the custom resources of a cluster")
    parser.add_argument(
        "--advertise", metavar="URL", help="where the web finds this controller (default: where it listens)"
    )


def _web(parser: argparse.ArgumentParser) -> None:
    _serving(parser, "127.0.0.1:7878")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", metavar="FILE|NAME", help="a workflow file, a name of this repository, or REPOSITORY/NAME of a server"
    )
    _given(parser)
    parser.add_argument("--runner", metavar="NAME", help="where steps run by default (default: local)")
    parser.add_argument("--config", metavar="FILE", help="a server file whose runners steps may name")
    parser.add_argument("--context", metavar="NAME", help="of the kubernetes runner: a context of the kubeconfig")
    parser.add_argument("--namespace", metavar="NAME", help="of the kubernetes runner: where its Jobs are made")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and start nothing")
    parser.add_argument("--detach", action="store_true", help="with --server: print the run's id and do not wait")
    parser.add_argument(
        "--output",
        choices=("text", "json", "mermaid"),
        default="text",
        help="live lines, or one JSON object at the end; mermaid: with --dry-run, a diagram",
    )
    _server(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="a repository, a folder or files of it (default: the current one)"
    )
    parser.add_argument(
        "--output", choices=("text", "json", "sarif", "github"), default="text", help="how to print problems"
    )
    parser.add_argument("--strict", action="store_true", help="refuse warnings too")
    parser.add_argument(
        "--no-cache", action="store_true", help="read every file again, also those that have not changed"
    )


def _fmt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="a repository, a folder or files of it (default: the current one)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing: exit 1 when a file would change")
    parser.add_argument("--diff", action="store_true", help="as --check, and show what would change")


def _test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", metavar="PATH", help="a test file or a folder (default: the repository)")
    parser.add_argument(
        "--output", choices=("text", "json", "junit"), default="text", help="how to print what it showed"
    )


def _lock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing, ask nobody: exit 1 when the lock is stale")


def _runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repository", metavar="NAME", help="only this repository's")
    parser.add_argument("--workflow", metavar="NAME", help="only this workflow's")
    parser.add_argument("--status", metavar="STATUS", help="only these: queued, running, succeeded, failed, …")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many, newest first (default: 20)")
    _listing(parser)
    _server(parser)


def _logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the run's id")
    parser.add_argument("step", nargs="?", metavar="STEP", help="only this step: its bare log")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run ends")
    parser.add_argument("--attempt", type=int, metavar="N", help="which attempt (default: all; with STEP the newest)")
    _server(parser)


def _artifacts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the run's id")
    parser.add_argument("path", nargs="?", metavar="PATH", help="print this file, or with --to a folder of them")
    parser.add_argument("--to", metavar="DIR", help="write the files below DIR (default: list them)")
    parser.add_argument("--step", metavar="STEP", help="only what this step saved")
    parser.add_argument("--item", metavar="KEY", help="only what this item of a loop saved")
    _listing(parser)
    _server(parser)


def _cancel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the run's id")
    _server(parser)


def _approve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the run's id")
    parser.add_argument("step", metavar="STEP", help="the step that waits; outer/inner inside a nested workflow")
    parser.add_argument("--reject", action="store_true", help="say no: the step fails, cause rejected")
    parser.add_argument("--comment", metavar="TEXT", help="what to say with it")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an answer to what is asked; @FILE reads a file, @@ is a literal @",
    )
    parser.add_argument("--item", metavar="KEY", help="which item of a loop")
    _server(parser)


def _rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the id of the run, which has ended")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--failed", action="store_true", help="keep the steps that succeeded (default: run all again)")
    what.add_argument("--from", dest="start", metavar="STEP", help="run STEP again and what follows it; keep the rest")
    definition = parser.add_mutually_exclusive_group()
    definition.add_argument("--same", action="store_true", help="with the plan of that run (the default)")
    definition.add_argument("--latest", action="store_true", help="with the definition as it is now")
    parser.add_argument("--detach", action="store_true", help="on a server: print the new run's id and do not wait")
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="live lines, or one JSON object at the end"
    )
    _server(parser)


def _trigger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the event's name")
    parser.add_argument(
        "--payload", metavar="JSON|@FILE", help="what `event.body` is; @FILE reads a file (default: an empty object)"
    )
    _server(parser)


def _secrets(parser: argparse.ArgumentParser) -> None:
    from windlass.cli.secrets_flags import secrets_flags

    secrets_flags(parser)
    _listing(parser)
    _server(parser)


def _next(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=5, metavar="N", help="how many coming fires (default: 5)")
    parser.add_argument("--from", dest="start", metavar="TIME", help="strictly after this RFC 3339 time (default: now)")
    _listing(parser)
    _server(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="a server file to check")
    parser.add_argument("--output", choices=("table", "json"), default="table", help="how to print (default: table)")
    _server(parser)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", choices=("bash", "zsh", "fish", "words"), help="print its script; words: what the scripts ask"
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="for words: what is typed so far, after --")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("rule", "env", "why", "triggers"),
        help="a rule, the environment of a step, why a run is where it is, or when a workflow is started",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="the rule's name (without one, all rules are listed); for why, the run's id; for env and triggers, a "
        "workflow of this repository or its file; with --server for triggers REPOSITORY/NAME",
    )
    parser.add_argument("step", metavar="STEP", nargs="?", help="for env: the step whose variables are shown")
    _given(parser)
    parser.add_argument("--all", action="store_true", help="for env: also show what stronger layers override")
    parser.add_argument("--count", type=int, default=5, metavar="N", help="for triggers: how many fires (default: 5)")
    _listing(parser)
    _server(parser)


VERBS: dict[str, Verb] = {
    "up": Verb(
        "windlass.cli.up", "serve repositories: poll, trigger, run, API", "windlass up . --listen 127.0.0.1:7878", _up
    ),
    "run": Verb(
        "windlass.cli.run", "run a workflow on the spot", "windlass run deploy --input environment=staging", _run
    ),
    "check": Verb("windlass.cli.check", "show every problem of a repository", "windlass check --output github", _check),
    "fmt": Verb("windlass.cli.fmt", "lay out definitions in one way", "windlass fmt --check", _fmt),
    "test": Verb("windlass.cli.test", "run the workflow tests", "windlass test tests/deploy.test.yaml", _test),
    "lock": Verb("windlass.cli.lock", "pin each library to a commit, in windlass.lock", "windlass lock --check", _lock),
    "runs": Verb(
        "windlass.cli.runs", "list runs, newest first", "windlass runs --workflow deploy --status failed", _runs
    ),
    "logs": Verb("windlass.cli.logs", "print the log of a run or a step", "windlass logs -f 01JD… test", _logs),
    "artifacts": Verb(
        "windlass.cli.artifacts",
        "list or fetch the files that a run saved",
        "windlass artifacts 01JD… --to reports",
        _artifacts,
    ),
    "cancel": Verb("windlass.cli.cancel", "cancel a run", "windlass cancel 01JD…", _cancel),
    "approve": Verb(
        "windlass.cli.approve",
        "answer the approval that a step waits for",
        "windlass approve 01JD… approve --comment go --input percent=25",
        _approve,
    ),
    "rerun": Verb(
        "windlass.cli.rerun", "run an ended run again, or parts of it", "windlass rerun 01JD… --failed", _rerun
    ),
    "trigger": Verb(
        "windlass.cli.trigger",
        "send a custom event to the workflows that wait for it",
        """windlass trigger disk-full --payload '{"disk": "sda"}'""",
        _trigger,
    ),
    "next": Verb("windlass.cli.next", "list the coming fires of all schedules", "windlass next --count 10", _next),
    "secrets": Verb(
        "windlass.cli.secrets",
        "check that secrets can be had, keep some in the server's own store",
        "pass show db | windlass secrets set DB_PASSWORD --repository shop",
        _secrets,
    ),
    "doctor": Verb(
        "windlass.cli.doctor",
        "check this machine and the server file",
        "windlass doctor --config windlass-server.yaml",
        _doctor,
    ),
    "explain": Verb(
        "windlass.cli.explain",
        "explain a rule, a step's environment, a run, triggers",
        "windlass explain env deploy build",
        _explain,
    ),
    "controller": Verb(
        "windlass.cli.controller",
        "poll, trigger and run, as one of several of which one leads",
        "windlass controller --config windlass-server.yaml --listen 10.0.0.3:7879",
        _controller,
    ),
    "web": Verb(
        "windlass.cli.web",
        "serve the API beside controllers that run elsewhere",
        "windlass web --config windlass-server.yaml --listen 0.0.0.0:7878",
        _web,
    ),
    "completion": Verb(
        "windlass.cli.completion",
        "complete verbs, flags, workflows and runs in a shell",
        "source <(windlass completion bash)",
        _completion,
    ),
}


def build_parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser; of the verb that `words` begin with, nothing but that verb: each parser of the others takes time."""
    parser = VerbParser(
        prog="windlass",
        description="GitOps for workflows: what runs is equal to what git says.",
        epilog="Every verb has --help with an example. Exit codes: 0 fine, 1 failed, 2 wrong use, 3 no server, "
        "130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"windlass {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", parser_class=VerbParser)
    named = next((word for word in words if not word.startswith("-")), None)
    for name in words[:1] if words[:1] == [named] and named in VERBS else VERBS:
        verb = VERBS[name]
        wanted = name == named
        sub = verbs.add_parser(
            name,
            help=verb.help,
            description=verb.help[0].upper() + verb.help[1:] + "." if wanted else None,
            epilog=f"example: {verb.example}",
            allow_abbrev=False,
        )
        if wanted:
            verb.flags(sub)
            sub.mixed = name == "secrets"
    return parser
