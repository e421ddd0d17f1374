"""Access: where a service is, how it lets callers in, and how hard it may be pressed."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tools.records import Record

DEFAULT_CONCURRENCY = 20
DEFAULT_OPEN_FOR = timedelta(seconds=30)
NOT_PROCESSED = (429, 503)


class Bearer(Record):
    """A token in the Authorization header."""

    kind: Literal["bearer"] = "bearer"

    secret: str
    """Name of the environment variable that holds the token."""


class ApiKey(Record):
    """A key in a header of the service's choice."""

    kind: Literal["api_key"] = "api_key"

    header: str = "X-API-Key"
    """Header that carries the key."""

    secret: str
    """Name of the environment variable that holds the key."""


class Basic(Record):
    """A user name with a password."""

    kind: Literal["basic"] = "basic"

    user: str
    """The user's name."""

    secret: str
    """Name of the environment variable that holds the password."""


Auth = Annotated[Bearer | ApiKey | Basic, Field(discriminator="kind")]


class Breaker(Record):
    """When a failing service is left in peace."""

    failures: Annotated[int, Field(ge=1)] = 5
    """Failures in a row after which no call is sent."""

    open_for: timedelta = DEFAULT_OPEN_FOR
    """Time after which one call tries again."""


class SecretName(Record):
    """A value that only the environment holds."""

    secret: str
    """Name of the environment variable that holds it."""


class Process(Record):
    """A program that is started where it is needed, and spoken to over its standard input and output."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """The program and its arguments."""

    env: dict[str, str | SecretName] = Field(default_factory=dict)
    """Variables of its environment beside the few that every program gets, such as PATH and HOME."""

    folder: str
    """Folder that it is started in."""


class Service(Record):
    """One service: where it is and how it may be called."""

    name: str
    """Its name in the catalogue."""

    base_url: str | None = None
    """Absolute address that paths are appended to; None where it is a program or functions."""

    process: Process | None = None
    """The program to start, where the service is one."""

    auth: Auth | None = None
    """How callers identify themselves; secrets by name only."""

    headers: dict[str, str] = Field(default_factory=dict)
    """Headers sent with every call."""

    max_concurrency: Annotated[int, Field(ge=1)] = DEFAULT_CONCURRENCY
    """Calls in flight at the same time."""

    breaker: Breaker = Breaker()
    """When calling stops for a while."""

    not_processed: tuple[int, ...] = NOT_PROCESSED
    """Statuses by which the service says that it did nothing."""

    verify: bool | str = True
    """Whether certificates are checked, or the path of the authorities to check them against."""
