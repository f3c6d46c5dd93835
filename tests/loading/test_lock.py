"""windlass.lock: what is written is read back; what is wrong has a place; why it is stale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.loading.lock import Lock, Locked, lock_text, needed, read_lock, why_stale
from windlass.loading.rules import RULES
from windlass_schemas.repository import Library

URL = "https://git.example.com/infra/actions.git"
COMMIT, HASH = "a" * 40, "sha256:" + "b" * 64
INFRA = Locked(URL, "v1", "actions", COMMIT, HASH)


def library(**written: str) -> Library:
    return Library.model_validate({"git": URL, **written})


names = st.from_regex(r"[a-z0-9]{1,5}(/[a-z0-9]{1,5}){0,3}", fullmatch=True) | st.sampled_from(["null", "true", "010"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
locked = st.builds(
    Locked,
    st.just(URL),
    st.none() | texts | st.sampled_from(["1.10", "null", "yes", "0x1f", "#1", "a: b", '"']),
    st.none() | st.from_regex(r"[a-z#:é]{1,9}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{40}|[0-9a-f]{64}", fullmatch=True),
    st.just(HASH),
)


@given(st.dictionaries(names, locked, max_size=4))
def test_what_is_written_is_read_back(libraries: dict[str, Locked]) -> None:
    assert read_lock(lock_text(Lock(libraries)).encode()) == (Lock(libraries), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["1:1 empty-file"]),
        ("libraries: [\n", ["2:1 yaml-syntax"]),
        ("libraries: {infra: {git: x}}\n", ["1:13 missing-key", "1:13 missing-key", "1:26 invalid-git-url"]),
        (f"libraries:\n  infra: {{git: {URL}, commit: abc, hash: {HASH}}}\n", ["2:67 invalid-commit"]),
        (f"libraries:\n  infra: {{git: {URL}, commit: {COMMIT}, hash: md5}}\n", ["2:115 invalid-hash"]),
        ("libraries: {}\nlibrary: {}\n", ["2:1 unknown-key"]),
        (
            "libraries: {In/Fra: {}}\n",
            ["1:13 invalid-name", "1:13 missing-key", "1:13 missing-key", "1:13 missing-key"],
        ),
        ("<<<<<<< HEAD\nlibraries: {}\n", ["2:10 yaml-syntax"]),
    ],
)
def test_a_malformed_lock_is_refused_at_the_token(text: str, said: list[str]) -> None:
    lock, problems = read_lock(text.encode())
    assert lock is None
    assert sorted(f"{p.span.line}:{p.span.column} {p.rule}" for p in problems) == said
    assert {p.file for p in problems} == {"windlass.lock"}
    assert {p.rule for p in problems} <= RULES.keys()


@pytest.mark.parametrize(
    ("libraries", "why"),
    [
        ({"infra": library(ref="v1", path="actions")}, {}),
        ({"infra": library(ref="v1", path="actions/")}, {}),
        (
            {"infra": library(ref="v2", path="actions")},
            {"infra": "is locked for something else: ref is v1, windlass.yaml says v2"},
        ),
        (
            {"infra": library()},
            {
                "infra": "is locked for something else: ref is v1, windlass.yaml says absent; "
                "path is actions, windlass.yaml says absent"
            },
        ),
        ({}, {"infra": "is locked, and windlass.yaml does not name it"}),
        ({"infra": library(ref="v1", path="actions"), "new": library()}, {"new": "is not locked"}),
    ],
)
def test_why_a_lock_is_stale(libraries: dict[str, Library], why: dict[str, str]) -> None:
    assert why_stale(Lock({"infra": INFRA}), libraries) == why


def test_a_library_of_a_library_needs_its_owner() -> None:
    lock = Lock({"infra": INFRA, "gone/base": INFRA, "infra/base": INFRA})
    libraries = {"infra": library(ref="v1", path="actions")}
    assert why_stale(lock, libraries) == {"gone/base": "is locked, and gone is not"}
    assert needed(lock, libraries).keys() == {"infra", "infra/base"}
    assert needed(lock, {"infra": library()}) == {}
