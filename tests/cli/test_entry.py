"""How the console script ends, whatever its command said."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["check", "--nonsense"], 2)])
def test_nothing_is_looked_through_for_garbage_at_the_end(words: list[str], code: int) -> None:
    script = (
        "import atexit, gc, sys\n"
        "from windlass.cli.main import entry\n"
        "atexit.register(lambda: print('frozen', gc.get_freeze_count() > 1000, file=sys.stderr))\n"
        "entry()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.endswith("frozen True\n")
