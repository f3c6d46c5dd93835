"""What a step keeps and brings: the repository, files, caches and artifacts."""

from typing import Annotated, Any, Self

from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.expression import DurationOrExpression, FlagOrExpression, SingleExpression, or_expression
from windlass_schemas.names import ValueName
from windlass_schemas.written import Branches, Maybe, Text, Written, exactly_one, published

MODE_JSON = {"type": "string", "pattern": "^0?[0-7]{3}$", "examples": ["0400"]}


def read_mode(value: Any) -> str:
    """A file's permissions as quoted octal digits. Raises `invalid-mode`."""
    if isinstance(value, str) and len(value) in {3, 4} and set(value) <= set("01234567") and value[-4:-3] in {"", "0"}:
        return value
    raise PydanticCustomError("invalid-mode", 'a mode is three octal digits in quotes, for example "0400"')


Path = Annotated[str, Strict(), Field(min_length=1)]
PathList = Annotated[tuple[Path, ...], Field(min_length=1)]


def _paths(value: Any) -> Any:
    if isinstance(value, str):
        return Path
    if isinstance(value, list | tuple):
        return PathList
    raise PydanticCustomError("invalid-paths", "write a path or glob, or a list of them")


Paths = Annotated[str | tuple[str, ...], Branches(_paths, (Path, PathList))]
SavedMap = dict[ValueName, Paths]


def _saved(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return PathList
    if isinstance(value, dict):
        return SavedMap
    raise PydanticCustomError("invalid-paths", "save is a map from name to path or glob, or a list of paths")


Saved = Annotated[dict[str, str | tuple[str, ...]] | tuple[str, ...], Branches(_saved, (SavedMap, PathList))]


class Checkout(Written):
    """How the repository comes into the working directory."""

    git: FlagOrExpression = Field(default=False, description="With a .git that has the history of the commit.")


def _checkout(value: Any) -> Any:
    return Checkout if isinstance(value, dict) else FlagOrExpression


CheckoutOrFlag = Annotated[bool | str | Checkout, Branches(_checkout, (FlagOrExpression, Checkout))]


class File(Written):
    """A file that is there when the step starts."""

    content: Text = Field(description="The text of the file; may hold expressions, also of secrets.")
    mode: Annotated[str, or_expression(read_mode, MODE_JSON)] = Field(
        default="0600",
        description='Permissions in octal, quoted. "0400" by default where the content names a secret.',
    )


class Cache(Written):
    """Folders kept between runs (`paths`), or outputs that are reused while the key is known (`ttl`)."""

    model_config = published(**exactly_one("paths", "ttl"), dependencies={"restore": ["paths"]})

    key: Text = Field(min_length=1, description="What must be equal for the cache to be used; takes expressions.")
    paths: Maybe[tuple[Text, ...]] = Field(
        default=None, min_length=1, description="Folders that are kept.", examples=[["~/.cache/pip"]]
    )
    restore: tuple[Text, ...] = Field(
        default=(), description="Beginnings of keys, tried in order when there is none equal to `key`."
    )
    ttl: Maybe[DurationOrExpression] = Field(
        default=None, description="Reuse the step's outputs for this long after the key was first seen."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.paths is None) == (self.ttl is None):
            raise PydanticCustomError("cache-kind", "cache has exactly one of paths (folders) and ttl (outputs)")
        if self.ttl is not None and self.restore:
            raise PydanticCustomError("cache-kind", "restore goes with paths, not with ttl", {"key": "restore"})
        return self


class Artifacts(Written):
    """Files that outlive the step."""

    save: Saved = Field(
        default_factory=dict, description="Name to path or glob of the working directory, or a list of paths."
    )
    load: dict[Text, SingleExpression] = Field(
        default_factory=dict, description="Path in the working directory to the artifact of another step."
    )

    def saved(self) -> dict[str, tuple[str, ...]]:
        """Name to paths; an item of a list is its own name (fine print, "Artifacts")."""
        if isinstance(self.save, tuple):
            return {path: (path,) for path in self.save}
        return {name: (paths,) if isinstance(paths, str) else paths for name, paths in self.save.items()}
