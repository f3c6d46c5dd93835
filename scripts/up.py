"""`make up`: `windlass up` in the foreground, and what to type next.

In: the folder of a git repository, and flags for `windlass up`. Out: where the API is, the workflows it found, what to
type next; then the log of the server until Ctrl-C. `windlass up` itself prints one line on stdout, `ready URL`, for
other programs to read; what a person wants to know beside that is said here.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

WINDLASS = Path(sys.executable).with_name("windlass")


def workflows(url: str) -> list[dict[str, object]]:
    """The workflows the server knows, by name. A machine-wide proxy is none of a loopback server's business."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{url}/api/v1/workflows?limit=500", timeout=10) as answer:
        items: list[dict[str, object]] = json.load(answer)["items"]
    return sorted(items, key=lambda item: str(item["name"]))


def hints(url: str, folder: str) -> str:
    """The text after `ready`."""
    found = [f"    {item['name']:<18} {item.get('title') or ''}".rstrip() for item in workflows(url)]
    windlass = ".venv/bin/windlass"
    return "\n".join(
        [
            "",
            f"Windlass is up. API: {url}/api/v1, described in {url}/api/openapi.json",
            "",
            f"Workflows in {folder}:",
            *found,
            "",
            "Type next, in another terminal:",
            f"    {windlass} run {folder}/workflows/deploy.yaml --input environment=production",
            f"    {windlass} runs                      what ran, newest first",
            f"    {windlass} logs -f RUN               the log of a run, live",
            f"    {windlass} next --server {url}",
            "",
            f"Edit a file in {folder}/workflows and `git commit` it: it is live without a restart.",
            "Ctrl-C stops the server; what runs goes on and is picked up at the next start.",
            "",
        ]
    )


def main(folder: str, *flags: str) -> int:
    server = subprocess.Popen([WINDLASS, "up", folder, *flags], stdout=subprocess.PIPE, text=True)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    # Ctrl-C reaches the server itself, which is of the same process group: here it only must not interrupt.
    signal.signal(signal.SIGINT, lambda *_: None)
    assert server.stdout is not None
    for line in server.stdout:
        word, _, url = line.strip().partition(" ")
        print(hints(url, folder) if word == "ready" else line, flush=True)
    return server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
