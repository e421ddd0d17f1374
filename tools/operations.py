"""Operations: what a service can do, and the contract of its effect."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from tools.expressions import Template
from tools.records import Record

EffectClass = Literal["read", "idempotent", "keyed", "write", "irreversible"]
"""`read` changes nothing; `idempotent` may be repeated; `keyed` may be repeated with the same key;
`write` may not be repeated; `irreversible` may neither be repeated nor undone."""

EffectSource = Literal["declared", "guessed", "default"]

JsonSchema = dict[str, Any]

DEFAULT_TIMEOUT = timedelta(seconds=10)


class Retry(Record):
    """How often and how patiently a call that is safe to repeat is repeated."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """Calls in all, the first one included."""

    initial: timedelta = timedelta(milliseconds=200)
    """Pause before the second call; doubled before each further one."""

    max: timedelta = timedelta(seconds=5)
    """Longest pause between two calls."""

    jitter: bool = True
    """Whether a random part is added to each pause, so that callers do not march in step."""


class Undo(Record):
    """The operation that takes an effect back."""

    call: str
    """Name of the compensating operation, as `service.operation`; its own service may be left out."""

    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    """Arguments; expressions over `input` (the recorded arguments) and `output` (the recorded answer)."""

    @cached_property
    def arguments(self) -> Template:
        """The arguments, compiled once."""
        return Template(self.with_)


class Reconcile(Record):
    """How to find out whether a call without an answer took effect."""

    call: str
    """Name of the operation that looks."""

    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    """Arguments; expressions over `input` (the arguments of the call in doubt) and `key`."""

    applied_when: str
    """Expression over `found` (the answer), `input` and `key`: true when the effect took place."""

    output: Any = "${found}"
    """What the call in doubt would have answered; a template over `found`, `input` and `key`."""

    absent_statuses: tuple[int, ...] = (404,)
    """HTTP statuses of the look-up that mean: it did not take place."""

    @cached_property
    def arguments(self) -> Template:
        """The arguments, compiled once."""
        return Template(self.with_)

    @cached_property
    def answer(self) -> Template:
        """What the call in doubt would have answered, compiled once."""
        return Template(self.output)


class HttpBinding(Record):
    """How an operation is called over HTTP."""

    kind: Literal["http"] = "http"
    method: str
    """HTTP method in capitals."""
    path: str
    """Path template below the base address, such as `/orders/{order_id}`."""
    places: dict[str, Literal["path", "query", "header", "cookie", "body", "form", "whole_body"]] = Field(
        default_factory=dict
    )
    """Where each argument goes, by argument name."""
    names: dict[str, str] = Field(default_factory=dict)
    """The name on the wire of an argument, where it differs."""
    styles: dict[str, Literal["comma", "space", "pipe", "repeat"]] = Field(default_factory=dict)
    """How a list argument is written; `repeat` unless told."""
    content_type: str | None = None
    """Media type of the request's body."""
    success: tuple[int, ...] = ()
    """Statuses documented as success; any 2xx when empty."""
    not_processed: tuple[int, ...] = (429, 503)
    """Statuses by which this service says that it did nothing."""

    @property
    def how(self) -> str:
        """What people know the call by."""
        return f"{self.method} {self.path}"


class FunctionBinding(Record):
    """How an operation is called in this process."""

    kind: Literal["function"] = "function"
    target: str
    """The function, as `module:name`."""

    @property
    def how(self) -> str:
        """What people know the call by."""
        return self.target


class GrpcBinding(Record):
    """How an operation is called over gRPC."""

    kind: Literal["grpc"] = "grpc"
    path: str
    """Service and method, such as `/BasketApi.Basket/GetBasket`."""
    request: str
    """Full name of the message that is sent."""
    response: str
    """Full name of the message that is answered."""
    argument: str | None = None
    """The one argument that is the whole request; None where each argument is a field of it."""
    descriptors: str
    """The descriptor set of both messages, in base64."""

    @property
    def how(self) -> str:
        """What people know the call by."""
        return f"gRPC {self.path}"


class McpBinding(Record):
    """How an operation is called at an MCP server."""

    kind: Literal["mcp"] = "mcp"
    tool: str
    """The tool's name at its server, such as `get-sum`."""

    @property
    def how(self) -> str:
        """What people know the call by."""
        return f"tool {self.tool}"


Binding = Annotated[HttpBinding | FunctionBinding | GrpcBinding | McpBinding, Field(discriminator="kind")]


class Operation(Record):
    """Something a service can do: its schemas, its contract and how to call it."""

    name: str
    """`service.operation`."""

    service: str
    """Name of the service that does it."""

    summary: str = ""
    """One line on what it does."""

    input: JsonSchema = Field(default_factory=lambda: {"type": "object"})
    """JSON Schema 2020-12 of the arguments, always an object."""

    output: JsonSchema | None = None
    """JSON Schema 2020-12 of the answer; None where nothing is known of it."""

    effect: EffectClass = "write"
    """What repeating or losing a call would mean."""

    effect_source: EffectSource = "default"
    """Whether the class was declared by a person, guessed from its document, or the cautious default."""

    undo: Undo | None = None
    lasting: bool = False
    """Whether a person declared that nothing takes its effect back."""
    reconcile: Reconcile | None = None

    check: str | None = None
    """Expression over `output` and `input` that must hold for the answer to count as right."""

    timeout: timedelta = DEFAULT_TIMEOUT
    """Total time one attempt may take."""

    retry: Retry = Retry()
    key_header: str = "Idempotency-Key"
    """Header (or argument of a function or tool) that carries the idempotency key of a `keyed` operation."""

    confirm: Literal["person"] | None = None
    """`person` where a model may not trigger this operation by itself."""

    kinds: dict[str, str] = Field(default_factory=dict)
    """What an argument is, such as `order.total`, or a field of the answer, by its name behind `output.`."""

    binding: Binding

    @property
    def repeatable(self) -> bool:
        """Tell whether an unanswered call may be sent again (with the same key)."""
        return self.effect in {"read", "idempotent", "keyed"}
