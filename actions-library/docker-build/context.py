"""The folder that an image is built from, as an archive, without what .dockerignore names."""

import os
import re
import stat
import tarfile

from tool import Failed

MOST = 1_000_000  # files


def packed(folder, dockerfile, archive):
    """Into `archive`, a file."""
    if not os.path.lexists(os.path.join(folder, dockerfile)):
        raise Failed(f"dockerfile: there is no {dockerfile} in the context")
    rules, count = list(rules_of(folder)), 0
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files(folder, "", rules)):
            if path in (dockerfile, ".dockerignore") or not ignored(path, rules):
                tar.add(os.path.join(folder, path), path, recursive=False, filter=plain)
                count += 1
                if count > MOST:
                    raise Failed(f"context: more than {MOST} files")


def files(folder, below, rules):
    for entry in os.scandir(os.path.join(folder, below)):
        path = f"{below}/{entry.name}" if below else entry.name
        if stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode) not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            continue  # a socket or the like: no image can have it
        yield path
        if entry.is_dir(follow_symlinks=False) and (has_exceptions(rules) or not ignored(path, rules)):
            yield from files(folder, path, rules)


def plain(info):
    """As the image sees it: whose it is here means nothing there."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def rules_of(folder):
    """(pattern, whether it takes back), in their order: the last that fits decides."""
    try:
        with open(os.path.join(folder, ".dockerignore"), encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        return
    for line in lines:
        path = os.path.normpath(line.removeprefix("!").strip()).lstrip("/")
        if path != ".":
            yield re.compile(pattern(path)), line.startswith("!")


def has_exceptions(rules):
    return any(back for _, back in rules)


def ignored(path, rules):
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    found = False
    for rule, back in rules:
        if any(rule.fullmatch(one) for one in above):
            found = not back
    return found


def pattern(line):
    """As Go's filepath.Match reads it, and `**` for any number of folders."""
    found, at = "", 0
    while at < len(line):
        if line.startswith("**", at):
            at += 2
            if line.startswith("/", at):
                at += 1
                found += "(?:.*/)?"
            else:
                found += ".*"
            continue
        one = line[at]
        if one == "[" and (end := line.find("]", at + 2)) > 0:
            inner = line[at + 1 : end].replace("\\", "\\\\")
            found += f"[{inner}]"
            at = end
        elif one == "\\" and at + 1 < len(line):
            at += 1
            found += re.escape(line[at])
        else:
            found += {"*": "[^/]*", "?": "[^/]"}.get(one, re.escape(one))
        at += 1
    return found
