"""Deliveries without HTTP: what is remembered, which workflow answers, and what a form is."""

from __future__ import annotations

import pytest

from windlass.clock import VirtualClock
from windlass.errors import InputError, NotFoundError
from windlass.executors.held import HeldExecutor
from windlass.reconcile.admission import Admission
from windlass.reconcile.catalog import Catalog, LiveWorkflow, pack
from windlass.reconcile.engine import Engine
from windlass.reconcile.hooks import REMEMBERED, Hooks
from windlass.reconcile.posted_form import posted_fields
from windlass.store.ledger import Ledger
from windlass.triggers.payload import parse_body
from windlass.triggers.webhook import HookRequest, NoKeyError, VerificationError

FORM = ("content-type", "application/x-www-form-urlencoded")


def live(name, *hooks, inputs=None):
    document = {
        "apiVersion": "windlass.dev/v1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "inputs": inputs or {},
        "triggers": {"webhook": list(hooks)},
        "steps": {"build": {"run": "make"}},
    }
    return LiveWorkflow("shop", name, f"workflows/{name}.yaml", "c" * 40, None, pack(document), b"", pack(""), "d")


def hook(name="open", scheme="hmac-sha256", **more):
    verify = {"scheme": scheme} if scheme == "none" else {"scheme": scheme, "secret": "KEY", "idHeader": "X-Id"}
    return {"name": name, "verify": verify, **more}


def request(body=b"{}", *headers):
    return HookRequest("POST", headers, {}, body)


def signed(body=b"{}", key=b"a good key", **headers):
    import hashlib
    import hmac

    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return request(body, ("X-Signature-256", digest), *named)


@pytest.fixture
def world(tmp_path):
    """Hooks over a real ledger; the catalog is filled by the test."""

    class World:
        clock, catalog = VirtualClock(), Catalog()
        ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")

        def __init__(self):
            self.ledger.writer.take_over("test", self.clock.now())
            executors = {}
            self.engine = Engine(self.ledger.writer, executors, self.clock)
            executors["local"] = HeldExecutor(self.engine.observe, clock=self.clock)
            admission = Admission(self.ledger.writer, self.engine, self.clock, "local")
            keys = {"KEY": [b"a good key"]}
            self.hooks = Hooks(
                self.catalog, admission, self.engine, self.ledger.writer, self.clock, keys, open_server=True
            )

        def runs(self):
            from windlass.store.filters import RunFilter

            return [head.id for head in self.ledger.reads.list_runs(RunFilter()).items]

    made = World()
    yield made
    made.ledger.close()


def test_a_delivery_is_remembered_for_a_week(world):
    world.catalog.replace("shop", [live("deploy", hook())])
    first = world.hooks.deliver("shop", "open", signed(X_Id="7"))
    assert first.fresh
    world.clock.advance(REMEMBERED - 1)
    again = world.hooks.deliver("shop", "open", signed(X_Id="7"))
    assert (again.fresh, again.runs) == (False, first.runs)
    world.clock.advance(2)
    assert world.hooks.deliver("shop", "open", signed(X_Id="7")).fresh
    assert len(world.runs()) == 2


def test_ids_are_remembered_for_each_hook_by_itself(world):
    world.catalog.replace("shop", [live("deploy", hook(), hook("other"))])
    assert world.hooks.deliver("shop", "open", signed(X_Id="7")).fresh
    assert world.hooks.deliver("shop", "other", signed(X_Id="7")).fresh
    assert len(world.runs()) == 2


def test_a_delivery_that_is_refused_is_not_remembered(world):
    world.catalog.replace("shop", [live("deploy", hook())])
    with pytest.raises(VerificationError):
        world.hooks.deliver("shop", "open", signed(key=b"another key", X_Id="7"))
    assert world.hooks.deliver("shop", "open", signed(X_Id="7")).fresh


def test_a_key_that_the_server_does_not_have_opens_nothing(world):
    unknown = hook() | {"verify": {"scheme": "token", "secret": "UNKNOWN"}}
    world.catalog.replace("shop", [live("deploy", unknown)])
    with pytest.raises(NoKeyError):
        world.hooks.deliver("shop", "open", request(b"{}", ("Authorization", "Bearer ")))


def test_one_workflow_that_refuses_does_not_stop_another(world):
    no = hook(scheme="none", respond={"wait": "1s"}) | {"if": False}
    yes = hook(scheme="none", respond={"wait": "2s"})
    world.catalog.replace("shop", [live("a", no), live("b", yes)])
    answer = world.hooks.deliver("shop", "open", request())
    assert [name for _, name in answer.runs] == ["b"]
    assert answer.respond == {"wait": 2000}
    assert answer.reason is None
    assert [firing.reason for firing in world.ledger.reads.firings("shop", "a")] == ["a: its `if` is false"]


def test_inputs_that_fit_one_workflow_only_start_none(world):
    given = hook(scheme="none", inputs={"n": "${{ event.body.n }}"})
    world.catalog.replace(
        "shop",
        [live("a", given, inputs={"n": {"type": "integer"}}), live("b", given, inputs={"n": {"type": "string"}})],
    )
    with pytest.raises(InputError) as refused:
        world.hooks.deliver("shop", "open", request(b'{"n": 1}', ("content-type", "application/json")))
    assert [p.pointer for p in refused.value.problems] == [""]
    assert world.runs() == []


def test_the_form_of_a_shared_hook_asks_for_everything(world):
    world.catalog.replace(
        "shop",
        [
            live("a", hook(scheme="none"), inputs={"x": {"type": "integer"}}),
            live("b", hook(scheme="none"), inputs={"y": {"type": "integer"}}),
        ],
    )
    _, schema = world.hooks.form("shop", "open")
    assert schema["properties"].keys() == {"x", "y"}
    answer = world.hooks.deliver("shop", "open", request(b"x=1&y=2", FORM))
    inputs = {head.workflow: head.inputs for head in map(world.ledger.reads.run, (run for run, _ in answer.runs))}
    assert inputs == {"a": {"x": 1}, "b": {"y": 2}}


def test_only_a_hook_that_asks_has_a_form(world):
    world.catalog.replace(
        "shop", [live("a", hook(scheme="none")), live("b", hook("signed"), inputs={"x": {"type": "integer"}})]
    )
    for name in ("open", "signed", "nothing"):
        with pytest.raises(NotFoundError):
            world.hooks.form("shop", name)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b'{"a": 1}', None),
        (b'{"a": "' + b"&" * 2000 + b'"}', None),
        (b"[1]", None),
        (b"7", None),
        (b"payload=%7B%22a%22%3A1%7D", None),
    ],
)
def test_a_form_is_told_apart_from_what_only_says_so(body, fields):
    sent = request(body, FORM)
    assert posted_fields(sent, parse_body(FORM[1], body)) == fields
    assert posted_fields(request(body), {}) is None
