"""Metadata: what a file is called and whose it is."""

from pydantic import Field

from windlass_schemas.names import Label, PlainName
from windlass_schemas.written import Maybe, Text, Written


class Metadata(Written):
    """Names a workflow or an action."""

    name: Label = Field(description="Unique in the repository; a DNS label.", examples=["deploy"])
    title: Maybe[Text] = Field(default=None, description="The name shown to people; `name` when absent.")
    description: Maybe[Text] = Field(default=None, description="What it does, in Markdown.")
    owners: tuple[Text, ...] = Field(default=(), description="Teams and people who look after it.")
    labels: dict[PlainName, Text] = Field(default_factory=dict, description="Labels to search by.")
