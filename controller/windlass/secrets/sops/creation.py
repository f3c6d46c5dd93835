"""For whom a file is to be encrypted, and what of it: the creation rules of `.sops.yaml`.

In: the path of a file. Out: a Rule, the first of the nearest `.sops.yaml` whose `path_regex` fits, as sops finds it.
Only age keys are written for: a rule that also wants KMS, PGP, Vault, Azure or Google is refused, and sops named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import UsageError
from windlass.secrets.sops.metadata import COMMENT_RULES, DEFAULT_SUFFIX, RULES
from windlass.secrets.sops.yaml_tree import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (".sops.yaml", ".sops.yml")
_OTHERS = ("kms", "pgp", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri", "hc_vault", "merge")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """`groups`: the recipients of each key group; one group needs no threshold."""

    groups: tuple[tuple[str, ...], ...]
    threshold: int = 1
    rule: str = "unencrypted_suffix"
    pattern: str = DEFAULT_SUFFIX
    mac_only_encrypted: bool = False


def rule_for(file: Path) -> Rule:
    """Raises UsageError when there is no rule, or one that cannot be followed here."""
    path = file.absolute()
    config = next((folder / name for folder in path.parents for name in NAMES if (folder / name).is_file()), None)
    if config is None:
        raise UsageError(f"no {NAMES[0]} says for whom {file} is encrypted", "write one, or give --age RECIPIENT")
    relative = path.relative_to(config.parent).as_posix()
    for number, written in enumerate(_rules(config)):
        if _fits(written, relative, f"{config}, rule {number + 1}"):
            return _rule(written, f"{config}, rule {number + 1}")
    raise UsageError(f"{config} has no creation rule for {relative}", "add one, or give --age RECIPIENT")


def _rules(config: Path) -> list[dict[str, Any]]:
    try:
        documents = read_yaml(config.read_bytes(), _DEEPEST)
    except (OSError, ValueError) as error:
        raise UsageError(f"{config} cannot be used: {error}") from error
    found = documents[0].get("creation_rules") if documents and isinstance(documents[0], dict) else None
    rules = found if isinstance(found, list) else []
    return [one for one in rules if isinstance(one, dict)]


def _fits(written: dict[str, Any], path: str, place: str) -> bool:
    pattern = written.get("path_regex")
    try:
        return not pattern or re.search(str(pattern), path) is not None
    except re.error as error:
        raise UsageError(f"{place}: its path_regex is none: {error}") from error


def _rule(written: dict[str, Any], place: str) -> Rule:
    groups = written.get("key_groups") or [written]
    found = tuple(_recipients(one, place) for one in groups if isinstance(one, dict))
    if any(written.get(name) for name in COMMENT_RULES):
        raise UsageError(f"{place} chooses by comments what is encrypted", "use encrypted_regex, or sops itself")
    rules = [name for name in RULES if written.get(name)]
    if len(rules) > 1:
        raise UsageError(f"{place} has several rules for what is encrypted: {', '.join(rules)}")
    rule = rules[0] if rules else "unencrypted_suffix"
    return Rule(
        groups=found,
        threshold=_threshold(written.get("shamir_threshold"), len(found), place),
        rule=rule,
        pattern=str(written[rule]) if rules else DEFAULT_SUFFIX,
        mac_only_encrypted=written.get("mac_only_encrypted") is True,
    )


def _threshold(written: Any, groups: int, place: str) -> int:
    threshold = written or groups
    least = min(groups, 2)
    if not isinstance(threshold, int) or not least <= threshold <= groups:
        raise UsageError(f"{place}: shamir_threshold is a number from {least} to {groups}")
    return threshold


def _recipients(written: dict[str, Any], place: str) -> tuple[str, ...]:
    others = [name for name in _OTHERS if written.get(name)]
    if others:
        raise UsageError(f"{place} is for {', '.join(others)} too, and only age is written here", "use sops encrypt")
    found = split(written.get("age"))
    if not found:
        raise UsageError(f"{place} names no age recipient")
    return found


def split(written: Any) -> tuple[str, ...]:
    """Recipients: a list, or a text with commas."""
    texts = written if isinstance(written, list) else [written or ""]
    return tuple(one.strip() for text in texts for one in str(text).split(",") if one.strip())
