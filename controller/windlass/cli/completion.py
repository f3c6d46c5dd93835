"""`windlass completion SHELL`: a script that completes verbs, flags, workflows and runs; `completion words` answers it.

In: a shell's name, or the words typed so far. Out: the script to `source`; or a line `WORD<TAB>HELP` for each word that
could stand last, and `:files` where a file may stand too. The scripts know nothing themselves, so they stay right when
flags are added. Only names and the beginnings of files are read: an answer must be there before the finger is off
the key.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.verbs import VERBS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

FILES = ":files"
RUNS = 50  # the newest ones

SCRIPTS = {
    "bash": r"""# source <(windlass completion bash)
_windlass() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _windlass windlass
""",
    "zsh": r"""#compdef windlass
# source <(windlass completion zsh), after compinit
_windlass() {
    local -a found
    local line files=0
    for line in "${(@f)$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == :files ]]; then
            files=1
        elif [[ -n $line ]]; then
            found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        fi
    done
    (( $#found )) && _describe windlass found
    (( files )) && _files
    return 0
}
compdef _windlass windlass
""",
    "fish": r"""# windlass completion fish | source
function __windlass_words
    set -l words (commandline -opc) "$(commandline -ct)"
    for line in (windlass completion words -- $words[2..] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$(commandline -ct)"
        else
            echo $line
        end
    end
end
complete -c windlass -f -a '(__windlass_words)'
""",
}


def command(arguments: argparse.Namespace) -> int:
    if arguments.shell != "words":
        sys.stdout.write(SCRIPTS[arguments.shell])
        return 0
    for word, help_ in completions(arguments.words or [""]):
        print(word if word == FILES else f"{word}\t{help_}")
    return 0


def completions(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What could stand in place of the last of `words`, which are those behind `windlass`."""
    *before, current = _joined(words)
    flag, equals, value = current.partition("=")
    if current.startswith("-") and equals:
        before, current = [*before, flag], value
    # Bash has the value behind `=` as a word of its own, the others have it with its flag.
    kept = f"{flag}=" if equals and words[-1].startswith("-") else ""
    for word, help_ in _possible(before, current):
        if word == FILES or word.startswith(current):
            yield word if word == FILES else kept + word, " ".join(help_.split())


def _joined(words: Sequence[str]) -> list[str]:
    """`--output`, `=`, `json`, as bash has it, is one word."""
    found: list[str] = []
    for index, word in enumerate(words):
        if found and (word == "=" or words[index - 1] == "="):
            found[-1] += word
        else:
            found.append(word)
    return found


def _possible(before: Sequence[str], current: str) -> Iterable[tuple[str, str]]:
    name = next((word for word in before if not word.startswith("-")), None)
    if name is None and current.startswith("-"):
        return [("--help", "show help"), ("--version", "show the version")]
    if name is None:
        return [(verb, VERBS[verb].help) for verb in VERBS]
    if name not in VERBS:
        return ()
    parser = argparse.ArgumentParser(prog=name)
    VERBS[name].flags(parser)
    given, open_ = _read(parser, before[before.index(name) + 1 :])
    if open_ is not None:
        return _values(open_, given)
    offered = [one for one in parser._actions if one.help != argparse.SUPPRESS]
    if current.startswith("-"):
        return [(word, one.help or "") for one in offered for word in one.option_strings if len(word) > 2]
    for place in (one for one in offered if not one.option_strings):
        if place.dest not in given or place.nargs == "*":
            return _values(place, given)
    return ()


def _read(parser: argparse.ArgumentParser, words: Sequence[str]) -> tuple[dict[str, str], argparse.Action | None]:
    """The words at each place so far, and the flag that still wants its value."""
    flags = {word: one for one in parser._actions for word in one.option_strings}
    places = [one for one in parser._actions if not one.option_strings]
    given: dict[str, str] = {}
    open_: argparse.Action | None = None
    for word in words:
        if open_ is not None:
            open_ = None
        elif word.startswith("-"):
            flag = flags.get(word)
            open_ = flag if flag is not None and flag.nargs != 0 else None
        elif places:
            given[places[0].dest] = word
            if places[0].nargs != "*":
                places.pop(0)
    return given, open_


def _values(action: argparse.Action, given: dict[str, str]) -> Iterable[tuple[str, str]]:
    """What may stand at a place, by what argparse knows of it: its choices, else what its metavar stands for."""
    if action.dest == "workflow":
        return _workflows()
    if action.choices:
        return [(str(choice), "") for choice in action.choices]
    meaning = str(action.metavar or "")
    if meaning == "NAME" and not action.option_strings:  # of explain and secrets
        meaning = _NAMES.get(given.get("what", ""), "")
    return [*_MEANINGS.get(meaning, lambda: ())()]


def _workflows() -> Iterator[tuple[str, str]]:
    """The names of this repository's workflows, with the file of each."""
    from windlass.cli.work_tree import find_root, quick_names
    from windlass.errors import WindlassError

    try:
        names = quick_names(find_root(Path()))
    except (WindlassError, OSError):
        return
    yield from ((name, file) for file, name in names.items() if name is not None)


def _runs() -> Iterator[tuple[str, str]]:
    """Those that `windlass run` left on this machine, the newest first; a server is not asked."""
    from windlass.cli.data_folder import data_folder

    try:
        names = sorted((path.name for path in (data_folder(None) / "local").iterdir()), reverse=True)
    except OSError:
        return
    yield from ((name, "a run of this machine") for name in names[:RUNS] if re.fullmatch("[0-9A-Z]{26}", name))


def _rules() -> Iterator[tuple[str, str]]:
    from windlass.loading.rules import RULES

    yield from ((rule.name, rule.summary) for rule in RULES.values())


def _files() -> Iterator[tuple[str, str]]:
    yield FILES, ""


def _targets() -> Iterator[tuple[str, str]]:
    yield from _workflows()
    yield from _files()


# What a metavar of verbs.py stands for.
_NAMES = {
    "rule": "RULE", "why": "RUN", "env": "FILE|NAME", "triggers": "FILE|NAME", "check": "PATH", "encrypt": "FILE",
}  # fmt: skip
_MEANINGS: dict[str, Callable[[], Iterable[tuple[str, str]]]] = {
    "FILE|NAME": _targets,
    "RUN": _runs,
    "RULE": _rules,
    "PATH": _files,
    "PATH|URL": _files,
    "FILE": _files,
    "DIR": _files,
}
