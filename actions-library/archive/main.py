"""Packs files into an archive, or unpacks archives. The rules are those of std/files."""

import json
import os
import sys

from archives import create, ending_of, extract
from places import Failed, checked, found


def main():
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    to = given["to"]
    try:
        things = found(given["from"], optional=False)
        if given.get("unpack"):
            number = sum(extract(path, to, given["limit"] << 20) for path in things)
        else:
            ending_of(to)
            number = create(things, checked(to, "to"))
    except Failed as error:
        sys.exit(f"archive: {error}")
    except OSError as error:
        sys.exit(f"archive: {error.filename or to}: {error.strerror or error}")
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"count={number}\n")
    print(
        f"{number} files {'from' if given.get('unpack') else 'in'} {', '.join(things) if given.get('unpack') else to}"
    )


if __name__ == "__main__":
    main()
