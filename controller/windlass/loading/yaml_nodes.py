"""What the stages of reading YAML call its nodes."""

from __future__ import annotations

from typing import Any

Node = Any  # a node of PyYAML: its stubs know neither styles nor the C composer
MERGE = "<<"  # the key whose value is laid under the mapping that it stands in
