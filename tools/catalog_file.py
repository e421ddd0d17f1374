"""The catalogue's file: services, where their operations come from, and the contracts of these."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints, ValidationError, model_validator

from tools import schemas, yaml
from tools.access import (
    DEFAULT_CONCURRENCY,
    NOT_PROCESSED,
    ApiKey,
    Auth,
    Basic,
    Bearer,
    Breaker,
    Process,
    SecretName,
)
from tools.errors import DocumentInvalid
from tools.labels import Word
from tools.operations import EffectClass, Reconcile, Retry, Undo
from tools.pointers import pointer
from tools.problems import Problem
from tools.records import Record
from tools.wording import show

SERVICE_NAME = r"^[A-Za-z_][A-Za-z0-9_-]*$"
OPERATION_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
TOLD = frozenset({"grpc", "mcp"})
"""Kinds of source whose file a running service tells."""
_MOST_FILES = 100


class BearerEntry(Record):
    """A token in the Authorization header."""

    secret: str
    """Name of the environment variable that holds the token."""


class ApiKeyEntry(Record):
    """A key in a header."""

    header: str = "X-API-Key"
    """Header that carries the key."""

    secret: str
    """Name of the environment variable that holds the key."""


class BasicEntry(Record):
    """A user name with a password."""

    user: str
    """The user's name."""

    secret: str
    """Name of the environment variable that holds the password."""


class AuthEntry(Record):
    """One way to identify the caller."""

    bearer: BearerEntry | None = None
    """A token in the Authorization header."""

    api_key: ApiKeyEntry | None = None
    """A key in a header."""

    basic: BasicEntry | None = None
    """A user name with a password."""

    @model_validator(mode="after")
    def _one(self) -> "AuthEntry":
        if len(self.model_fields_set) != 1:
            raise ValueError("name exactly one of bearer, api_key and basic")
        return self

    def record(self) -> Auth:
        """Return it as a service keeps it."""
        if self.bearer is not None:
            return Bearer(secret=self.bearer.secret)
        if self.api_key is not None:
            return ApiKey(header=self.api_key.header, secret=self.api_key.secret)
        if self.basic is not None:
            return Basic(user=self.basic.user, secret=self.basic.secret)
        raise AssertionError("the model holds exactly one")


class Contract(Record):
    """What a person says of one operation; what is left out stays as it was read."""

    effect: EffectClass | None = None
    """What repeating or losing a call would mean."""

    key_header: str | None = None
    """Header, or argument of a function or a tool, that carries the idempotency key."""

    timeout: timedelta | None = None
    """Total time that one attempt may take."""

    retry: Retry | None = None
    """How often a call that is safe to repeat is repeated."""

    undo: Undo | None = None
    """The operation that takes the effect back."""

    lasting: bool | None = None
    """Whether nothing takes the effect back, and this is known."""

    reconcile: Reconcile | None = None
    """How to find out whether a call without an answer took effect."""

    check: str | None = None
    """Expression over `output` and `input` that must hold."""

    confirm: Literal["person"] | None = None
    """`person` where a model may not trigger the operation by itself."""

    summary: str | None = None
    """One line on what it does."""

    kinds: dict[str, str] | None = None
    """What arguments are, where their names do not say it; fields of the answer stand behind `output.`."""

    labels: dict[str, Word] = Field(default_factory=dict)
    """What arguments, and fields of the answer behind `output.`, must be kept from."""


class McpEntry(Record):
    """An MCP server: a program to start, or else one at the service's `base_url`, over streamable HTTP."""

    listing: str
    """File of its tools, relative to this one, as `planner catalog import` writes it."""

    command: tuple[str, ...] = ()
    """The program to start and its arguments, spoken to over standard input and output."""

    env: dict[str, str | SecretName] = Field(default_factory=dict)
    """Variables for the program, each a text or `{secret: NAME}`."""

    folder: str = "."
    """Folder that the program is started in, relative to this file."""

    trusted: bool = False
    """Whether what the server says of its own tools may loosen their contracts."""

    @model_validator(mode="after")
    def _one(self) -> "McpEntry":
        if self.env and not self.command:
            raise ValueError("`env` is for the program that `command` starts")
        return self


class ServiceEntry(Record):
    """One service of the catalogue."""

    openapi: str | None = None
    """Path of its OpenAPI or Swagger document, relative to this file."""

    grpc: str | None = None
    """Path of the protobuf descriptor set of its gRPC services, relative to this file."""

    mcp: McpEntry | None = None
    """The MCP server that it is."""

    python: dict[Annotated[str, StringConstraints(pattern=OPERATION_NAME)], str] = Field(default_factory=dict)
    """Python functions by the name of their operation, each as `module:function`."""

    base_url: str | None = None
    """Absolute address that paths are appended to; needed unless the document tells one."""

    auth: AuthEntry | None = None
    """How callers identify themselves."""

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

    operations: dict[str, Contract] = Field(default_factory=dict)
    """Contracts by the name of the operation."""

    @model_validator(mode="after")
    def _one(self) -> "ServiceEntry":
        if self.base_url is not None and self.mcp is not None and self.mcp.command:
            raise ValueError("an MCP server is either started by its `command` or reached at `base_url`")
        return self

    @property
    def files(self) -> dict[str, str]:
        """The files that its operations are read from, by the kind of source."""
        listing = self.mcp.listing if self.mcp is not None else None
        found = {"openapi": self.openapi, "grpc": self.grpc, "mcp": listing}
        return {kind: path for kind, path in found.items() if path is not None}

    def process(self, beside: Path) -> Process | None:
        """Return the program that the service is, its folder seen from this file's; None where it is none."""
        if self.mcp is None or not self.mcp.command:
            return None
        folder = str((beside / self.mcp.folder).resolve())
        return Process(command=self.mcp.command, env=self.mcp.env, folder=folder)


class EventsEntry(Record):
    """One document that announces events."""

    asyncapi: str
    """Path of the AsyncAPI document, relative to this file."""

    types: dict[str, str] = Field(default_factory=dict)
    """Types of events (CloudEvents 1.0) by the names of messages, where the document does not tell them."""


class CatalogFile(Record):
    """A catalogue, or a part of one that others include."""

    services: dict[Annotated[str, StringConstraints(pattern=SERVICE_NAME)], ServiceEntry] = Field(
        default_factory=dict
    )
    """Services by name."""

    events: tuple[EventsEntry, ...] = ()
    """Documents that announce events."""

    include: tuple[str, ...] = ()
    """Further files, relative to this one."""


class Sheet(NamedTuple):
    """One file that was read, with the means to say where something stands in it."""

    path: Path
    content: CatalogFile
    document: yaml.Document

    def problem(self, *where: str | int, code: str, message: str, remedy: str = "") -> Problem:
        """Return a problem with file, line and column."""
        return self.document.locate(Problem(path=pointer(where), code=code, message=message, remedy=remedy))


def read(path: Path, problems: list[Problem]) -> list[Sheet]:
    """Return the file and all that it includes, each once; what is wrong goes to `problems`."""
    sheets: list[Sheet] = []
    waiting, seen = [path], {path.resolve()}
    while waiting:
        sheet = _sheet(waiting.pop(0), problems)
        if sheet is None:
            continue
        sheets.append(sheet)
        for index, name in enumerate(sheet.content.include):
            further = sheet.path.parent / name
            if not further.is_file():
                problems.append(sheet.problem("include", index, **no_file(further)))
            elif further.resolve() not in seen:
                seen.add(further.resolve())
                waiting.append(further)
    return sheets


def document(path: Path, *, limits: yaml.Limits = yaml.DEFAULT_LIMITS) -> yaml.Document:
    """Read one file; raise DocumentInvalid with every problem."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no UTF-8 text"
        raise DocumentInvalid([unreadable(path, reason)]) from exc
    return yaml.load(text, file=str(path), limits=limits)


def unreadable(path: Path, reason: str | None) -> Problem:
    """Return the problem of a file that is there and cannot be read."""
    return Problem(
        path="",
        code="unreadable-file",
        message=f"The file cannot be read: {reason}.",
        remedy="Name a readable file.",
        file=str(path),
    )


def no_file(path: Path) -> dict[str, str]:
    """Return code, message and remedy for a file that is named and not there."""
    return {
        "code": "unknown-file",
        "message": f"There is no file {str(path)!r}.",
        "remedy": "Paths are relative to the file that names them.",
    }


def _sheet(path: Path, problems: list[Problem]) -> Sheet | None:
    try:
        found = document(path)
    except DocumentInvalid as exc:
        problems += exc.problems
        return None
    data = {} if found.data is None else found.data
    wrong = schemas.problems(CatalogFile.model_json_schema(), data)
    told = [problem.path for problem in wrong]
    wrong += [problem for problem in _refused(data) if not _is_told(problem.path, told)]
    problems += [found.locate(problem) for problem in wrong]
    return None if wrong else Sheet(path, CatalogFile.model_validate(data), found)


def _refused(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Return what the model refuses."""
    try:
        CatalogFile.model_validate(data)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_context=False):
            yield _refusal(error["type"], error["loc"], error["msg"], error["input"])


def _refusal(kind: str, where: tuple[str | int, ...], message: str, value: Any) -> Problem:
    if where[-1:] == ("[key]",):
        return Problem(
            path=pointer(where[:-1]),
            code="wrong-name",
            message=f"The name {where[-2]!r} is not allowed.",
            remedy="Use letters, digits and underscores (services: hyphens too), and no digit first.",
        )
    if kind.startswith("time_delta"):
        return Problem(
            path=pointer(where),
            code="wrong-pattern",
            message=f"{show(value)} is no duration.",
            remedy="Write it as ISO 8601, such as PT2S.",
        )
    text = message.removeprefix("Value error, ")
    return Problem(
        path=pointer(where), code="no-match", message=f"Found {show(value)}.", remedy=f"Here: {text}."
    )


def _is_told(path: str, told: list[str]) -> bool:
    """Tell whether another problem already stands at or around the place."""
    return any(path == other or path.startswith(f"{other}/") for other in told)
