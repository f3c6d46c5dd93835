"""An image in a registry that wants a password, and not on the node of the cluster."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.registry import Registry


@contextmanager
def private_image(registry: Registry, socket: Path, image: str) -> Iterator[str]:
    """The name of `image`, which the containerd of that socket has, in the registry."""

    def ctr(*words: str) -> None:
        command = ["ctr", "--address", str(socket), "--namespace", "k8s.io", "images", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr

    name = f"{registry.host}/team/tool:1"
    ctr("tag", image, name)
    with tempfile.TemporaryDirectory(prefix="windlass-hosts-") as hosts:  # on a command line everybody could read it
        (Path(hosts) / registry.host).mkdir()
        login = f'[host."http://{registry.host}".header]\nauthorization = "Basic {registry.basic}"\n'
        (Path(hosts) / registry.host / "hosts.toml").write_text(login)
        ctr("push", "--hosts-dir", hosts, name)
    ctr("rm", name)
    yield name
    ctr("rm", name)
