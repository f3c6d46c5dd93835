"""Which workflows wait for what: by kind and subject, over repositories, as they are live now."""

from __future__ import annotations

from windlass.reconcile.catalog import Catalog, LiveWorkflow, pack
from windlass.reconcile.trigger_index import TriggerIndex


def live(repository, name, **triggers):
    document = {
        "apiVersion": "windlass.dev/v1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "triggers": triggers,
        "steps": {"it": {"run": "true"}},
    }
    return LiveWorkflow(repository, name, f"workflows/{name}.yaml", "c1", None, pack(document), b"", b"", "d")


def named(targets):
    return [(target.live.repository, target.live.name, target.name) for target in targets]


def test_targets_are_found_by_what_they_wait_for():
    catalog = Catalog()
    catalog.replace(
        "shop",
        [
            live("shop", "b", event=[{"name": "other"}, {"name": "go", "enabled": False}]),
            live("shop", "a", event=[{"name": "go"}], git=[{"tag": {}}, {"push": {"branches": ["main"]}}]),
            live("shop", "none"),
        ],
    )
    catalog.replace("infra", [live("infra", "z", event=[{"name": "go"}], workflow=[{"name": "a"}, {"name": "shop/a"}])])
    index = TriggerIndex(catalog)
    found = [("infra", "z", "event[0]"), ("shop", "a", "event[0]"), ("shop", "b", "event[1]")]
    assert named(index.everywhere("event", "go")) == found
    assert named(index.everywhere("workflow", "shop/a")) == [("infra", "z", "workflow[1]")]
    assert named(index.everywhere("workflow", "infra/a")) == [("infra", "z", "workflow[0]")]
    assert named(index.of("shop", "git", "push")) == [("shop", "a", "git[1]")]
    (push,) = index.of("shop", "git", "push")
    assert push.trigger.push.branches == ("main",)
    assert index.of("shop", "git", "tag")[0].written == {"tag": {}}
    assert index.of("nowhere", "git", "push") == index.everywhere("event", "nothing") == []


def test_what_was_exchanged_is_looked_at_again():
    catalog = Catalog()
    index = TriggerIndex(catalog)
    assert index.everywhere("event", "go") == []
    catalog.replace("shop", [live("shop", "a", event=[{"name": "go"}])])
    assert named(index.everywhere("event", "go")) == [("shop", "a", "event[0]")]
    catalog.replace("shop", [live("shop", "a", event=[{"name": "gone"}])])
    assert index.everywhere("event", "go") == []
    catalog.drop("shop")
    assert index.everywhere("event", "gone") == []
