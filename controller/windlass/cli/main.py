"""The entry of the `windlass` command.

In: the words of the command line. Out: an exit code: 0 fine, 1 the workflow or the check failed, 2 wrong use, 3 the
server could not be reached, 130 interrupted. Nothing but argparse is imported until a verb is known: `--help` answers
within 50 ms (a test lists the modules it may import).
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

from windlass.cli.verbs import VERBS, build_parser


def entry() -> None:
    """The console script."""
    _start_fast()
    sys.exit(main(sys.argv[1:]))


def _start_fast() -> None:
    """Imports make many objects that stay: to look for garbage at every 700th new one would take a tenth of the start.
    pydantic would read the metadata of every installed package to find plugins, of which Windlass has none."""
    gc.set_threshold(50_000, 20, 20)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")


def main(words: list[str]) -> int:
    """Run one command; the only place that turns errors into exit codes and words for people."""
    arguments = build_parser(words).parse_args(words)
    verb = getattr(arguments, "verb", None)
    if verb is None:
        build_parser(["--help"]).print_help()
        return 2
    try:
        module = import_module(VERBS[verb].module)
        code: int = module.command(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away (`windlass logs | head`): no error, and nothing more to say.
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001 - the top of the program
        return _report(error)


def _report(error: Exception) -> int:
    from windlass.cli.failure import report

    return report(error)
