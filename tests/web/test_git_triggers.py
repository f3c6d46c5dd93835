"""Pushes and tags in a whole server: one run for each, none for what is no news (fine print, "git triggers")."""

from __future__ import annotations

import pytest
from tests.web.site import until, workflow

from windlass.reconcile.git_triggers import GitTriggers


def on(*triggers, name="ci", more=""):
    entries = "".join(f"    - {trigger}\n" for trigger in triggers)
    return {f"workflows/{name}.yaml": workflow(name, f"triggers:\n  git:\n{entries}{more}")}


def firings(site, name="ci"):
    items = site.http.get(f"/api/v1/workflows/shop/{name}/firings").json()["items"]
    return [(item["trigger"], item["run"], item["reason"]) for item in items]


def event(site, run):
    return site.http.get(f"/api/v1/runs/{run}/plan").json()["event"]


def test_a_push_starts_one_run_of_its_newest_commit(new_site):
    site = new_site(on("push: {branches: [main]}"))
    site.reconcile()
    assert firings(site) == []  # neither the first look nor a forced one is a push
    site.commit({"src/a": "1"})
    site.commit({"src/b": "1"})
    newest = site.commit({"src/a": None})
    site.reconcile()
    site.reconcile()
    ((trigger, run, reason),) = firings(site)
    assert (trigger, reason) == ("git[0]", None)
    shown = site.http.get(f"/api/v1/runs/{run}").json()
    assert (shown["commit"], shown["trigger"]["kind"], shown["trigger"]["name"]) == (newest, "git", "git[0]")
    assert shown["actor"] == {"kind": "git", "name": "Ada"}
    assert event(site, run) == {
        "kind": "push",
        "ref": "refs/heads/main",
        "before": site.head,
        "commit": newest,
        "paths": ["src/a", "src/b"],
        "actor": "Ada",
        "scheduledAt": None,
    }
    assert site.count() == 1


@pytest.mark.parametrize(
    ("push", "fires"),
    [
        ("{}", True),
        ("{branches: [main]}", True),
        ("{branches: ['ma*']}", True),
        ("{branches: ['**', '!main']}", False),
        ("{branches: ['release/*']}", False),
        ("{paths: ['shop/**']}", True),
        ("{paths: ['other/**']}", False),
        ("{paths: ['**', '!shop/**']}", True),
        ("{paths: ['!shop/**', '!taken/**']}", False),
        ("{paths: ['taken/back']}", True),
    ],
)
def test_branches_and_paths(new_site, push, fires):
    site = new_site(on(f"push: {push}"))
    site.commit({"taken/back": "1"})
    site.push({"shop/x": "1", "taken/back": None})
    assert len(firings(site)) == fires
    assert site.count() == fires


def test_a_push_is_judged_by_what_it_makes_live(new_site):
    site = new_site({"workflows/other.yaml": workflow("other")})
    site.push(on("{push: {}, inputs: {commit: '${{ event.commit }}'}}", more="inputs: {commit: {type: string}}\n"))
    ((_, run, _),) = firings(site)
    assert site.http.get(f"/api/v1/runs/{run}").json()["inputs"] == {"commit": site.git("rev-parse", "HEAD")}
    site.push({"workflows/ci.yaml": None})
    assert site.count() == 1


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ("{push: {}, if: \"${{ event.actor == 'Bob' }}\"}", "its `if` is false"),
        ("{push: {}, enabled: false}", "the trigger is disabled"),
        ("{push: {}, inputs: {count: '${{ event.ref }}'}}", "its inputs do not fit"),
    ],
)
def test_what_starts_nothing_is_recorded(new_site, trigger, reason):
    site = new_site(on(trigger, more="inputs: {count: {type: integer, default: 1}}\n"))
    site.push({"a": "1"})
    ((name, run, told),) = firings(site)
    assert (name, run) == ("git[0]", None)
    assert told.startswith(reason)
    assert site.count() == 0


def test_another_branch_is_no_push_and_a_force_push_is_one(new_site):
    site = new_site(on("push: {}"))
    site.git("switch", "--quiet", "--create", "other")
    site.push({"a": "1"})
    site.git("switch", "--quiet", "main")
    site.reconcile()
    assert firings(site) == []
    site.push({"a": "2"})
    site.git("reset", "--quiet", "--hard", "HEAD~1")
    site.reconcile()
    assert next(event(site, run)["commit"] for _, run, _ in firings(site)) == site.head
    assert len(firings(site)) == 2


def test_each_new_tag_starts_one_run(new_site):
    files = on("{tag: {pattern: 'v*'}, inputs: {tag: '${{ event.tag }}'}}", more="inputs: {tag: {type: string}}\n")
    site = new_site({"a": "1"})
    site.git("tag", "v0")
    site.push(files)
    commit = site.git("rev-parse", "HEAD")
    assert firings(site) == []  # v0 was there when somebody began to wait
    site.git("tag", "v1")
    site.git("tag", "--annotate", "--message", "x", "v2", site.head)
    site.git("tag", "other")
    site.reconcile()
    site.reconcile()
    runs = {event(site, run)["tag"]: event(site, run) for _, run, _ in firings(site)}
    assert {tag: found["commit"] for tag, found in runs.items()} == {"v1": commit, "v2": site.head}
    assert (runs["v1"]["ref"], runs["v1"]["before"]) == ("refs/tags/v1", None)
    site.git("tag", "--delete", "v1")
    site.reconcile()
    site.git("tag", "v1", commit)
    site.reconcile()
    assert len(firings(site)) == 2  # the same tag of the same commit again
    site.git("tag", "--force", "v1", site.head)
    site.reconcile()
    newest = firings(site)[0][1]
    assert (event(site, newest)["before"], event(site, newest)["commit"]) == (commit, site.head)
    assert site.count() == 3
    until(lambda: len(site.held.running()) == 3)


def test_a_work_tree_without_a_branch_and_another_repository_of_the_name_push_nothing(new_site):
    site = new_site(on("push: {}", "tag: {}"))
    site.git("checkout", "--quiet", "--detach")
    site.push({"a": "1"})
    site.push({"a": "2"})
    assert firings(site) == []
    site.ledger.writer.write(lambda tx: tx.set_mark("tags", "shop", {"git": "elsewhere", "tags": {}}))
    again = GitTriggers(site.index, site.firings, site.ledger.writer, site.ledger.reads)
    site.git("tag", "v1")
    again.look_at_tags(site.source)
    assert firings(site) == []
    site.git("tag", "v2")
    again.look_at_tags(site.source)
    assert [trigger for trigger, _, _ in firings(site)] == ["git[1]"]
