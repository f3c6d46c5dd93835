"""What a commit makes of the live definitions (R18, R20)."""

from __future__ import annotations

from windlass.loading.last_good import succeed
from windlass.loading.repository import Broken, Loaded


def loaded(*names: str, broken: tuple[Broken, ...] = ()) -> Loaded:
    return Loaded(
        workflows=dict.fromkeys(names),  # type: ignore[arg-type]  # only names matter here
        actions={},
        tests=(),
        repository=None,
        settings=None,
        problems=(),
        broken=broken,
        files=len(names),
    )


def live(*names: str) -> dict[str, str]:
    return {name: f"workflows/{name}.yaml" for name in names}


def test_good_ones_become_live_and_a_single_deletion_takes_effect() -> None:
    found = succeed(live("a", "b"), loaded("a", "c"))
    assert (found.activate, found.stale, found.remove, found.held_back) == (("a", "c"), (), ("b",), False)


def test_a_broken_file_keeps_the_last_good_version() -> None:
    found = succeed(live("a", "b"), loaded("a", broken=(Broken("workflows/b.yaml", None),)))
    assert (found.stale, found.remove) == (("b",), ())


def test_a_broken_file_that_was_moved_is_known_by_its_name() -> None:
    found = succeed(live("a", "b"), loaded("a", broken=(Broken("workflows/new/b.yaml", "b"),)))
    assert (found.stale, found.remove) == (("b",), ())


def test_r20_an_emptied_repository_removes_nothing_until_confirmed() -> None:
    found = succeed(live("a", "b"), loaded())
    assert (found.stale, found.remove, found.held_back) == (("a", "b"), (), True)
    assert [problem.rule for problem in found.problems] == ["mass-removal"]
    confirmed = succeed(live("a", "b"), loaded(), confirmed=True)
    assert (confirmed.stale, confirmed.remove, confirmed.held_back) == ((), ("a", "b"), False)


def test_r20_more_than_half_of_ten() -> None:
    names = [f"w{n}" for n in range(10)]
    assert succeed(live(*names), loaded(*names[:5])).held_back is False
    held = succeed(live(*names), loaded(*names[:4]))
    assert held.held_back is True
    assert held.activate == tuple(names[:4])
    assert held.stale == tuple(names[4:])
    assert succeed(live(*names[:9]), loaded(names[0])).held_back is False


def test_the_first_load_of_an_empty_repository_is_no_removal() -> None:
    assert succeed({}, loaded()).held_back is False
