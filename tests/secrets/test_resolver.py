"""References to values: kept a while, asked side by side, within a limit; every failure has a cause and no value."""

from __future__ import annotations

import threading

import pytest

from windlass.errors import SecretError
from windlass.secrets.base import Origin, Reference
from windlass.secrets.reference import parse_reference
from windlass.secrets.registry import Backends
from windlass.secrets.resolver import Resolver

HERE = Origin("shop", "c" * 40)


class Store:
    """A provider whose values are in a dict; it counts what it is asked."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[tuple[str, Origin]] = []

    def value(self, reference: Reference, origin: Origin) -> str:
        self.asked.append((reference.path, origin))
        if reference.path == "broken":
            raise RuntimeError("the value is hunter22")
        if reference.path not in self.values:
            raise SecretError("secret-not-found", f"no {reference.path}")
        return self.values[reference.path]


def resolver(store: Store, **options: object) -> Resolver:
    return Resolver(Backends({"sops": store}).choose, **options)  # type: ignore[arg-type]


def ref(path: str) -> str:
    return f"ref+sops://{path}"


def test_remembered_for_one_repository_and_commit_for_a_while() -> None:
    now = [0.0]
    store = Store(a="hunter22")
    found = resolver(store, ttl=30.0, clock=lambda: now[0])
    for origin in (HERE, HERE, Origin("other", HERE.commit), Origin("shop", "d" * 40)):
        assert found.values({"x": ref("a"), "y": ref("a")}, origin) == {"x": "hunter22", "y": "hunter22"}
    assert len(store.asked) == 3
    now[0] = 31.0
    store.values["a"] = "rotated!"
    assert found.values({"x": ref("a")}, HERE) == {"x": "rotated!"}


class Away:
    """A store that answers at last."""

    def __init__(self, times: int, *, again: bool = True) -> None:
        self.times = times
        self.again = again

    def value(self, _reference: Reference, _origin: Origin) -> str:
        self.times -= 1
        if self.times >= 0:
            raise SecretError("secret-failed", "the store cannot be reached", again=self.again)
        return "hunter22"


def test_a_store_that_does_not_answer_is_asked_again_after_growing_pauses() -> None:
    pauses: list[float] = []
    found = resolver(Away(3), pause=pauses.append)  # type: ignore[arg-type]
    assert found.values({"x": ref("a")}, HERE) == {"x": "hunter22"}
    assert pauses == [0.2, 1.0, 3.0]
    for away in (Away(4), Away(1, again=False)):
        with pytest.raises(SecretError, match="cannot be reached"):
            resolver(away, pause=lambda _: None).values({"x": ref("a")}, HERE)  # type: ignore[arg-type]
    pauses.clear()
    with pytest.raises(SecretError, match="cannot be reached"):
        resolver(Away(9), pause=pauses.append, limit=0.5).values({"x": ref("a")}, HERE)  # type: ignore[arg-type]
    assert pauses == [0.2], "nobody waits for the others"


def test_a_slow_store_keeps_only_its_own_repository_waiting() -> None:
    gate = threading.Event()

    class Slow(Store):
        def value(self, reference: Reference, origin: Origin) -> str:
            if origin.repository == "slow":
                gate.wait(20)
            return "hunter22"

    found = resolver(Slow(), limit=20.0)
    names = {f"s{n}": ref(f"s{n}") for n in range(40)}
    threads = [threading.Thread(target=found.look, args=(names, Origin("slow", str(n)))) for n in range(4)]
    for thread in threads:
        thread.start()
    assert found.values({"x": ref("a")}, HERE) == {"x": "hunter22"}
    gate.set()
    for thread in threads:
        thread.join()


def test_a_failure_is_not_remembered() -> None:
    store = Store()
    found = resolver(store)
    with pytest.raises(SecretError) as error:
        found.values({"secrets.A.0123": ref("a"), "secrets.B.0123": ref("a")}, HERE)
    assert (error.value.cause, str(error.value)) == ("secret-not-found", "secrets.A, secrets.B: no a")
    store.values["a"] = "hunter22"
    assert found.values({"x": ref("a")}, HERE) == {"x": "hunter22"}


@pytest.mark.parametrize(
    ("value", "cause"),
    [("", "secret-failed"), ("abc", "secret-failed"), ("x" * 2**21, "secret-failed")],
)
def test_what_cannot_be_hidden_or_handed_over(value: str, cause: str) -> None:
    with pytest.raises(SecretError) as error:
        resolver(Store(a=value)).values({"secrets.A.0": ref("a")}, HERE)
    assert error.value.cause == cause
    assert value == "" or value not in str(error.value)


def test_a_message_that_may_hold_the_value_goes_no_further() -> None:
    with pytest.raises(SecretError) as error:
        resolver(Store()).values({"secrets.A.0": ref("broken")}, HERE)
    assert error.value.cause == "secret-failed"
    assert "hunter22" not in str(error.value)


def test_who_is_too_slow_is_not_waited_for() -> None:
    go = threading.Event()

    class Slow(Store):
        def value(self, reference: Reference, origin: Origin) -> str:
            go.wait(30)
            return super().value(reference, origin)

    with pytest.raises(SecretError, match=r"no answer within 0\.05 seconds") as error:
        resolver(Slow(a="hunter22"), limit=0.05).values({"secrets.A.0": ref("a")}, HERE)
    go.set()
    assert error.value.cause == "secret-failed"


@pytest.mark.parametrize(
    ("text", "cause"),
    [("", "secret-not-found"), ("of-a-library", "secret-denied"), ("ref+exec://sh/-c/id", "secret-denied")],
)
def test_what_no_provider_is_asked(text: str, cause: str) -> None:
    store = Store()
    assert resolver(store).look({"x": text}, HERE)["x"].cause == cause  # type: ignore[union-attr]
    assert store.asked == []


def test_a_reference_is_taken_apart() -> None:
    found = parse_reference("ref+sops://a%20b/c.yaml?format=json#/db/pass~1word/0")
    assert (found.backend, found.path, found.params) == ("sops", "a b/c.yaml", {"format": "json"})
    assert found.keys == ("db", "pass/word", "0")
