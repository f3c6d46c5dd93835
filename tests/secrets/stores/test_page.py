"""docs/secret-stores.md says what is so: its server files load, its commands make what Windlass then reads."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.openbao import PROGRAM, ROOT

from windlass.loading.server_file import read_server_file, stores_of
from windlass_schemas.secret_reference import BACKENDS, read_reference
from windlass_schemas.secret_stores import NEEDS

if TYPE_CHECKING:
    from tests.openbao import OpenBao
    from tests.secrets.stores.conftest import Stores

PAGE = (Path(__file__).resolve().parents[3] / "docs/secret-stores.md").read_text()
FILES = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "stores:" in block]


@pytest.mark.parametrize("text", FILES, ids=lambda text: re.search(r"backend: (\w+)", text)[1])
def test_server_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "windlass-server.yaml").write_text(text)
    assert len(stores_of(read_server_file(tmp_path / "windlass-server.yaml"))) == 1


def test_every_backend_and_every_setting_is_told() -> None:
    for backend in BACKENDS:
        assert f"`ref+{backend}://`" in PAGE, backend
    for backend, needs in NEEDS.items():
        for name in (*needs.options, *needs.credentials):
            assert name in PAGE or name == "sessionToken", (backend, name)


def test_references_have_the_form_of_references() -> None:
    found = re.findall(r"ref\+[a-z0-9]+://[^\s`,]+", PAGE)
    assert len(found) > 7
    for reference in found:
        read_reference(reference)


def test_the_commands_for_vault(tmp_path: Path, bao: OpenBao, stores: Stores) -> None:
    commands = next(block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "approle" in block)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/bao").symlink_to(PROGRAM)
    (tmp_path / "ca.pem").write_text(bao.ca)
    env = {
        "PATH": f"{tmp_path}/bin:{os.defpath}", "HOME": str(tmp_path), "BAO_ADDR": bao.url, "BAO_TOKEN": ROOT,
        "BAO_CACERT": str(tmp_path / "ca.pem"),
    }  # fmt: skip
    # Another test may have it on already.
    commands = commands.replace("bao auth enable approle", "bao auth enable approle || true")
    done = subprocess.run(
        ["sh", "-e"], input=commands, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    role, secret = ((tmp_path / name).read_text() for name in ("role-id", "secret-id"))
    store = stores.store("vault", bao.url, {"auth": "approle", "roleId": role}, secretId=secret, ca=bao.ca)
    assert stores.asked(store).value("ref+vault://secret/shop#/password") == "correct-horse"
