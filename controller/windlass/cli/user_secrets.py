"""Secrets on a laptop: files of the work tree as it is, opened with the user's own keys; the own store of this machine.

In: the repository's root, the data folder. Out: a Resolver for it. The own store is the ledger of the data folder, the
same that `windlass up` would use there; a ledger that is not there is not made for a look into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.cli.data_folder import data_folder
from windlass.cli.user_stores import not_set_up, user_stores
from windlass.cli.work_tree import repository_name
from windlass.secrets.age_keys import keys_of_user
from windlass.secrets.base import Origin
from windlass.secrets.key_ring import OwnFile
from windlass.secrets.own import OwnProvider
from windlass.secrets.registry import make_resolver
from windlass.secrets.sops.keepers import UserKeeper
from windlass.secrets.sops.provider import SopsProvider
from windlass.sources.one_file import file_of_work_tree

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.secrets.base import Provider
    from windlass.secrets.resolver import Resolver
    from windlass.store.values import OwnSecretRow

LEDGER = "ledger.db"


def user_resolver(root: Path, data: str | None = None) -> Resolver:
    folder = data_folder(data)
    sops = SopsProvider(
        lambda _origin, path, most: file_of_work_tree(root, path, most),
        lambda *_: keys_of_user(commands=True),
        lambda *_: (UserKeeper(),),
    )

    def find(owner: str, environment: str, name: str) -> OwnSecretRow | None:
        from windlass.store.ledger import Ledger

        if not (folder / LEDGER).exists():
            return None
        with Ledger.open(f"sqlite:///{folder / LEDGER}") as ledger:
            return ledger.reads.own_secret(owner, environment, name)

    stores = user_stores(repository_name(root))
    own: dict[str, Provider] = {"sops": sops, "windlass": OwnProvider(find, OwnFile(folder).ring)}
    return make_resolver({**not_set_up(stores), **own}, stores)


def user_origin(repository: str, environment: str | None) -> Origin:
    """Whoever works on this machine is one person."""
    return Origin(repository, None, environment=environment, person="local")
