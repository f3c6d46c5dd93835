"""Parts in a container: a small shell program runs them one after another, whether or not a controller looks on.

In: the parts of a launch. Out: the files of the program, which says where each part begins and ends by lines with a
mark in its output (`marks.py` takes them out again). It is plain POSIX shell, which an image for scripts has anyway.
Only what a part writes to $WINDLASS_ENV needs a controller: the program asks for it to be read, and waits.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from windlass.executors.containers.folder import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import Launch, LaunchPart

DRIVER = "parts.sh"
VARIABLES = "variables.sh"  # what parts have handed on so far
ARGV = ("sh", f"{ROOT}/{DRIVER}")

_HEAD = """\
exec 2>&1
failed= stopped=
trap 'stopped=1' TERM

say() { printf '\\036%s %s\\n' MARK "$*"; }

running() { for p in /proc/[0-9]*; do printf '%s ' "${p#/proc/}"; done; }

# made SIGNAL SELF: what this part has made, but for SELF. Without a signal: is there anything?
made() {
    any=1
    for p in /proc/[0-9]*; do
        p=${p#/proc/}
        case " $before $2 " in
        *" $p "*) ;;
        *) if [ -z "$1" ]; then [ -d "/proc/$p" ] && any=0; else kill -"$1" "$p" 2>/dev/null; fi ;;
        esac
    done
    return $any
}

# watch SECONDS GRACE: in the background, the end of a part that takes too long.
watch() {
    self=$(exec sh -c 'echo "$PPID"')
    sleep "$1"
    : > ROOT/late
    made TERM "$self"
    sleep "$2"
    made KILL "$self"
}

# part N SECONDS GRACE LAST WORD...
part() {
    n=$1 limit=$2 grace=$3 last=$4
    shift 4
    rm -f ROOT/late ROOT/unstarted
    before=$(running)
    say begin "$n"
    (
        . ROOT/variables.sh
        . "FILES/part-$n.sh"
        command -v -- "$1" >/dev/null 2>&1 || { echo "$1: no such program in PATH" > ROOT/unstarted; exit 127; }
        exec "$@"
    ) &
    pid=$!
    watcher=
    if [ -n "$limit" ]; then watch "$limit" "$grace" >/dev/null 2>&1 & watcher=$!; fi
    while :; do
        wait "$pid"
        code=$?
        kill -0 "$pid" 2>/dev/null || break
    done
    if [ -e ROOT/late ]; then
        while made '' "$watcher" && kill -0 "$watcher" 2>/dev/null; do sleep 0.05; done
    fi
    [ -z "$watcher" ] || kill -KILL "$watcher" 2>/dev/null
    [ -z "$stopped" ] || return 0
    why=
    if [ -e ROOT/unstarted ]; then why="start-failed $(cat ROOT/unstarted)"; fi
    if [ -e ROOT/late ]; then why=timeout; fi
    if [ -z "$last" ] && [ -s ROOT/env ]; then
        say env "$n"
        until [ -e "ROOT/taken-$n" ] || [ -n "$stopped" ]; do sleep 0.02; done
        : > ROOT/env
        if [ -z "$why" ] && [ "$code" = 0 ] && [ -s "ROOT/taken-$n" ]; then why="env-invalid $(cat "ROOT/taken-$n")"; fi
    fi
    say end "$n" "$code" $why
    if [ "$code" != 0 ] || [ -n "$why" ]; then failed=${failed:-$code}; fi
}

""".replace("ROOT", ROOT)
_TAIL = '[ -z "$stopped" ] || exit 143\nexit "${failed:-0}"\n'
_WHEN = {(True, True): "", (True, False): ' && [ -z "$failed" ]', (False, True): ' && [ -n "$failed" ]'}


def driver_files(launch: Launch, mark: str, first: str = "", *, files: str = ROOT) -> Mapping[str, str]:
    """By name below `files`, which may be a folder that cannot be written. `first` is done before the parts.

    Raises ValueError for a variable that no shell can set.
    """
    blocks = []
    for index, part in enumerate(launch.parts):
        if (part.on_success, part.on_failure) not in _WHEN:
            continue
        blocks.append(_block(index, part, launch.kill_after, last=index + 1 == len(launch.parts), files=files))
    written = {f"part-{index}.sh": _variables(part) for index, part in enumerate(launch.parts)}
    head = _HEAD.replace("MARK", mark).replace("FILES", files)
    return {DRIVER: head + first + "".join(blocks) + _TAIL, VARIABLES: "", **written}


def _block(index: int, part: LaunchPart, kill_after: int, *, last: bool, files: str) -> str:
    words = [word.replace("{script}", f"{files}/{part.script_name}") for word in part.argv]
    limit = f"{part.timeout / 1000:g}" if part.timeout is not None else ""
    arguments = shlex.join([str(index), limit, f"{kill_after / 1000:g}", "1" if last else "", *words])
    condition = f'[ -z "$stopped" ]{_WHEN[part.on_success, part.on_failure]}'
    return f"if {condition}; then part {arguments}; fi\n"


def _variables(part: LaunchPart) -> str:
    return assignments({**part.env, **dict.fromkeys(part.unset)})


def assignments(variables: Mapping[str, str | None]) -> str:
    """As shell text; None unsets. Raises ValueError."""
    for name in variables:
        if not name.isascii() or not name.isidentifier():
            raise ValueError(f"a part on the docker runner cannot have a variable named {name!r}")
    return "".join(
        f"unset {name}\n" if value is None else f"export {name}={shlex.quote(value)}\n"
        for name, value in variables.items()
    )
