"""One text: into the log, and out again."""

import json
import os
import sys

LONGEST = 1 << 20


def main():
    text = os.environ.get("INPUT_TEXT")
    if text is None:  # too large for a variable
        with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
            text = json.load(file)["text"]
    print(text)
    if len(text.encode("utf-8", "replace")) > LONGEST:
        sys.exit("echo: text is longer than 1 MiB, which is all that an output of it may hold")
    word = os.urandom(12).hex()
    with open(os.environ["WINDLASS_OUTPUT"], "ab") as file:
        file.write(f"text<<{word}\n{text}\n{word}\n".encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
