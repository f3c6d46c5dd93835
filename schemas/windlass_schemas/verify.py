"""How a webhook proves who sent it (fine print, "Hooks answer")."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.names import SecretName
from windlass_schemas.written import Maybe, Text, Written, published

Scheme = Literal["github", "gitlab", "slack", "stripe", "standard", "hmac-sha256", "token", "none"]


class Verify(Written):
    """The scheme, and the name of the secret it is checked with."""

    model_config = published(
        **{"if": {"properties": {"scheme": {"const": "none"}}}},
        then={"not": {"required": ["secret"]}},
        **{"else": {"required": ["secret"]}},
        dependencies={key: {"properties": {"scheme": {"const": "hmac-sha256"}}} for key in ("header", "idHeader")},
    )

    scheme: Scheme = Field(description="How the request is signed; none accepts everybody.")
    secret: Maybe[SecretName] = Field(default=None, description="The name of a secret of windlass.yaml.")
    header: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="The header with the signature, for hmac-sha256; X-Signature-256 when absent.",
    )
    id_header: Maybe[Text] = Field(
        default=None, min_length=1, description="The header with the delivery's id, for hmac-sha256."
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.scheme == "none" and self.secret is not None:
            raise PydanticCustomError(
                "verify-secret", "scheme none checks nothing: remove the secret", {"key": "secret"}
            )
        if self.scheme != "none" and self.secret is None:
            raise PydanticCustomError(
                "verify-secret", "scheme {scheme} needs secret, the name of a secret", {"scheme": self.scheme}
            )
        if self.scheme != "hmac-sha256" and (self.header is not None or self.id_header is not None):
            key = "header" if self.header is not None else "idHeader"
            raise PydanticCustomError("verify-header", "header and idHeader are for scheme hmac-sha256", {"key": key})
        return self
