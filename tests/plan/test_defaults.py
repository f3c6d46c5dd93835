"""Defaults: each key from windlass.yaml, the workflow and the step; the nearest one's whole value holds."""

from __future__ import annotations

import pytest

from windlass_schemas.step import Execution

KEYS = {
    "image": ("a:1", "b:1", "c:1", lambda s: s.image, ["a:1", "b:1", "c:1"]),
    "shell": ("sh", "python", "bash", lambda s: s.argv[0], ["sh", "python3", "bash"]),
    "retry": ("{attempts: 2}", "{attempts: 3}", "{delay: 1s}", lambda s: s.retry.attempts, [2, 3, 1]),
    "timeout": ("1s", "2s", "3s", lambda s: s.timeout, [1000, 2000, 3000]),
    "quietTimeout": ("1s", "2s", "3s", lambda s: s.quiet_timeout, [1000, 2000, 3000]),
    "killAfter": ("1s", "2s", "0s", lambda s: s.kill_after, [1000, 2000, 0]),
    "runner": ("local", "other", "local", lambda s: s.runner, ["local", "other", "local"]),
    "checkout": ("true", "false", "true", lambda s: s.checkout, [True, False, True]),
    "workingDirectory": ("a", "b", "c", lambda s: s.working_directory, ["a", "b", "c"]),
}
LATER = {"resources", "docker", "pod"}  # refused until something runs them


def test_every_key_is_tried() -> None:
    written = {field.alias or name for name, field in Execution.model_fields.items()}
    assert written == set(KEYS) | LATER


@pytest.mark.parametrize("key", KEYS)
def test_the_nearest_one_holds(plan, key):
    repository, workflow, own, read, expected = KEYS[key]
    settings = f"defaults: {{{key}: {repository}}}"
    steps = f"steps: {{plain: {{run: x}}, own: {{run: x, {key}: {own}}}}}"
    from_repository = plan(steps, settings).steps["plain"]
    made = plan(f"defaults: {{{key}: {workflow}}}\n{steps}", settings).steps
    assert [read(step) for step in (from_repository, made["plain"], made["own"])] == expected
