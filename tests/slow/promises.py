"""The promises that hold after any crash, judged from the ledger (through the API) and from what user code has seen.

In: a server that was started again, and the witness: a file outside of Windlass to which every attempt appends
`run step attempt` once. The numbers R1 to R18 name the promises.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.slow.repo import Repo
    from tests.slow.server import Server

WITNESS = 'echo "$WINDLASS_RUN_ID $WINDLASS_STEP $WINDLASS_ATTEMPT" >> "$WITNESS"'
Seen = list[tuple[str, str, int]]


def seen(witness: Path) -> Seen:
    """(run, step, attempt) in the order in which user code ran."""
    if not witness.exists():
        return []
    rows = [line.split(" ") for line in witness.read_text().splitlines()]
    return [(run, step, int(attempt)) for run, step, attempt in rows]


def check(server: Server, witness: Path, repo: Repo, order: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Every promise about runs; `order` names steps of a chain. Returns the runs, newest first."""
    before = seen(witness)  # a schedule goes on while we look
    runs = [server.ended(run["id"]) for run in server.runs()]  # R1
    known = seen(witness)
    twice = {row: times for row, times in Counter(known).items() if times > 1}
    assert not twice, f"R2: started twice: {twice}"
    recorded = {(run["id"], step, a["number"]): a for run, step, a in attempts(runs)}
    unknown = [row for row in before if row not in recorded]
    assert not unknown, f"started without a record: {unknown}"
    silent = [row for row, a in recorded.items() if a["status"] == "succeeded" and row not in known]
    assert not silent, f"recorded as succeeded, and never ran: {silent}"
    for run in runs:
        retried_with_reason(run)
        in_order(run, known, order)
        final(server, run)
        pinned(server, run, repo)
    return runs


def attempts(runs: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    return [(run, name, a) for run in runs for name, step in run["steps"].items() for a in step["attempts"]]


def retried_with_reason(run: dict[str, Any]) -> None:
    """R3: an attempt follows only one that is known to have failed; a lost one may have run, so nothing follows it."""
    for name, step in run["steps"].items():
        numbers = [a["number"] for a in step["attempts"]]
        assert numbers == list(range(1, len(numbers) + 1)), (name, numbers)
        for earlier, later in pairwise(step["attempts"]):
            assert (earlier["status"], earlier["cause"]) == ("failed", "exit-code"), (name, earlier)
            assert later["startedAt"] is None or later["startedAt"] >= earlier["endedAt"], (name, earlier, later)


def in_order(run: dict[str, Any], known: Seen, order: tuple[str, ...]) -> None:
    """R5: what comes later in the chain starts after its predecessor has succeeded, in the ledger and in the world."""
    chain = [run["steps"][name] for name in order]
    for before, after in pairwise(chain):
        for attempt in after["attempts"]:
            assert before["status"] == "succeeded", run
            assert attempt["startedAt"] is None or attempt["startedAt"] >= before["endedAt"], run
    places = [order.index(step) for of, step, _ in known if of == run["id"] and step in order]
    assert places == sorted(places), (run["id"], known)


def final(server: Server, run: dict[str, Any]) -> None:
    """R4: what has ended refuses a cancel and stays as it was."""
    answer = server.http.post(f"/api/v1/runs/{run['id']}/cancel")
    assert answer.status_code == 409, answer.text
    assert server.run(run["id"]) == run


def pinned(server: Server, run: dict[str, Any], repo: Repo) -> None:
    """R17: it ran what git says at its commit."""
    text = server.http.get(f"/api/v1/runs/{run['id']}/definition").text
    assert text.strip() == repo.git("show", f"{run['commit']}:workflows/{run['workflow']}.yaml")


def one_run_a_tick(server: Server, repository: str, workflow: str) -> int:
    """R11: no tick has two runs, and every run's tick is in the firings. Returns how many ticks had a run."""
    runs = server.runs(repository=repository, workflow=workflow)
    ticks = Counter(run["trigger"]["scheduledAt"] for run in runs)
    assert None not in ticks
    assert max(ticks.values(), default=1) == 1, f"R11: {ticks}"
    assert all(at.endswith(".000Z") for at in ticks), ticks
    items = server.get(f"/workflows/{repository}/{workflow}/firings", limit=500)["items"]
    fired = Counter(item["scheduledAt"] for item in items)
    assert max(fired.values(), default=1) == 1, f"R11: {fired}"
    assert {item["run"] for item in items} >= {run["id"] for run in runs}
    return len(ticks)
