"""`windlass secrets set|list|rm|rotate`: the own store of a server, or of this machine when none runs here.

In: names, whose; the value by a file, standard input or a hidden question, never as an argument, which everybody on
the machine could read. Out: what is kept, without values. Without a server the ledger of the data folder is changed
directly, under the lock that a server would have.
"""

from __future__ import annotations

import getpass
import sys
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from windlass.cli.client import Client, server_url
from windlass.cli.data_folder import data_folder
from windlass.cli.table import show
from windlass.cli.work_tree import find_root, repository_name
from windlass.errors import InputError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from windlass.reconcile.own_secrets import OwnSecrets, Place

LARGEST = 64 * 1024 * 4  # bytes of a value
COLUMNS = ("kind", "owner", "environment", "name", "version", "updatedAt", "updatedBy")
PLURAL = {"tenant": "tenants", "repository": "repositories", "user": "users"}
LOCAL = {"kind": "user", "name": "local"}  # whoever works on this machine


class Store(Protocol):
    def put(self, place: Place, value: str) -> dict[str, Any]: ...

    def remove(self, place: Place) -> None: ...

    def all(self) -> list[dict[str, Any]]: ...

    def rotate(self) -> dict[str, Any]: ...


def put(arguments: argparse.Namespace) -> int:
    place = _place(arguments)
    value = _value(arguments)
    with _store(arguments) as store:
        try:
            kept = store.put(place, value)
        except InputError as error:
            raise UsageError("; ".join(problem.message for problem in error.problems)) from error
    print(f"{place.shown} is kept, version {kept['version']}: {_reference(place)}")
    return 0


def remove(arguments: argparse.Namespace) -> int:
    place = _place(arguments)
    with _store(arguments) as store:
        store.remove(place)
    print(f"{place.shown} is gone")
    return 0


def list_all(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        rows = store.all()
    show(rows, rows, {column.upper(): itemgetter(column) for column in COLUMNS}, arguments.output)
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        told = store.rotate()
    unused = f"; needed no more: {', '.join(told['unused'])}" if told["unused"] else ""
    print(f"{told['sealed']} sealed anew, by key {told['key']}{unused}")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "set": put,
    "rm": remove,
    "list": list_all,
    "rotate": rotate,
}


def _place(arguments: argparse.Namespace) -> Place:
    from windlass.reconcile.own_secrets import Place

    if not arguments.name:
        raise UsageError(f"windlass secrets {arguments.what} needs a NAME")
    if arguments.user:
        kind, owner = "user", _me(arguments)
    elif arguments.tenant is not None:
        kind, owner = "tenant", arguments.tenant
    else:
        kind, owner = "repository", arguments.repository or _repository()
    return Place(kind, owner, arguments.name, arguments.environment)


def _repository() -> str:
    try:
        return repository_name(find_root(Path()))
    except UsageError as error:
        raise UsageError("say whose secret it is: --repository NAME, --tenant NAME or --user") from error


def _me(arguments: argparse.Namespace) -> str:
    return "local" if server_url(arguments) is None else "me"


def _reference(place: Place) -> str:
    return f"ref+windlass://{'user/' if place.kind == 'user' else ''}{place.name}"


def _value(arguments: argparse.Namespace) -> str:
    """Without the newline at its end. Raises UsageError, which never repeats it."""
    if arguments.file is not None:
        try:
            with Path(arguments.file).open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise UsageError(f"--file {arguments.file} cannot be read: {error.strerror}") from error
    elif sys.stdin.isatty():
        data = getpass.getpass(f"{arguments.name}: ").encode()
    else:
        data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(f"the value is larger than {LARGEST} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UsageError("the value is no text: keep it as base64") from None
    return text.removesuffix("\n").removesuffix("\r")


@contextmanager
def _store(arguments: argparse.Namespace) -> Iterator[Store]:
    """That of the server which is named or runs here, else that of the data folder."""
    if server_url(arguments) is not None:
        yield _OfServer(Client.of(arguments))
        return
    from windlass.clock import SystemClock
    from windlass.data_lock import DataLock
    from windlass.reconcile.own_secrets import OwnSecrets, StoreKeys
    from windlass.store.ledger import Ledger

    folder = data_folder(arguments.data)
    with DataLock(folder), Ledger.open(f"sqlite:///{folder}/ledger.db") as ledger:
        clock = SystemClock()
        ledger.writer.take_over("windlass secrets", clock.now())
        yield _OfMachine(OwnSecrets(ledger.reads, ledger.writer, clock, StoreKeys((), folder)))


class _OfMachine:
    def __init__(self, own: OwnSecrets) -> None:
        self._own = own

    def put(self, place: Place, value: str) -> dict[str, Any]:
        return self._own.put(place, value, LOCAL)

    def remove(self, place: Place) -> None:
        self._own.remove(place, LOCAL)

    def all(self) -> list[dict[str, Any]]:
        return self._own.all()

    def rotate(self) -> dict[str, Any]:
        return self._own.rotate(LOCAL)


class _OfServer:
    def __init__(self, client: Client) -> None:
        self._client = client

    def put(self, place: Place, value: str) -> dict[str, Any]:
        return dict(self._client.put(_path(place), {"value": value}, _query(place)))

    def remove(self, place: Place) -> None:
        self._client.delete(_path(place), _query(place))

    def all(self) -> list[dict[str, Any]]:
        return list(self._client.items("/secrets"))

    def rotate(self) -> dict[str, Any]:
        return dict(self._client.post("/secrets/rotate"))


def _path(place: Place) -> str:
    return "/secrets/" + "/".join(quote(part, safe="") for part in (PLURAL[place.kind], place.owner, place.name))


def _query(place: Place) -> dict[str, str] | None:
    return {"environment": place.environment} if place.environment else None
