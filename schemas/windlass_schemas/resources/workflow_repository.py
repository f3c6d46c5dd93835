"""WorkflowRepository: a git repository that Windlass keeps a namespace's workflows equal to."""

from pydantic import Field

from windlass_schemas.resources.conditions import ResourceStatus
from windlass_schemas.resources.git_source import GitUrl, Interval, SecretKeyRef, SourceAuth
from windlass_schemas.written import Flag, Later, Maybe, Text, Whole, Written


class WorkflowRepositorySecrets(Written):
    """What the secrets of windlass.yaml may be opened with; the repository has nothing else."""

    age: tuple[Later[SecretKeyRef], ...] = Field(
        default=(),
        max_length=32,
        description="age keys that its SOPS files are decrypted with: texts of age-keygen, or an ssh private key.",
    )


class WorkflowRepositorySpec(Written):
    """Which repository to follow, and how."""

    git: GitUrl = Field(description="Its URL, https or ssh.")
    branch: Maybe[Text] = Field(
        default=None, min_length=1, max_length=255, description="The branch to follow; the default branch when absent."
    )
    interval: Interval = Field(
        default=30_000, description="How often it is polled.", json_schema_extra={"default": "30s"}
    )
    suspend: Flag = Field(
        default=False,
        description="Stop polling; what is live stays live, its triggers fire and runs can be started.",
    )
    auth: Maybe[Later[SourceAuth]] = Field(default=None, description="Credentials for its host.")
    webhook_secret: Maybe[Later[SecretKeyRef]] = Field(
        default=None, description="The key that verifies push notifications of the forge; they hasten a poll."
    )
    secrets: Maybe[Later[WorkflowRepositorySecrets]] = Field(
        default=None, description="What the secrets of windlass.yaml may be opened with."
    )


class ProblemShown(Written):
    """A mistake in a file of the repository."""

    file: Text = Field(description="The file, below the repository's root.")
    line: Whole = Field(description="The line, counted from 1.")
    column: Whole = Field(description="The column, counted from 1.")
    severity: Text = Field(description="error, warning or note.")
    rule: Text = Field(description="The rule; `windlass explain rule NAME` tells more.")
    message: Text = Field(description="What is wrong.")


class WorkflowRepositoryStatus(ResourceStatus):
    """What Windlass made of the repository."""

    name: Maybe[Text] = Field(default=None, description="Its name in the API, in URLs and on the command line.")
    branch: Maybe[Text] = Field(default=None, description="The branch that is followed.")
    commit: Maybe[Text] = Field(default=None, description="The commit that was loaded last.")
    revision: Maybe[Text] = Field(default=None, description="Branch and commit in short, for people.")
    workflows: Maybe[Whole] = Field(default=None, description="How many workflows are live.")
    errors: Maybe[Whole] = Field(default=None, description="How many errors its files have.")
    warnings: Maybe[Whole] = Field(default=None, description="How many warnings its files have.")
    problems: tuple[Later[ProblemShown], ...] = Field(default=(), description="The first of them.")


class WorkflowRepository(Written):
    """A git repository with workflows: Windlass polls it and keeps what runs in this namespace equal to what git says.
    Deleting it stops its triggers at once; runs that are under way go on to their end.
    """

    spec: Later[WorkflowRepositorySpec] = Field(description="Which repository to follow, and how.")
    status: Maybe[Later[WorkflowRepositoryStatus]] = Field(default=None, description="What Windlass made of it.")
