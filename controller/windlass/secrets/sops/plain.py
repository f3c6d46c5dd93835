"""A plain file that is to be encrypted, read as sops reads it.

In: its bytes and format. Out: one document, and whether it has comments, which are not written again. Raises
SecretError for what is no such file, is encrypted already, or has several documents.
"""

from __future__ import annotations

import re
from typing import Any

from windlass.errors import SecretError
from windlass.secrets.sops.trees import METADATA, read_documents

_COMMENT = {"yaml": re.compile(rb"(^|\s)#", re.MULTILINE), "dotenv": re.compile(rb"^#", re.MULTILINE)}


def read_plain(data: bytes, format_: str) -> tuple[dict[str, Any], bool]:
    if format_ == "binary":
        return {"data": data.decode("utf-8", "surrogateescape")}, False
    documents = read_documents(data, format_)
    if len(documents) != 1 or not documents[0]:
        raise SecretError("secret-failed", "it has to be one document with something in it")
    if METADATA in documents[0]:
        raise SecretError("secret-failed", f"it has a key {METADATA}: it is encrypted already")
    if format_ == "dotenv":
        return documents[0], bool(_COMMENT["dotenv"].search(data))
    return documents[0], format_ == "yaml" and bool(_COMMENT["yaml"].search(data))
