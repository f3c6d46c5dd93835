"""Secrets on a laptop: files of the work tree as it is, opened with the user's own keys.

In: the repository's root. Out: a Resolver for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.secrets.age_keys import keys_of_user
from windlass.secrets.registry import make_resolver
from windlass.secrets.sops.provider import SopsProvider
from windlass.sources.one_file import file_of_work_tree

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.secrets.resolver import Resolver


def user_resolver(root: Path) -> Resolver:
    sops = SopsProvider(lambda _origin, path, most: file_of_work_tree(root, path, most), lambda *_: keys_of_user())
    return make_resolver({"sops": sops})
