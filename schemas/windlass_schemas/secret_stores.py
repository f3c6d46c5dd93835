"""`secrets` of the server file: keys of webhooks, and the stores that repositories may take secrets from.

In: the mapping of the file. Out: a `ServerSecrets`. What a store needs is said here by its backend; which repository
may read what in it stands below `allow`, and whatever does not stand there is refused. Nothing of this is ever read
from a repository.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.names import Label, PlainName, SecretName
from windlass_schemas.written import Later, Maybe, Parsed, Text, Written

Backend = Literal["sops", "vault", "openbao", "awssecrets", "awsssm", "gcpsecrets", "azurekeyvault", "k8s"]
ADDRESS_PATTERN = (
    r"^(https://[^\s/?#@]+(/[^\s?#]*)?|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?(/[^\s?#]*)?)$"
)
PATH_PATTERN = r"^(\*|[^\s*?#\\]+\*?)$"


@dataclass(frozen=True, slots=True)
class Needs:
    """What stores of a backend have: `address` is whether they can or must have one."""

    credentials: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()  # options among them that there must be
    address: Literal["no", "may", "must"] = "may"
    age: bool = False
    recipients: bool = False


_VAULT = Needs(
    ("token", "secretId", "jwt", "ca"),
    ("namespace", "auth", "authPath", "roleId", "role"),
    address="must",
)
NEEDS: dict[str, Needs] = {
    "sops": Needs(
        (
            "accessKeyId",
            "secretAccessKey",
            "sessionToken",
            "pgp",
            "vaultToken",
            "vaultCa",
            "serviceAccount",
            "clientSecret",
        ),
        ("identity", "awsEndpoint", "tenantId", "clientId"),
        address="no",
        age=True,
        recipients=True,
    ),
    "vault": _VAULT,
    "openbao": _VAULT,
    "awssecrets": Needs(("accessKeyId", "secretAccessKey", "sessionToken"), ("region", "role"), ("region",)),
    "awsssm": Needs(("accessKeyId", "secretAccessKey", "sessionToken"), ("region", "role"), ("region",)),
    "gcpsecrets": Needs(("serviceAccount", "ca"), ("project",)),
    "azurekeyvault": Needs(("clientSecret", "ca"), ("tenantId", "clientId", "authority"), address="must"),
    "k8s": Needs(("token", "kubeconfig", "ca"), ("namespace", "context")),
}


def read_address(value: Any) -> str:
    """Where a store is. Raises `secret-address`: credentials never travel in the clear to another machine."""
    if isinstance(value, str) and len(value) < 1000 and re.fullmatch(ADDRESS_PATTERN, value):
        return value.rstrip("/")
    message = "the address of a store is https://HOST[:PORT][/PREFIX]; http only for this machine, such as 127.0.0.1"
    raise PydanticCustomError("secret-address", message)


def read_prefix(value: Any) -> str:
    """A path of a store. Raises `secret-path`."""
    if isinstance(value, str) and len(value) < 1000 and re.fullmatch(PATH_PATTERN, value):
        parts = value.removesuffix("*").strip("/").split("/")
        if value == "*" or (not {".", ".."} & set(parts) and all(parts)):
            return value
    message = (
        "a path is a beginning in whole parts (team/shop), or in letters with a * at its end (team/shop-*); * is all"
    )
    raise PydanticCustomError("secret-path", message)


Address = Annotated[str, Parsed(read_address, {"type": "string", "pattern": ADDRESS_PATTERN})]
Prefix = Annotated[str, Parsed(read_prefix, {"type": "string", "pattern": PATH_PATTERN})]


class SecretFrom(Written):
    """Where a value comes from: exactly one of an environment variable and a file."""

    env: Maybe[Text] = Field(default=None, min_length=1, description="An environment variable of the server.")
    file: Maybe[Text] = Field(default=None, min_length=1, description="A file; its last newline does not count.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise PydanticCustomError("secret-source", "a secret comes from exactly one of env and file")
        return self


class ServerSecretGrant(Written):
    """Who may read what in a store: all that is written here has to fit."""

    tenants: tuple[Label, ...] = Field(default=(), description="Tenants, each with all of its repositories.")
    repositories: tuple[Label, ...] = Field(default=(), description="Repositories.")
    environments: tuple[PlainName, ...] = Field(
        default=(),
        description="Only runs in one of these environments, whose protection then guards it; all runs when empty.",
    )
    paths: tuple[Prefix, ...] = Field(
        min_length=1,
        description="Beginnings of paths in whole parts, or in letters with a `*` at the end; `*` is all. `{tenant}` "
        "and `{repository}` are those of the run.",
        examples=[["secret/data/{repository}", "secret/data/shared"]],
    )

    @model_validator(mode="after")
    def _has_somebody(self) -> Self:
        if not self.tenants and not self.repositories:
            raise PydanticCustomError("secret-grant", "say for whom: tenants, repositories, or both")
        return self


class ServerSecretStore(Written):
    """A store, the credentials that it alone is sent, and who may read what in it."""

    name: Label = Field(description="Its name, in messages and for `?store=NAME` of a reference.")
    backend: Backend = Field(description="What it is: the word after `ref+`.")
    address: Maybe[Address] = Field(
        default=None,
        description="Where it is; no reference leads anywhere else.",
        examples=["https://vault.example.com"],
    )
    options: dict[PlainName, Text] = Field(
        default_factory=dict, description="What its backend wants to know.", examples=[{"region": "eu-central-1"}]
    )
    credentials: dict[PlainName, Later[SecretFrom]] = Field(
        default_factory=dict,
        description="What it is opened with; without any, the identity of the machine.",
        examples=[{"token": {"file": "/run/secrets/vault-token"}}],
    )
    age: tuple[Later[SecretFrom], ...] = Field(default=(), description="Of backend sops: age keys.")
    recipients: tuple[Text, ...] = Field(
        default=(),
        description="Of backend sops: the keys of KMS, PGP, Vault, Azure and Google that a file may be encrypted for.",
    )
    allow: tuple[Later[ServerSecretGrant], ...] = Field(min_length=1, description="Who may read what in it.")

    @model_validator(mode="after")
    def _fits_its_backend(self) -> Self:
        needs = NEEDS[self.backend]
        for kind, given, known in (
            ("credentials", self.credentials, needs.credentials),
            ("options", self.options, needs.options),
        ):
            for name in given:
                if name not in known:
                    raise _misfit(self.backend, f"{kind} {name}", known, (kind, name))
        missing = [name for name in needs.required if name not in self.options]
        if missing:
            raise _refused(f"a store of backend {self.backend} needs options: {', '.join(missing)}")
        if needs.address == "must" and self.address is None:
            raise _refused(f"a store of backend {self.backend} needs address: where it is")
        for kind, there, can in (
            ("address", self.address is not None, needs.address != "no"),
            ("age", bool(self.age), needs.age),
            ("recipients", bool(self.recipients), needs.recipients),
        ):
            if there and not can:
                raise _misfit(self.backend, kind, (), (kind,))
        return self


def _misfit(backend: str, what: str, known: tuple[str, ...], at: tuple[str, ...]) -> PydanticCustomError:
    there = f" (it has {', '.join(known)})" if known else ""
    return _refused(f"a store of backend {backend} has no {what}{there}", at)


def _refused(message: str, at: tuple[str, ...] = ()) -> PydanticCustomError:
    return PydanticCustomError("secret-store", "{told}", {"told": message, "at": at})


class ServerOwnStore(Written):
    """The server's own store: what `windlass secrets set` keeps, and `ref+windlass://NAME` gives."""

    keys: tuple[Later[SecretFrom], ...] = Field(
        default=(),
        description="Texts with a key a line, base64 of 32 bytes: the first seals, all of them open. A file of the "
        "data folder when empty.",
        examples=[[{"file": "/run/secrets/windlass-store"}]],
    )
    manage: Maybe[tuple[Text, ...]] = Field(
        default=None,
        description="Who may set and remove what belongs to tenants and repositories: names and `group:NAME`; "
        "everybody who may use the API when absent.",
        examples=[["group:ops"]],
    )


class ServerSecrets(Written):
    """Keys of webhooks by name, and beside them the stores."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[SecretName, Later[SecretFrom]]

    stores: tuple[Later[ServerSecretStore], ...] = Field(
        default=(), description="What references of windlass.yaml may be resolved from, and by whom."
    )

    own: Maybe[Later[ServerOwnStore]] = Field(default=None, description="The server's own store.")

    def keys(self) -> dict[str, SecretFrom]:
        """The keys that webhooks are verified with."""
        return dict(self.__pydantic_extra__ or {})
