"""A named runner of the server file: of which kind it is, where it is, and what it allows.

In: an entry of `runners`. Out: a `ServerRunner`. Keys of another kind are refused, so that none is silently ignored.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.written import Flag, Maybe, Text, Whole, Written

RunnerKind = Literal["local", "docker", "kubernetes"]
RUNNER_KINDS: tuple[RunnerKind, ...] = ("local", "docker", "kubernetes")
# Which kinds have a key; those that are not listed have every kind.
KEYS_OF: dict[str, tuple[RunnerKind, ...]] = {
    "image": ("docker", "kubernetes"),
    "host": ("docker",),
    "certificates": ("docker",),
    "kubeconfig": ("kubernetes",),
    "context": ("kubernetes",),
    "namespace": ("kubernetes",),
    "allow_docker": ("local", "docker"),
    "docker_image": ("kubernetes",),
    "helper_image": ("kubernetes",),
}


class ServerRunner(Written):
    """Where steps can run: what `runner:` of a step names."""

    kind: RunnerKind = Field(description="What runs the steps.")
    parallel: Maybe[Annotated[Whole, Field(ge=1, le=10_000)]] = Field(
        default=None, description="How many attempts it has at once; 64 when absent."
    )
    image: Maybe[Text] = Field(
        default=None, min_length=1, description="The image of steps that name none.", examples=["debian:12"]
    )
    host: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="The engine's address, as DOCKER_HOST has it; that of the environment when absent.",
        examples=["tcp://builder.example.com:2376"],
    )
    certificates: Maybe[Text] = Field(
        default=None, min_length=1, description="A folder with ca.pem, cert.pem and key.pem for an engine behind TLS."
    )
    kubeconfig: Maybe[Text] = Field(
        default=None, min_length=1, description="A kubeconfig file; that of the environment when absent."
    )
    context: Maybe[Text] = Field(
        default=None, min_length=1, description="A context of the kubeconfig; the current one when absent."
    )
    namespace: Maybe[Text] = Field(
        default=None, min_length=1, description="The namespace of the Pods; the context's when absent."
    )
    helper_image: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="What brings files into Pods: an image with a static /bin/busybox; Windlass's own when absent.",
        examples=["registry.example.com/windlass:1.0"],
    )
    allow_docker: Flag = Field(
        default=False, description="Whether steps with `docker: true` may use the engine; it can do what root can."
    )
    docker_image: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="The image of the engine in the Pod of a step with `docker: true`; docker:28-dind when absent.",
        examples=["registry.example.com/mirror/docker:28-dind"],
    )

    @model_validator(mode="after")
    def _has_keys_of_its_kind(self) -> Self:
        for key, kinds in KEYS_OF.items():
            if key in self.model_fields_set and self.kind not in kinds:
                name = type(self).model_fields[key].alias or key
                said = {"kind": self.kind, "name": name, "key": name}
                raise PydanticCustomError("runner-key", "a runner of kind {kind} has no {name}", said)
        return self
