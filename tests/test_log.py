"""What the program's own log costs where more is installed than it needs."""

from __future__ import annotations

import subprocess
import sys


def test_a_painter_of_tracebacks_is_not_loaded_and_stays_importable() -> None:
    script = (
        "import sys\n"
        "from windlass import log\n"
        "log.configure()\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'rich']\n"
        "import rich.traceback\n"
        "log.event('a.b', key='value')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "a.b" in done.stderr
    assert "key=value" in done.stderr
