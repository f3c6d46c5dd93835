"""Where a user's age keys are found: in all places of sops, and a command only where its user runs ours."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.canary import keeps
from tests.sops import new_key

from windlass.errors import SecretError
from windlass.secrets.age_keys import keys_of_user

if TYPE_CHECKING:
    from pathlib import Path


def ssh_key(path: Path, passphrase: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True)


def test_every_place_counts(tmp_path: Path) -> None:
    plain, file, usual, said = (new_key() for _ in range(4))
    keeps(tmp_path / "file").write_text(f"# one\n{file.secret}\n")
    (tmp_path / ".config/sops/age").mkdir(parents=True)
    keeps(tmp_path / ".config/sops/age/keys.txt").write_text(usual.secret)
    keeps(tmp_path / "said").write_text(said.secret)
    ssh_key(tmp_path / "given")
    ssh_key(tmp_path / ".ssh/id_ed25519")
    environment = {
        "HOME": str(tmp_path), "SOPS_AGE_KEY": plain.secret, "SOPS_AGE_KEY_FILE": str(tmp_path / "file"),
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "given"), "SOPS_AGE_KEY_CMD": f"cat '{tmp_path}/said'",
    }  # fmt: skip
    names = [key.name for key in keys_of_user(environment, commands=True)]
    given, own = "the ssh key of SOPS_AGE_SSH_PRIVATE_KEY_FILE", "the ssh key of ~/.ssh/id_ed25519"
    assert names == [plain.recipient, file.recipient, given, said.recipient, usual.recipient, own]
    assert [key.name for key in keys_of_user(environment)] == [name for name in names if name != said.recipient]


def test_a_command_that_gives_none(tmp_path: Path) -> None:
    for command in ("false", "/nonexistent", "echo 'unclosed", "echo hunter22"):
        environment = {"SOPS_AGE_KEY_CMD": command}
        with pytest.raises(SecretError, match="SOPS_AGE_KEY_CMD") as error:
            keys_of_user(environment, commands=True)
        assert "hunter22" not in str(error.value)


def test_an_ssh_key_with_a_passphrase_is_passed_over(tmp_path: Path) -> None:
    ssh_key(tmp_path / ".ssh/id_ed25519", "a passphrase")
    assert keys_of_user({"HOME": str(tmp_path)}) == []
