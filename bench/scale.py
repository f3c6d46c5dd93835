"""What large workflows cost: planning, deciding, loops, workflow tests; no process is started."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bench.figure import ENV, Figure, command, cost, median_of
from windlass.plan.loop import Loop
from windlass.plan.model import Plan, PlannedStep
from windlass.plan.planner import Occasion, make_plan
from windlass.runs.decide import decide
from windlass.runs.model import Ended, Launch, RunHead, Started
from windlass.runs.state import RunState
from windlass_schemas.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDLASS = str(Path(sys.executable).parent / "windlass")
STEPS, LONG, SHORT, ITEMS, CASES = 1000, 5000, 500, 10_000, 100


def figures() -> Iterator[Figure]:
    yield _planning()
    yield from _deciding()
    yield from _loop()
    yield _cases()


def wide(count: int) -> str:
    """A workflow of `count` steps, each with an expression over an input and one over the step before it."""
    steps = "".join(
        f"  s{index}:\n    env: {{NAME: 'x-${{{{ inputs.name }}}}'"
        + (f", BEFORE: '${{{{ steps.s{index - 1}.outputs.v }}}}'" if index else "")
        + '}\n    outputs: {v: {type: string}}\n    timeout: 5m\n    run: echo "v=$NAME" >> "$WINDLASS_OUTPUT"\n'
        for index in range(count)
    )
    head = "apiVersion: windlass.dev/v1\nkind: Workflow\nmetadata: {name: wide}\n"
    return f"{head}inputs: {{name: {{type: string, default: a}}}}\nsteps:\n{steps}"


def _planning() -> Figure:
    text = wide(STEPS)
    model = Workflow.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    occasion = Occasion("bench", None, {"name": "a"}, {"kind": "manual"})
    seen = median_of(lambda: make_plan(model, None, occasion)) * 1000
    floor = median_of(lambda: yaml.load(text, Loader=yaml.CSafeLoader), runs=3) * 1000
    return Figure(f"plan {STEPS} steps", seen, "ms", "≤ 50", floor, "libyaml reads the file")


def _chain(count: int) -> Plan:
    argv = ("sh", "{script}")
    steps = {
        f"s{index}": PlannedStep(f"s{index}", "steps", needs=(f"s{index - 1}",) if index else (), argv=argv)
        for index in range(count)
    }
    return Plan("bench", "chain", None, {}, {}, steps)


def play(plan: Plan, *, at_once: int = 1) -> float:
    """Decide a run from its start to its end, as the engine does; seconds of CPU. `at_once` attempts end together."""
    state, now = RunState(plan, RunHead("01BENCH", "bench", "bench", None)), 1_000_000
    begun = time.process_time()  # neighbours change it less
    decision = decide(state, (), now)
    waiting: list[Launch] = []
    while True:
        state.apply(decision)
        waiting += [found for found in decision.commands if isinstance(found, Launch)]
        if state.head.status.terminal:
            return time.process_time() - begun
        now += 10
        ending, waiting = waiting[:at_once], waiting[at_once:]
        told = [Started(launch.key, now, {"pid": 1}) for launch in ending]
        decision = decide(state, [*told, *(Ended(launch.key, now, 0) for launch in ending)], now)


def _fan(count: int) -> Plan:
    argv = ("sh", "{script}")
    return Plan("bench", "fan", None, {}, {}, {f"s{n}": PlannedStep(f"s{n}", "steps", argv=argv) for n in range(count)})


def _deciding() -> Iterator[Figure]:
    short = min(play(_chain(SHORT)) for _ in range(5)) / SHORT * 1e6
    long = min(play(_chain(LONG)) for _ in range(3)) / LONG * 1e6
    yield Figure(f"decide a chain of {LONG} steps, a step", long, "µs", "≤ 1.3 ×", short, f"a chain of {SHORT}")
    wide = min(play(_fan(STEPS)) for _ in range(3)) / STEPS * 1e6
    yield Figure(f"decide {STEPS} steps side by side, a step", wide, "µs", "", short, f"a chain of {SHORT}")


def _loop() -> Iterator[Figure]:
    """In a process of its own, so that only the loop's memory is counted."""
    done = subprocess.run(
        [sys.executable, "-c", "from bench.scale import through_held; print(*through_held())"],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env=ENV,
    )
    grown, rate = map(float, done.stdout.split())
    yield Figure(f"forEach of {ITEMS} items through held: memory over the start", grown, "MiB", "≤ 100")
    yield Figure(f"forEach of {ITEMS} items through held", rate, "items/s", "", more=True)


def through_held() -> tuple[float, float]:
    """(MiB that the process grew by at its highest, items a second)."""
    from bench.engine import drive, new_runs
    from windlass.executors.held import HeldExecutor, Outcome

    loop = Loop("forEach", source=ITEMS)
    step = PlannedStep("each", "steps", argv=("sh", "{script}"), loop=loop)
    plan = Plan("bench", "loop", None, {}, {}, {"each": step})
    gc.collect()

    before = _resident()
    took = drive(
        new_runs(1, plan), lambda _folder, engine: HeldExecutor(engine.observe, script=lambda _launch: Outcome())
    )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before, ITEMS / took


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def _cases() -> Figure:
    cases = "".join(
        f"  - name: case {index}\n    inputs: {{name: n{index}}}\n"
        f"    steps: {{s0: {{outputs: {{v: x}}}}}}\n    expect: {{status: succeeded, ran: [s0, s1, s2]}}\n"
        for index in range(CASES)
    )
    head = "apiVersion: windlass.dev/v1\n"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in {
            "windlass.yaml": f"{head}kind: Repository\n",
            "workflows/wide.yaml": wide(3).replace("s1.outputs.v", "s0.outputs.v"),
            "tests/wide.test.yaml": f"{head}kind: Test\nworkflow: wide\ncases:\n{cases}",
        }.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        (root / ".git").mkdir()
        seen, used = cost(lambda: command([WINDLASS, "test"], cwd=root), runs=3, warmup=1)
        floor, _ = cost(lambda: command([WINDLASS, "check"], cwd=root), runs=3, warmup=1)
    return Figure(f"windlass test, {CASES} cases", seen, "s", "≤ 1", floor, "windlass check of the same", note=used)
