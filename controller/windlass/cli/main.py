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
from types import ModuleType

from windlass.cli.verbs import VERBS, build_parser

NO_PLUGINS = ModuleType("pydantic.plugin._loader")
NO_PLUGINS.__dict__["get_plugins"] = tuple


def entry() -> None:
    """The console script."""
    _start_fast()
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        gc.freeze()  # the system takes it all back at once: to look for garbage first takes a fifth of a short command


def _start_fast() -> None:
    """Imports make many objects that stay, up to 80,000 of them: to look for garbage among them takes a tenth of the
    start. pydantic would read the metadata of every installed package to find plugins, of which Windlass has none; the
    module that does it is stood in for, as it imports parsers of mail and zip files even when it is told to find none.
    """
    gc.set_threshold(100_000, 20, 20)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    sys.modules.setdefault(NO_PLUGINS.__name__, NO_PLUGINS)


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
