"""The server file (windlass-server.yaml): what a platform engineer writes, never read from a tenant's repository.

In: the mapping of the file. Out: a `ServerFile`. Keys that this version does not serve yet are unknown keys, so that
nothing in it is silently ignored.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.duration import Duration
from windlass_schemas.names import Label, SecretName
from windlass_schemas.runner import RUNNER_KINDS, ServerRunner
from windlass_schemas.secret_stores import SecretFrom, ServerSecrets
from windlass_schemas.server_policy import ServerPolicy
from windlass_schemas.size import Size
from windlass_schemas.written import Later, Maybe, Parsed, Text, Whole, Written

OBJECTS_JSON = {"type": "string", "pattern": "^(file:///|(s3|gs|az)://[^/])"}


def read_objects_url(value: Any) -> str:
    """An object store's URL. Raises `invalid-objects`."""
    if isinstance(value, str) and re.match(OBJECTS_JSON["pattern"], value):
        return value
    message = "an object store is file:///FOLDER, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
    raise PydanticCustomError("invalid-objects", message)


class ServerGitAuth(Written):
    """Credentials for one repository; sent to its host only."""

    username: Maybe[Text] = Field(default=None, min_length=1, description="The user name that goes with the token.")
    token: Maybe[SecretFrom] = Field(default=None, description="A token or password for https.")
    ssh_key: Maybe[Text] = Field(default=None, min_length=1, description="A private key file for ssh.")
    known_hosts: Maybe[Text] = Field(default=None, min_length=1, description="The host keys that are accepted.")


class ServerRepositorySecrets(Written):
    """What the secrets of one repository may be opened with; it has nothing else."""

    age: tuple[Later[SecretFrom], ...] = Field(
        default=(),
        description="age keys that its SOPS files are decrypted with: texts of age-keygen, or one ssh private key.",
    )


class ServerRepository(Written):
    """A workflow repository."""

    name: Label = Field(description="Its name in the API, URLs and the command line.")
    git: Text = Field(min_length=1, description="Its URL, https or ssh.", examples=["https://git.example.com/shop.git"])
    branch: Maybe[Text] = Field(default=None, min_length=1, description="The branch; the default branch when absent.")
    tenant: Maybe[Label] = Field(
        default=None, description="Whose it is: what `tenants` of a secret store means; nobody's when absent."
    )
    interval: Duration = Field(
        default=30_000, description="How often it is polled.", json_schema_extra={"default": "30s"}
    )
    auth: Maybe[Later[ServerGitAuth]] = Field(default=None, description="Credentials for its host.")
    webhook_secret: Maybe[SecretName] = Field(
        default=None, description="The secret that verifies push notifications of the forge."
    )
    secrets: Maybe[Later[ServerRepositorySecrets]] = Field(
        default=None, description="What the secrets of windlass.yaml may be opened with."
    )


class ServerToken(SecretFrom):
    """An API key, and who holds it."""

    name: Maybe[Label] = Field(
        default=None, description="Who holds it, in runs, approvals and the audit log; token-1, token-2… when absent."
    )
    groups: tuple[Label, ...] = Field(
        default=(), description="The groups that `group:NAME` of approvals and `access` means.", examples=[["ops"]]
    )


class ServerLibrary(Written):
    """Credentials for libraries: repositories name them in windlass.yaml, this server says how they are read."""

    git: Text = Field(
        min_length=1,
        pattern=r"^(https|ssh)://[^\s/@]+(@[^\s/@]+)?/|^[^\s/@]+@[^\s/:]+:",
        description="The URL of a library, or of the folder above several.",
        examples=["https://git.example.com/infra/"],
    )
    auth: Later[ServerGitAuth] = Field(description="Credentials for everything at or below that URL.")


class ServerAuth(Written):
    """Who may use the API."""

    tokens: tuple[Later[ServerToken], ...] = Field(default=(), description="API keys; sent as Authorization: Bearer.")


class ServerLimits(Written):
    """Bounds of this server."""

    local_attempts: Annotated[Whole, Field(ge=1, le=10_000)] = Field(
        default=64, description="How many attempts the local runner has at once."
    )
    artifact_size: Size = Field(
        default=1024**3,
        description="The most bytes that one artifact may have.",
        json_schema_extra={"default": "1Gi"},
    )
    artifact_files: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(
        default=10_000, description="The most files that one artifact may have."
    )
    cache_size: Size = Field(
        default=5 * 1024**3,
        description="The most bytes of all caches of one repository; those that were not used for longest go first.",
        json_schema_extra={"default": "5Gi"},
    )
    cache_entry_size: Size = Field(
        default=2 * 1024**3,
        description="The most bytes of the files in one cache; a larger one is not kept.",
        json_schema_extra={"default": "2Gi"},
    )


class ServerRetention(Written):
    """How long things are kept after the end of a run."""

    runs: Duration = Field(default=7_776_000_000, description="Runs.", json_schema_extra={"default": "90d"})
    logs: Duration = Field(default=2_592_000_000, description="Logs.", json_schema_extra={"default": "30d"})
    artifacts: Duration = Field(default=2_592_000_000, description="Artifacts.", json_schema_extra={"default": "30d"})


class ServerLease(Written):
    """The lease that decides which of several controllers leads."""

    name: Label = Field(default="windlass-controller", description="Its name, in Kubernetes.")
    namespace: Maybe[Label] = Field(
        default=None, description="Its namespace, in Kubernetes; the one that the controller runs in when absent."
    )
    duration: Duration = Field(
        default=15_000,
        description="How long a lease that is not renewed keeps others from leading.",
        json_schema_extra={"default": "15s"},
    )
    renew_deadline: Duration = Field(
        default=10_000,
        description="How long the leader tries to renew its lease before it stops; less than `duration`.",
        json_schema_extra={"default": "10s"},
    )
    retry_period: Duration = Field(
        default=2_000, description="The pause between two attempts.", json_schema_extra={"default": "2s"}
    )


class ServerController(Written):
    """`windlass controller` and `windlass web`: the parts of an installation of several processes."""

    listen: Maybe[Text] = Field(
        default=None,
        description="Where the controller listens, for the web and for probes.",
        examples=["127.0.0.1:7879"],
    )
    token: Maybe[Later[SecretFrom]] = Field(
        default=None, description="What the web shows to the controller; both need the same one."
    )
    advertise: Maybe[Text] = Field(
        default=None,
        pattern=r"^https?://[^/\s]+$",
        description="The URL at which the web finds this controller; where it listens when absent.",
        examples=["http://10.0.0.3:7879"],
    )
    election: Maybe[Literal["kubernetes", "ledger"]] = Field(
        default=None,
        description="Where the lease stands: `kubernetes` when absent and run in a cluster, otherwise `ledger`.",
    )
    lease: Maybe[Later[ServerLease]] = Field(default=None, description="The lease of the election.")


class ServerKubernetes(Written):
    """The cluster whose custom resources are served."""

    kubeconfig: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="A kubeconfig file; $KUBECONFIG, or the pod's service account, when absent.",
    )
    context: Maybe[Text] = Field(
        default=None, min_length=1, description="A context of it; the current one when absent."
    )
    namespaces: tuple[Label, ...] = Field(
        default=(), description="The namespaces that are looked after; all of them when absent."
    )
    show_runs: Literal["all", "created"] = Field(
        default="all", description="Which runs get a WorkflowRun: all, or only those that were created as one."
    )
    keep_runs: Annotated[Whole, Field(ge=0, le=10_000)] = Field(
        default=20,
        description="How many WorkflowRuns of ended runs stay, for each workflow; the ledger keeps the runs.",
    )
    run_ttl: Duration = Field(
        default=604_800_000,
        description="How long a WorkflowRun stays after the end of its run.",
        json_schema_extra={"default": "7d"},
    )


class ServerFile(Written):
    """windlass-server.yaml."""

    listen: Maybe[Text] = Field(default=None, description="Where the API listens.", examples=["127.0.0.1:7878"])
    data: Maybe[Text] = Field(default=None, min_length=1, description="The data folder.")
    database: Maybe[Text] = Field(
        default=None, min_length=1, description="The ledger's URL; SQLite in the data folder when absent."
    )
    objects: Maybe[Annotated[str, Parsed(read_objects_url, OBJECTS_JSON)]] = Field(
        default=None,
        description="The object store of artifacts: a folder or a bucket; the folder objects of the data when absent.",
        examples=["s3://windlass/objects"],
    )
    external_url: Maybe[Text] = Field(default=None, min_length=1, description="The address that links are built from.")
    repositories: tuple[Later[ServerRepository], ...] = Field(
        default=(),
        description="The repositories served. Without this key, and no address as an argument: the current folder.",
    )
    libraries: tuple[Later[ServerLibrary], ...] = Field(
        default=(), description="Credentials for libraries; every repository that is served may use them."
    )
    secrets: Maybe[Later[ServerSecrets]] = Field(
        default=None,
        description="Keys that webhooks are verified with, by name; below `stores`, where secrets of repositories come "
        "from.",
    )
    auth: Maybe[Later[ServerAuth]] = Field(default=None, description="Who may use the API.")
    runners: dict[Label, Later[ServerRunner]] = Field(
        default_factory=dict,
        description="Runners by name; local, docker and kubernetes are there without being named.",
        examples=[{"builds": {"kind": "docker", "host": "tcp://builder.example.com:2376"}}],
    )
    runner: Maybe[Label] = Field(
        default=None, description="The runner of steps that name none; local when absent.", examples=["builds"]
    )
    limits: Maybe[Later[ServerLimits]] = Field(default=None, description="Bounds of this server.")
    retention: Maybe[Later[ServerRetention]] = Field(default=None, description="How long things are kept.")
    kubernetes: Maybe[Later[ServerKubernetes]] = Field(
        default=None, description="The cluster whose custom resources are served; none when absent."
    )
    policies: tuple[Later[ServerPolicy], ...] = Field(
        default=(),
        description="What the pods of tenants may be: the first that names a tenant holds; a safe one for others.",
    )
    controller: Maybe[Later[ServerController]] = Field(
        default=None, description="For `windlass controller` and `windlass web` alone."
    )

    @model_validator(mode="after")
    def _names_runners_that_are_there(self) -> Self:
        for name, runner in self.runners.items():
            if name in RUNNER_KINDS and runner.kind != name:
                message = "the runner {name} is of kind {name}"
                raise PydanticCustomError("runner-name", message, {"name": name, "at": ["runners", name, "kind"]})
        if self.runner is not None and self.runner not in (*RUNNER_KINDS, *self.runners):
            raise PydanticCustomError(
                "unknown-runner", "there is no runner {name}", {"name": self.runner, "at": ["runner"]}
            )
        return self
