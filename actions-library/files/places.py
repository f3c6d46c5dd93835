"""Which files are meant, and where they may go: below the working directory and past no link, or an absolute path."""

import glob
import os
import re
import stat

WILD = re.compile(r"[*?\[]")


class Failed(Exception):
    """What is wrong, for the one line that people read."""


def checked(path, name):
    """A path as it is written: absolute, or below the working directory."""
    if not path or "\0" in path:
        raise Failed(f"{name}: a path may not be empty")
    if ".." in path.split("/"):
        raise Failed(f"{name}: {path} may not go up with ..: write an absolute path for another place")
    plain = os.path.normpath(path)
    return plain[1:] if plain.startswith("//") else plain


def passes_link(path):
    """Whether a folder on the way is a link: a glob goes past none, a path that is written may not."""
    if os.path.isabs(path):
        return False
    parts = path.split("/")[:-1]
    return any(os.path.islink("/".join(parts[: at + 1])) for at in range(len(parts)))


def found(patterns, optional):
    """(path, its name below the target) of everything that is meant, each once, in order."""
    result = {}
    for pattern in [checked(one, "from") for one in patterns]:
        if WILD.search(pattern):
            matches = [
                path for path in glob.glob(pattern, recursive=True, include_hidden=True) if not passes_link(path)
            ]
        else:
            matches = [pattern] if os.path.lexists(pattern) else []
            if passes_link(pattern):
                raise Failed(f"from: {pattern} leads through a link")
        base = fixed_part(pattern)
        names = {path: os.path.relpath(path, base) if base else path for path in matches}
        result |= {path: name for path, name in names.items() if name not in (".", "")}
        if not matches and not optional:
            raise Failed(f"from: there is nothing at {pattern} (optional: true allows that)")
    return topmost(result)


def fixed_part(pattern):
    """`dist` of `dist/**/*.js`, the folder of a path that is written: names below it are kept."""
    parts = pattern.split("/")
    at = next((at for at, part in enumerate(parts) if WILD.search(part)), len(parts) - 1)
    return "/".join(parts[:at]) or ("/" if os.path.isabs(pattern) else "")


def topmost(paths):
    """What stands below a folder that is meant itself comes with that folder."""
    kept = {}
    for path in sorted(paths, key=lambda path: path.count("/")):
        parts = path.split("/")
        if not any("/".join(parts[:at]) in kept for at in range(1, len(parts))):
            kept[path] = paths[path]
    return dict(sorted(kept.items()))


def tree(path, name):
    """(path, name, kind) of a thing and all below it, listed before anything is done; kind: file, folder, link."""
    kind = kind_of(path)
    result = [(path, name, kind)]
    if kind == "folder":
        for entry in sorted(os.listdir(path)):
            result += tree(os.path.join(path, entry), f"{name}/{entry}")
    return result


def kind_of(path):
    mode = os.lstat(path).st_mode
    kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"))
    found = next((kind for test, kind in kinds if test(mode)), None)
    if found is None:
        raise Failed(f"{path} is neither a file nor a folder nor a link")
    return found


def folder_for(target, root):
    """Makes the folder that a file is put into; none between it and `root` may be a link to another place."""
    folder = os.path.dirname(target) or "."
    real, inside = os.path.realpath(folder), os.path.realpath(root)
    if real != inside and not real.startswith(inside.rstrip("/") + "/"):
        raise Failed(f"to: {folder} leads out of {root} through a link")
    os.makedirs(folder, exist_ok=True)


def root_of(to):
    """The folder that things are put into."""
    path = checked(to, "to")
    real = os.path.realpath(path)
    here = os.path.realpath(".")
    if not os.path.isabs(path) and real != here and not real.startswith(here + "/"):
        raise Failed(f"to: {to} leads out of the working directory through a link")
    os.makedirs(path, exist_ok=True)
    return path


def clear(target):
    """Nothing is ever written through a link that stands where a file goes."""
    if os.path.islink(target):
        os.unlink(target)
