"""What several processes are given first."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.longest_first import LONGEST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.conftest import House


def test_the_longest_are_there(house: House) -> None:
    gone = [file for file in LONGEST if not (house.root / file).exists()]
    assert not gone, f"tests/longest_first.py names what is not there: {gone}"


def test_one_process_begins_with_them_then_with_slow_ones_then_with_many(house: House, tmp_path: Path) -> None:
    for file, tests in (
        ("tests/aa.py", 1),
        ("tests/bb.py", 2),
        ("tests/slow/cc.py", 1),
        (LONGEST[1], 1),
        (LONGEST[0], 1),
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("".join(f"def test_{n}(): pass\n" for n in range(tests)))
    options = ["-p", "tests.longest_first", "-p", "no:cacheprovider", "-n1", "-v", "-o", "python_files=*.py"]
    order = ["--dist", "loadfile", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", *options, *order, "--import-mode=importlib", f"--rootdir={tmp_path}"]
    done = subprocess.run([*command, tmp_path], cwd=house.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(rf"PASSED \S*{tmp_path.name}/(\S+)::", done.stdout)
    assert list(dict.fromkeys(told)) == [LONGEST[0], LONGEST[1], "tests/slow/cc.py", "tests/bb.py", "tests/aa.py"]
