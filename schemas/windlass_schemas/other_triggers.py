"""Triggers other than the clock: webhooks, git, queues, PostgreSQL, other workflows, custom events."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.duration import Duration
from windlass_schemas.names import PlainName, WorkflowReference
from windlass_schemas.trigger import Trigger
from windlass_schemas.verify import Verify
from windlass_schemas.written import Maybe, Text, Written, exactly_one, published

QUEUE_KINDS = ("rabbitmq", "kafka", "nats", "sqs", "kinesis", "redis", "mqtt")
QUEUE_NAMES = ("queue", "topic", "subject", "stream")
GIT_KINDS = ("push", "pull_request", "tag")


class Respond(Written):
    """What the sender of a webhook gets back."""

    wait: Maybe[Duration] = Field(default=None, description="Answer when the run has ended, or after this time.")
    stream: Maybe[Literal["logs"]] = Field(default=None, description="Answer with the log while it is written.")


class WebhookTrigger(Trigger):
    """Starts a run for each request to `/hooks/<repository>/<name>`."""

    name: PlainName = Field(description="The last part of the URL.", examples=["shop"])
    verify: Verify = Field(description="How the sender is checked; scheme none accepts everybody.")
    respond: Maybe[Respond] = Field(default=None, description="What the sender gets; the run's id when absent.")


class Push(Written):
    """Pushes to branches."""

    branches: tuple[Text, ...] = Field(default=(), description="Branch names or globs; all when empty.")
    paths: tuple[Text, ...] = Field(
        default=(), description="Globs of files; a commit of the push must touch one. All when empty."
    )


class PullRequest(Written):
    """Pull requests against branches."""

    branches: tuple[Text, ...] = Field(default=(), description="Target branches or globs; all when empty.")
    paths: tuple[Text, ...] = Field(default=(), description="Globs of files that must be touched; all when empty.")


class Tag(Written):
    """New tags."""

    pattern: Text = Field(default="*", min_length=1, description="A glob that the tag's name must match.")


class GitTrigger(Trigger):
    """Starts a run when the repository changes: exactly one of push, pullRequest and tag."""

    model_config = published(**exactly_one("push", "pullRequest", "tag"))

    push: Maybe[Push] = Field(default=None, description="One run for each push, of its newest commit.")
    pull_request: Maybe[PullRequest] = Field(default=None, description="One run for each update of a pull request.")
    tag: Maybe[Tag] = Field(default=None, description="One run for each new tag.")

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if len(self.model_fields_set.intersection(GIT_KINDS)) != 1:
            raise PydanticCustomError("git-kind", "a git trigger has exactly one of push, pullRequest and tag")
        return self


class QueueTrigger(Trigger):
    """Starts a run for each message; the broker's key names a connection of the server."""

    model_config = published(allOf=[exactly_one(*QUEUE_KINDS), exactly_one(*QUEUE_NAMES)])

    rabbitmq: Maybe[PlainName] = Field(default=None, description="A RabbitMQ connection; reads `queue`.")
    kafka: Maybe[PlainName] = Field(default=None, description="A Kafka connection; reads `topic`.")
    nats: Maybe[PlainName] = Field(default=None, description="A NATS connection; reads `subject`.")
    sqs: Maybe[PlainName] = Field(default=None, description="An SQS connection; reads `queue`.")
    kinesis: Maybe[PlainName] = Field(default=None, description="A Kinesis connection; reads `stream`.")
    redis: Maybe[PlainName] = Field(default=None, description="A Redis connection; reads `stream`.")
    mqtt: Maybe[PlainName] = Field(default=None, description="An MQTT connection; reads `topic`.")
    queue: Maybe[Text] = Field(default=None, min_length=1, description="The queue.")
    topic: Maybe[Text] = Field(default=None, min_length=1, description="The topic.")
    subject: Maybe[Text] = Field(default=None, min_length=1, description="The subject.")
    stream: Maybe[Text] = Field(default=None, min_length=1, description="The stream.")
    group: Maybe[Text] = Field(
        default=None, min_length=1, description="The consumer group; Windlass's own when absent."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = self.model_fields_set.intersection(QUEUE_KINDS)
        if len(kinds) != 1:
            raise PydanticCustomError(
                "queue-kind", "a queue trigger has exactly one of {kinds}", {"kinds": ", ".join(QUEUE_KINDS)}
            )
        if len(self.model_fields_set.intersection(QUEUE_NAMES)) != 1:
            raise PydanticCustomError(
                "queue-kind", "a queue trigger reads exactly one of queue, topic, subject, stream"
            )
        return self


class PostgresTrigger(Trigger):
    """Starts a run for each notification of a channel, or for each new row of a table."""

    model_config = published(**exactly_one("listen", "table"), dependencies={"table": ["key"], "key": ["table"]})

    connection: PlainName = Field(description="A connection of the server.")
    listen: Maybe[Text] = Field(default=None, min_length=1, description="The channel to listen to.")
    table: Maybe[Text] = Field(default=None, min_length=1, description="The table that is polled.")
    key: Maybe[Text] = Field(
        default=None, min_length=1, description="A column that only grows; new rows are those above the last one."
    )
    every: Duration = Field(
        default=10_000, description="How often the table is polled.", json_schema_extra={"default": "10s"}
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.listen is None) == (self.table is None) or (self.table is None) != (self.key is None):
            raise PydanticCustomError("postgres-kind", "a postgres trigger has either listen, or table and key")
        return self


class WorkflowTrigger(Trigger):
    """Starts a run when a run of another workflow has ended."""

    name: WorkflowReference = Field(description="The workflow that is waited for.", examples=["build"])
    when: Literal["succeeded", "failed", "errored", "cancelled", "ended"] = Field(
        default="succeeded", description="How its run must have ended; `ended` is however."
    )


class EventTrigger(Trigger):
    """Starts a run for each custom event of a name."""

    name: PlainName = Field(description="The name of the event.", examples=["disk-full"])
