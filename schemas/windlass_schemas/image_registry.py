"""Credentials of a registry of images, as windlass.yaml names them (`registries`).

In: a mapping of one registry. Out: a `Registry`; its password is a reference, never a value.
"""

from typing import Annotated

from pydantic import Field

from windlass_schemas.names import name_type
from windlass_schemas.secret_reference import SecretReference
from windlass_schemas.written import Text, Written

HOST_PATTERN = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$"

RegistryHost = Annotated[
    str,
    name_type(
        HOST_PATTERN,
        "invalid-name",
        "a registry is a host as images name it, with its port if they do: ghcr.io, docker.io, host.example.com:5000",
        "The host of a registry, as images name it; Docker Hub is docker.io.",
    ),
]


class Registry(Written):
    """Who pulls from a registry."""

    username: Text = Field(min_length=1, description="The user, or what the registry wants in its place.")
    password: SecretReference = Field(description="A reference to the password or token.")
