"""The document: what an Arazzo 1.0 text holds, and where it does not have the form of one."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationError

from tools.errors import DocumentInvalid
from tools.pointers import pointer
from tools.problems import Problem
from tools.records import Record
from tools.wording import show
from tools.yaml import Document

_VERSION = re.compile(r"1\.0\.\d+")
_EXTENSION = "x-"


class Info(Record):
    """What the document is."""

    title: str
    version: str
    summary: str = ""
    description: str = ""


class Source(Record):
    """A document that operations or workflows come from."""

    name: str
    url: str
    type: Literal["openapi", "arazzo"] = "openapi"


class Criterion(Record):
    """A condition on what a step did."""

    condition: str
    context: str | None = None
    """Expression whose value is looked at; for every type but `simple`."""
    type: str | dict[str, Any] = "simple"

    @property
    def kind(self) -> str:
        """The language of the condition."""
        return self.type if isinstance(self.type, str) else str(self.type.get("type"))


class Action(Record):
    """What follows a step that went well, or one that did not."""

    name: str
    type: Literal["end", "goto", "retry"]
    workflow_id: str | None = Field(default=None, alias="workflowId")
    step_id: str | None = Field(default=None, alias="stepId")
    retry_after: float | None = Field(default=None, alias="retryAfter", ge=0)
    """Seconds."""
    retry_limit: int | None = Field(default=None, alias="retryLimit", ge=0)
    criteria: tuple[Criterion, ...] = ()


class Reusable(Record):
    """A part of the document's components."""

    reference: str
    value: Any = None
    """Takes the place of a parameter's own."""


class Parameter(Record):
    """An argument."""

    name: str
    place: str | None = Field(default=None, alias="in")
    value: Any


def _is_reusable(value: Any) -> str:
    is_reference = "reference" in value if isinstance(value, Mapping) else isinstance(value, Reusable)
    return "reusable" if is_reference else "own"


AnyParameter = Annotated[
    Annotated[Parameter, Tag("own")] | Annotated[Reusable, Tag("reusable")], Discriminator(_is_reusable)
]
AnyAction = Annotated[
    Annotated[Action, Tag("own")] | Annotated[Reusable, Tag("reusable")], Discriminator(_is_reusable)
]


class Replacement(Record):
    """A part of a payload that is put in."""

    target: str
    value: Any


class RequestBody(Record):
    """What is sent."""

    content_type: str | None = Field(default=None, alias="contentType")
    payload: Any = None
    replacements: tuple[Replacement, ...] = ()


class Step(Record):
    """One call of an operation or workflow."""

    step_id: str = Field(alias="stepId")
    description: str = ""
    operation_id: str | None = Field(default=None, alias="operationId")
    operation_path: str | None = Field(default=None, alias="operationPath")
    workflow_id: str | None = Field(default=None, alias="workflowId")
    parameters: tuple[AnyParameter, ...] = ()
    request_body: RequestBody | None = Field(default=None, alias="requestBody")
    success_criteria: tuple[Criterion, ...] = Field(default=(), alias="successCriteria")
    on_success: tuple[AnyAction, ...] = Field(default=(), alias="onSuccess")
    on_failure: tuple[AnyAction, ...] = Field(default=(), alias="onFailure")
    outputs: dict[str, str] = Field(default_factory=dict)


class ArazzoWorkflow(Record):
    """Steps in order, with what goes in and comes out."""

    workflow_id: str = Field(alias="workflowId")
    summary: str = ""
    description: str = ""
    inputs: dict[str, Any] = Field(default_factory=dict)
    depends_on: tuple[str, ...] = Field(default=(), alias="dependsOn")
    steps: tuple[Step, ...] = Field(min_length=1)
    success_actions: tuple[AnyAction, ...] = Field(default=(), alias="successActions")
    failure_actions: tuple[AnyAction, ...] = Field(default=(), alias="failureActions")
    parameters: tuple[AnyParameter, ...] = ()
    outputs: dict[str, str] = Field(default_factory=dict)


class Components(Record):
    """Parts that others refer to."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    success_actions: dict[str, Action] = Field(default_factory=dict, alias="successActions")
    failure_actions: dict[str, Action] = Field(default_factory=dict, alias="failureActions")


class Arazzo(Record):
    """A whole document."""

    arazzo: str
    info: Info
    sources: tuple[Source, ...] = Field(alias="sourceDescriptions", min_length=1)
    workflows: tuple[ArazzoWorkflow, ...] = Field(min_length=1)
    components: Components = Components()


def read(document: Document) -> Arazzo:
    """Return what the document holds; raise DocumentInvalid with every problem and its place."""
    found = list(_problems(document.data))
    if found:
        raise DocumentInvalid([document.locate(problem) for problem in found])
    return Arazzo.model_validate(_plain(document.data))


def is_arazzo(data: Any) -> bool:
    """Tell whether the data says that it is an Arazzo document."""
    return isinstance(data, Mapping) and "arazzo" in data


def _problems(data: Any) -> list[Problem]:
    if not is_arazzo(data):
        message = f"The document is {show(data)}." if not isinstance(data, Mapping) else "It has no `arazzo`."
        return [_problem("", "not-arazzo", message, "Begin with `arazzo: 1.0.1`.")]
    if not _VERSION.fullmatch(str(data["arazzo"])):
        message = f"The version {show(data['arazzo'])} is not known."
        return [_problem("/arazzo", "not-arazzo", message, "Use Arazzo 1.0.")]
    try:
        Arazzo.model_validate(_plain(data))
    except ValidationError as exc:
        told: dict[str, Problem] = {}
        for error in exc.errors(include_url=False, include_context=False):
            if error["type"] == "too_short" and error["input"]:
                continue  # its items are wrong, which is told of each
            where = pointer(_place(data, error["loc"]))
            told.setdefault(
                where, _problem(where, "not-arazzo", _said(error), "Arazzo 1.0 says what stands here.")
            )
        return list(told.values())
    return []


def _place(data: Any, loc: tuple[str | int, ...]) -> list[str | int]:
    """Return where an error stands: pydantic also names the kinds of a union, which no document holds."""
    found: list[str | int] = []
    for part in loc:
        is_there = (
            part in data if isinstance(data, Mapping) else isinstance(data, list) and isinstance(part, int)
        )
        if is_there:
            data = data[part]
            found.append(part)
    return found


def _said(error: Any) -> str:
    name = error["loc"][-1] if error["loc"] else ""
    match error["type"]:
        case "missing":
            return f"There is no `{name}`."
        case "extra_forbidden":
            return f"Nothing here is called `{name}`."
    return f"{error['msg'].removeprefix('Value error, ')}; found {show(error['input'])}."


def _plain(value: Any) -> Any:
    """Return the value without extensions, which mean nothing here."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items() if not str(name).startswith(_EXTENSION)}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _problem(path: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(path=path, code=code, message=message, remedy=remedy)
