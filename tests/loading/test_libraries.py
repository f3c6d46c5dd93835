"""What `uses: alias/name` means: locked or not, there or not, given what it asks for; and inside a library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from windlass.loading.closure import Closures
from windlass.loading.libraries import mismatch, not_in_the_cache, unavailable
from windlass.loading.library_files import LibraryFiles
from windlass.loading.lock import Lock, Locked, lock_text
from windlass.loading.repository import Loaded, load_repository
from windlass.plan.uses import target_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.loading.conftest import Entry

    from windlass.loading.library_files import Absent

HEAD = "apiVersion: windlass.dev/v1\nkind: {}\n"
INFRA_URL, BASE_URL = "https://git.example.com/infra.git", "https://git.example.com/base.git"
SETTINGS = HEAD.format("Repository") + f"libraries:\n  infra: {{git: {INFRA_URL}, ref: v1, path: lib}}\n"
INFRA = Locked(INFRA_URL, "v1", "lib", "a" * 40, "sha256:" + "0" * 64)
BASE = Locked(BASE_URL, None, None, "b" * 40, "sha256:" + "1" * 64)
LOCK = lock_text(Lock({"infra": INFRA, "infra/base": BASE}))


def named(kind: str, name: str, rest: str) -> str:
    return HEAD.format(kind) + f"metadata: {{name: {name}}}\n{rest}"


def workflow(*uses: str) -> str:
    return named("Workflow", "w", "steps:\n" + "".join(f"  s{at}: {{uses: {one}}}\n" for at, one in enumerate(uses)))


def action(rest: str = "run: echo hi\n") -> str:
    return named("Action", "a", rest)


INFRA_FILES = {
    "windlass.yaml": HEAD.format("Repository") + f"libraries: {{base: {{git: {BASE_URL}}}}}\n",
    "lib/notify/action.yaml": action("inputs: {to: {type: string}}\nrun: echo hi\n"),
    "lib/old/action.yml": action("deprecated: use notify\nentrypoint: main.sh\n"),
    "lib/old/main.sh": "echo old\n",
    "lib/broken/action.yaml": action("runs: echo hi\n"),
    "lib/roll.yaml": workflow("./lib/old", "base/say", "base/deep.yaml"),
    "lib/bad.yaml": workflow("./lib/gone"),
    "lib/out.yaml": workflow("./outside/x"),
    "lib/one.yaml": workflow("./lib/two.yaml"),
    "lib/two.yaml": workflow("./lib/one.yaml"),
    "lib/foreign.yaml": workflow("other/x"),
    "outside/x/action.yaml": action(),
}
BASE_FILES = {"say/action.yaml": action(), "deep.yaml": workflow("./say"), "far.yaml": workflow("infra/notify")}


@pytest.fixture
def check(entry: type[Entry]) -> Any:
    def files_of(files: Mapping[str, str]) -> LibraryFiles:
        entries = [entry(path, len(text)) for path, text in files.items()]
        return LibraryFiles(entries, lambda wanted: {e.path: files[e.path].encode() for e in wanted})

    def load(
        *uses: str, lock: str | None = LOCK, settings: str = SETTINGS, gone: Mapping[str, Absent] | None = None
    ) -> Loaded:
        files = {"windlass.yaml": settings, "workflows/w.yaml": workflow(*uses)}
        if lock is not None:
            files["windlass.lock"] = lock

        def read(wanted: Sequence[Entry]) -> dict[str, bytes]:
            return {e.path: files[e.path].encode() for e in wanted}

        there = {"infra": files_of(INFRA_FILES), "infra/base": files_of(BASE_FILES), **(gone or {})}
        entries = [entry(path, len(text)) for path, text in files.items()]
        return load_repository(entries, read, opener=lambda name, _: there[name])

    return load


def said(loaded: Loaded) -> list[tuple[str, int, int, str]]:
    return [(p.file, p.span.line, p.span.column, p.rule) for p in loaded.problems]


def test_what_is_used_comes_with_its_library_and_commit(check: Any) -> None:
    loaded = check("infra/notify, with: {to: me}", "infra/roll.yaml")
    assert said(loaded) == []
    uses = Closures(loaded).of("w")
    assert {target: (used.kind, used.path, used.library, used.commit) for target, used in uses.items()} == {
        "infra/notify": ("Action", "lib/notify", "infra", "a" * 40),
        "infra/roll.yaml": ("Workflow", "lib/roll.yaml", "infra", "a" * 40),
        "infra:./lib/old": ("Action", "lib/old", "infra", "a" * 40),
        "infra:base/say": ("Action", "say", "infra/base", "b" * 40),
        "infra:base/deep.yaml": ("Workflow", "deep.yaml", "infra/base", "b" * 40),
        "infra/base:./say": ("Action", "say", "infra/base", "b" * 40),
    }
    assert uses["infra:./lib/old"].script == "echo old\n"


@pytest.mark.parametrize(
    ("uses", "rule", "message", "hint"),
    [
        ("infra/notfy", "unknown-action", "the library infra offers no action or workflow notfy", "infra/notify"),
        (
            "infra/rol.yaml",
            "unknown-action",
            "the library infra offers no action or workflow rol.yaml",
            "infra/roll.yaml",
        ),
        ("infra/../outside/x", "unknown-action", "the library infra offers no action or workflow ../outside/x", None),
        ("ifra/notify", "unknown-action", "there is no library ifra", "infra"),
        ("infra/broken", "broken-uses", "has errors: lib/broken/action.yaml:4:1: unknown key runs", None),
        ("infra/bad.yaml", "broken-uses", "lib/bad.yaml:5:14: the library infra has nothing at ./lib/gone", None),
        ("infra/out.yaml", "broken-uses", "lib/out.yaml:5:14: the library infra has nothing at ./outside/x", None),
        ("infra/foreign.yaml", "broken-uses", "lib/foreign.yaml:5:14: there is no library infra/other", None),
        ("infra/one.yaml", "broken-uses", "workflows call one another in a circle", None),
    ],
)
def test_what_cannot_be_used(check: Any, uses: str, rule: str, message: str, hint: str | None) -> None:
    loaded = check(uses)
    [problem] = loaded.problems
    assert (problem.file, problem.path, problem.rule) == ("workflows/w.yaml", "steps.s0.uses", rule)
    assert (problem.span.line, problem.span.column) == (5, 14)
    assert message in problem.message
    assert hint is None or problem.hint == f"did you mean {hint}?"
    assert loaded.workflows == {}


def test_what_it_is_given_is_checked(check: Any) -> None:
    assert said(check("infra/notify")) == [("workflows/w.yaml", 5, 14, "missing-input")]
    loaded = check("infra/notify, with: {to: me, form: you}", "infra/old")
    assert said(loaded) == [
        ("workflows/w.yaml", 5, 43, "unknown-input"),
        ("workflows/w.yaml", 6, 14, "deprecated-action"),
    ]


def test_its_types_and_outputs_are_those_of_the_library(check: Any) -> None:
    assert said(check("infra/notify, with: {to: 3}")) == [("workflows/w.yaml", 5, 39, "input-value")]
    loaded = check("infra/notify, with: {to: me}", "infra/old, if: '${{ steps.s0.outputs.x == 1 }}'")
    assert ("workflows/w.yaml", 6, 34, "unknown-name") in said(loaded)


@pytest.mark.parametrize("lock", [None, "libraries: {}\n"])
def test_what_is_not_locked_cannot_be_used(check: Any, lock: str | None) -> None:
    loaded = check("infra/notify, with: {to: me}", lock=lock)
    assert ("workflows/w.yaml", 5, 14, "library-not-locked") in said(loaded)
    assert loaded.workflows == {}
    assert [p[3] for p in said(loaded) if p[0] == "windlass.yaml"] == ([] if lock is None else ["stale-lock"])


def test_a_stale_lock_is_shown_at_what_differs(check: Any) -> None:
    loaded = check("infra/notify, with: {to: me}", settings=SETTINGS.replace("ref: v1", "ref: v2"))
    assert said(loaded) == [("windlass.yaml", 4, 56, "stale-lock"), ("workflows/w.yaml", 5, 14, "library-not-locked")]
    assert loaded.problems[0].path == "libraries.infra.ref"
    assert "ref is v1, windlass.yaml says v2" in loaded.problems[1].message
    loaded = check(settings=HEAD.format("Repository"))
    assert said(loaded)[:1] == [("windlass.lock", 1, 1, "stale-lock")]


def test_a_library_below_is_compared_with_what_its_owner_names(check: Any) -> None:
    other = Locked("https://git.example.com/evil.git", None, None, "b" * 40, BASE.hash)
    loaded = check("infra/roll.yaml", lock=lock_text(Lock({"infra": INFRA, "infra/base": other})))
    assert [p.rule for p in loaded.problems] == ["library-not-locked"]
    loaded = check("infra/roll.yaml", lock=lock_text(Lock({"infra": INFRA})))
    assert [p.rule for p in loaded.problems] == ["library-not-locked"]


def test_a_broken_lock_locks_nothing(check: Any) -> None:
    loaded = check("infra/notify, with: {to: me}", lock="libraries: {infra: {}, infra: {}}\n")
    assert said(loaded) == [
        ("windlass.lock", 1, 24, "duplicate-key"),
        ("workflows/w.yaml", 5, 14, "library-not-locked"),
    ]


def test_a_library_that_is_not_here(check: Any) -> None:
    """Nothing is fetched while checking: one warning. Where it should be here, nothing that uses it is fit."""
    twice = ("infra/notify", "infra/old")
    loaded = check(*twice, gone={"infra": not_in_the_cache("infra", Lock())})
    assert said(loaded) == [("workflows/w.yaml", 5, 14, "library-not-checked")]
    assert "w" in loaded.workflows
    for absent in (unavailable("infra", "no route"), mismatch("infra", "another hash")):
        loaded = check(*twice, gone={"infra": absent})
        assert [p.rule for p in loaded.problems] == [absent.rule, absent.rule]
        assert loaded.workflows == {}
    below = check("infra/roll.yaml", gone={"infra/base": unavailable("infra/base", "no route")})
    assert [p.rule for p in below.problems] == ["library-unavailable"]


def test_a_library_called_std(check: Any) -> None:
    loaded = check(settings=SETTINGS + f"  std: {{git: {BASE_URL}}}\n", lock=None)
    assert said(loaded)[:1] == [("windlass.yaml", 5, 3, "reserved-library")]


def test_targets_inside_a_library() -> None:
    assert target_of("./lib/a/", None) == "./lib/a"
    assert target_of("./lib/a/", "infra") == "infra:./lib/a"
    assert target_of("base/a", "infra") == "infra:base/a"
    assert target_of("std/a", "infra") == "std/a"
