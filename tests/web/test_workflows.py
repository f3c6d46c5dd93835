"""Workflows over HTTP."""

from __future__ import annotations


def test_start(shared):
    run = shared.begin(inputs={"replicas": 3})
    shared.held.finish(shared.running(run=run))
    assert shared.ended(run)["status"] == "succeeded"
