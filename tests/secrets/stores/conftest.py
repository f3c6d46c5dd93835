"""What the tests of stores share: servers, and stores as a server file would have them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps
from tests.openbao import OpenBao, running

from windlass.errors import SecretError
from windlass.secrets.base import Origin
from windlass.secrets.registry import make_resolver
from windlass.settings import SecretGrant, SecretSource, SecretStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

HERE = Origin("shop", "c" * 40, tenant="retail")
EVERYTHING = (SecretGrant(("*",), repositories=("shop",)),)


class Stores:
    """Makes stores whose credentials are files, and asks them as a run of repository `shop` would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def store(
        self,
        backend: str,
        address: str | None = None,
        options: Mapping[str, str] | None = None,
        **credentials: str,
    ) -> SecretStore:
        sources = {}
        for name, value in credentials.items():
            file = self._folder / f"{next(self._numbers)}-{name}"
            keeps(file).write_text(value + "\n")
            sources[name] = SecretSource(file=file)
        return SecretStore("team", backend, address, options or {}, sources, allow=EVERYTHING)

    def asked(self, store: SecretStore, **options: Origin) -> Asked:
        return Asked(store, **options)


class Asked:
    def __init__(self, store: SecretStore, origin: Origin = HERE) -> None:
        self.store = store
        self._origin = origin
        self._resolver = make_resolver({}, (store,))

    def value(self, text: str) -> str:
        self._resolver.forget()
        return self._resolver.values({"x": text}, self._origin)["x"]

    def refusal(self, text: str) -> tuple[str, str]:
        """(cause, message)"""
        with pytest.raises(SecretError) as error:
            self.value(text)
        return error.value.cause, str(error.value)

    def cause(self, text: str) -> str:
        return self.refusal(text)[0]


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)


@pytest.fixture(scope="session")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    yield from running(tmp_path_factory.mktemp("openbao"))


@pytest.fixture
def vault(bao: OpenBao, stores: Stores) -> Callable[..., Asked]:
    """A store of the server; without other credentials, one with a token that may read what the tests write."""

    def made(options: Mapping[str, str] | None = None, backend: str = "vault", **credentials: str) -> Asked:
        given = credentials or {"token": bao.token(READ_ALL)}
        return stores.asked(stores.store(backend, bao.url, options, **{"ca": bao.ca, **given}))

    return made


READ_ALL = """
path "kv/*" { capabilities = ["read"] }
path "secret/data/*" { capabilities = ["read"] }
"""
