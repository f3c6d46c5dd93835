"""ActionLibrary: a git repository with actions that the workflows of a namespace may use."""

from pydantic import Field

from windlass_schemas.resources.conditions import ResourceStatus
from windlass_schemas.resources.git_source import GitUrl, Interval, SourceAuth
from windlass_schemas.resources.workflow_repository import ProblemShown
from windlass_schemas.written import Flag, Later, Maybe, Text, Whole, Written


class ActionLibrarySpec(Written):
    """Where the library is, and how it is read."""

    git: GitUrl = Field(
        description="Its URL, https or ssh. Its credentials serve every library at or below this URL that a "
        "repository of the namespace names in windlass.yaml."
    )
    ref: Maybe[Text] = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="A branch, tag or commit; the default branch when absent.",
    )
    interval: Interval = Field(
        default=60_000, description="How often it is polled.", json_schema_extra={"default": "1m"}
    )
    suspend: Flag = Field(default=False, description="Stop polling; what windlass.lock pins stays usable.")
    auth: Maybe[Later[SourceAuth]] = Field(default=None, description="Credentials for its host.")


class ActionLibraryStatus(ResourceStatus):
    """What Windlass found in the library."""

    commit: Maybe[Text] = Field(default=None, description="The commit that `ref` stands for.")
    revision: Maybe[Text] = Field(default=None, description="Ref and commit in short, for people.")
    actions: tuple[Text, ...] = Field(default=(), description="The names of its actions.")
    action_count: Maybe[Whole] = Field(default=None, description="How many actions it has.")
    errors: Maybe[Whole] = Field(default=None, description="How many errors its files have.")
    warnings: Maybe[Whole] = Field(default=None, description="How many warnings its files have.")
    problems: tuple[Later[ProblemShown], ...] = Field(default=(), description="The first of them.")


class ActionLibrary(Written):
    """A git repository with actions for the workflows of this namespace: its credentials, and whether it can be read.
    Which commit a repository uses is pinned by its windlass.lock; a library that moves on changes nothing that runs.
    """

    spec: Later[ActionLibrarySpec] = Field(description="Where the library is, and how it is read.")
    status: Maybe[Later[ActionLibraryStatus]] = Field(default=None, description="What Windlass found there.")
