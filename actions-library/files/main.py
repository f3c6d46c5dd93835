"""Copies, moves, deletes, packs and unpacks files of the working directory."""

import json
import os
import shutil
import sys

from places import Failed, checked, clear, folder_for, found, kind_of, root_of, tree


def copy(things, to, _given):
    root, number = root_of(to), 0
    # Listed before the first one is written: a folder may be copied into itself.
    for path, name, kind in [one for thing in things.items() for one in tree(*thing)]:
        target = os.path.join(root, name)
        folder_for(target if kind != "folder" else os.path.join(target, "x"), root)
        if kind == "folder":
            continue
        number += 1
        if os.path.realpath(path) == os.path.realpath(target) and kind == "file":
            continue
        clear(target)
        shutil.copy2(path, target, follow_symlinks=False)
    return number


def move(things, to, _given):
    root = root_of(to)
    only_here(things)
    for path, name in things.items():
        target = os.path.join(root, name)
        folder_for(target, root)
        if kind_of(path) == "folder" and os.path.lexists(target):
            raise Failed(f"to: {target} is there already; folders are not merged by a move")
        clear(target)
        shutil.move(path, target)
    return len(things)


def delete(things, _to, _given):
    only_here(things)
    for path in things:
        shutil.rmtree(path) if kind_of(path) == "folder" else os.unlink(path)
    return len(things)


def archive(things, to, _given):
    from archives import create

    return create(things, checked(to, "to"))


def extract(things, to, given):
    from archives import extract

    return sum(extract(path, to, given["limit"] << 20) for path in things)


def only_here(things):
    outside = next((path for path in things if os.path.isabs(path)), None)
    if outside is not None:
        raise Failed(f"from: {outside} is not in the working directory: only copy, archive and extract read elsewhere")


DOES = {"copy": copy, "move": move, "delete": delete, "archive": archive, "extract": extract}


def main():
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    do, to, name = given["do"], given.get("to"), given.get("as")
    try:
        if (to is None) != (do == "delete"):
            raise Failed(f"{do} {'needs to' if to is None else 'takes no to'}")
        things = found(given["from"], given.get("optional", False))
        if name is not None:
            things = renamed(things, name, do)
        number = DOES[do](things, to, given)
    except Failed as error:
        sys.exit(f"files: {error}")
    except OSError as error:
        sys.exit(f"files: {error.filename or do}: {error.strerror or error}")
    except shutil.Error as error:
        sys.exit(f"files: {error}")
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"count={number}\n")
    print(f"{do}: {number}{f' to {to}' if to else ''}")


def renamed(things, name, do):
    if do not in ("copy", "move") or len(things) != 1:
        raise Failed(f"as is for copying or moving one thing; {do} has {len(things)}")
    if checked(name, "as") != name or "/" in name or name == ".":
        raise Failed(f"as: {name} is no plain name")
    return dict.fromkeys(things, name)


if __name__ == "__main__":
    main()
