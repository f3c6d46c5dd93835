"""windlass.yaml: what holds for a whole repository (language page, "windlass.yaml")."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from windlass_schemas.approval import Approval
from windlass_schemas.command import Env
from windlass_schemas.head import Document
from windlass_schemas.image_registry import Registry, RegistryHost
from windlass_schemas.metadata import Metadata
from windlass_schemas.names import Label, PlainName, SecretName
from windlass_schemas.paths import Folder, Paths
from windlass_schemas.secret_reference import SecretReference
from windlass_schemas.step import Execution
from windlass_schemas.written import Later, Maybe, Parsed, Text, Written

REMOTE_PATTERN = r"https://[^\s/]+/\S+|ssh://[^\s/]+/\S+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s-]\S*"
LOCAL_PATTERN = r"(file://|\.|\.\.)?/[^\x00-\x1f]+"
GIT_PATTERN = rf"^({REMOTE_PATTERN}|{LOCAL_PATTERN})$"


def read_git_url(value: Any) -> str:
    """An https or ssh URL; where only this machine is concerned (`is_local_git`) also file:// or a path.

    Raises `invalid-git-url`; credentials stay out of the message.
    """
    if isinstance(value, str) and re.fullmatch(GIT_PATTERN, value):
        return value
    raise PydanticCustomError("invalid-git-url", "write an https or ssh URL, for example https://git.example.com/a.git")


def is_local_git(url: str) -> bool:
    """A folder of this machine: only on the command line and in an open `up` (fine print, "Command line")."""
    return re.fullmatch(LOCAL_PATTERN, url) is not None


GitUrl = Annotated[str, Parsed(read_git_url, {"type": "string", "pattern": GIT_PATTERN})]


class Library(Written):
    """A git repository of actions; windlass.lock pins it to a commit."""

    git: GitUrl = Field(
        description="The URL, https or ssh; file:// or a path only on the command line and in an open `up`."
    )
    ref: Maybe[Text] = Field(
        default=None, min_length=1, description="A tag, branch or commit; the default branch when absent."
    )
    path: Maybe[Folder] = Field(default=None, description="The folder with the actions; the root when absent.")


class Protection(Written):
    """What a run must satisfy to use an environment."""

    branches: tuple[Text, ...] = Field(default=(), description="Branches or globs it may come from; all when empty.")
    approval: Maybe[Approval] = Field(default=None, description="Who must agree before the run starts.")


class Environment(Written):
    """A place that workflows act on."""

    env: Env = Field(default_factory=dict, description="Environment variables; win over those of the repository.")
    secrets: dict[SecretName, SecretReference] = Field(
        default_factory=dict, description="Secrets; win over the repository's."
    )
    protection: Maybe[Protection] = Field(default=None, description="What a run must satisfy.")


class Notify(Written):
    """A message when something happens to a run."""

    on: tuple[
        Literal["started", "waiting", "succeeded", "failed", "errored", "cancelled", "recovered", "missed", "slow"], ...
    ] = Field(min_length=1, description="When to send: ends of runs, `recovered`, and alerts of `expect`.")
    to: Text = Field(min_length=1, description="Where to send it.", examples=["slack://#ci"])


class Repository(Document):
    """windlass.yaml."""

    kind: Literal["Repository"] = Field(description="The kind of document.")
    metadata: Maybe[Metadata] = Field(default=None, description="What people need to know about the repository.")
    paths: Paths = Field(default_factory=Paths, description="Where workflows, actions and tests are.")
    libraries: dict[Label, Library] = Field(default_factory=dict, description="Alias to library; `std` is built in.")
    env: Env = Field(default_factory=dict, description="Environment variables of every step.")
    environments: dict[PlainName, Later[Environment]] = Field(default_factory=dict, description="The places acted on.")
    secrets: dict[SecretName, SecretReference] = Field(
        default_factory=dict, description="Name to reference; never a value."
    )
    registries: dict[RegistryHost, Later[Registry]] = Field(
        default_factory=dict,
        description="Who pulls the images of steps and services, by registry.",
        examples=[{"ghcr.io": {"username": "bot", "password": "ref+vault://secret/ghcr#/token"}}],
    )
    defaults: Maybe[Later[Execution]] = Field(default=None, description="Keys for steps that do not set them.")
    notify: tuple[Notify, ...] = Field(default=(), description="Who hears of what.")
    checks: dict[PlainName, Literal["error", "warning", "off"]] = Field(
        default_factory=dict, description="Rule to what the pull request check makes of it."
    )
