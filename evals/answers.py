"""Answers: what the pretended model, services and persons of a case say, and when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, JsonValue, Tag, model_validator

from evals.match import Pattern
from planner.faults import cases
from planner.scripts import ScriptedHttp
from tools.outcomes import Outcome
from tools.records import Record
from tools.wording import hint

FOREVER = "forever"
_APPLIED = {"applied": True, "not_applied": False}

Times = Annotated[int, Field(ge=1)] | Literal["forever"]
MODEL_FAULTS: Mapping[str, str] = {
    "unavailable": "http_500",
    "timeout": "hang",
    "rate_limited": "http_429_retry_after_rubbish",
    "quota": "http_429_insufficient_quota",
    "rejected": "http_401",
    "refused": "refusal",
    "truncated": "finish_length",
    "filtered": "finish_content_filter",
    "rubbish": "plain_text",
    "reset": "reset_before_headers",
}
"""Short names of faults, after the class that comes of them; `rubbish` gives `invalid`."""


def _known_fault(name: str) -> str:
    known = [*MODEL_FAULTS, *cases.by_name()]
    if name not in known:
        raise ValueError(f"a model's endpoint has no fault {name!r}; {hint(name, known)}")
    return name


ModelFault = Annotated[str, AfterValidator(_known_fault)]
"""What an endpoint does wrong: a fault of the planner's registry, or a short name of one."""

ServiceFault = Annotated[
    str,
    Field(
        pattern=r"^(refuse|timeout|reset|unavailable|connect|wrong_body|html|status:[1-5]\d\d)(/(not_)?applied)?$"
    ),
]
"""What a service does wrong; `/applied` and `/not_applied` behind it tell whether it did the work."""


def one_of(record: Record, names: tuple[str, ...]) -> None:
    """Raise ValueError unless exactly one of the fields is told."""
    told = [name for name in names if name in record.model_fields_set]
    if len(told) != 1:
        shown = ", ".join(f"`{name.rstrip('_')}`" for name in names)
        raise ValueError(f"exactly one of {shown} must be told, not {len(told)}")


def many(value: Any, short: str) -> Any:
    """Return one answer, or a list of them, as a list; a text is short for one field."""
    items = value if isinstance(value, list) else [value]
    return [{short: item} if isinstance(item, str) else item for item in items]


class Reply(Record):
    """What the pretended model sends back to one request."""

    choose: str | None = None
    """Id of the option; the envelope around it is written as a real server writes it."""
    reason: str = "as scripted"
    confidence: float | None = 0.9
    content: JsonValue = None
    """The message's content as it stands, whatever it is."""
    message: dict[str, Any] | None = None
    """The whole message."""
    finish_reason: str | None = "stop"
    http: ScriptedHttp | None = None
    """A whole HTTP response."""
    fault: ModelFault | None = None
    delay: timedelta = timedelta()
    """Virtual time before it is sent."""
    usage: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None = None
    """Tokens in and out that the endpoint counts; unless told, about one for four characters."""
    undeclared: bool = False
    """Whether `choose` names an option on purpose that the step does not declare."""

    @model_validator(mode="after")
    def _one(self) -> "Reply":
        one_of(self, ("choose", "content", "message", "http", "fault"))
        return self


class ModelAnswer(Reply):
    """What the pretended model answers to one decision, however often it is asked for it."""

    attempts: tuple[Reply, ...] = ()
    """Replies to the requests of this decision, one after the other; the last one stays."""
    when: Pattern = None
    """Which decisions it answers, by the data that they show."""
    times: Times = 1

    @model_validator(mode="after")
    def _one(self) -> "ModelAnswer":
        one_of(self, ("choose", "content", "message", "http", "fault", "attempts"))
        return self

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What is sent, request by request."""
        return self.attempts or (self,)


class ServiceAnswer(Record):
    """What a pretended service answers to one call."""

    return_: JsonValue = Field(default=None, alias="return")
    """The value of a successful answer; it must be one that the real service could give."""
    status: Annotated[int, Field(ge=100, le=599)] | None = None
    """HTTP status of an answer with `body` and `headers`."""
    fault: ServiceFault | None = None
    outcome: Outcome | None = None
    """What the call comes to, as the caller would classify it; nothing goes over the wire."""
    body: JsonValue = None
    """Body of an answer with `status`, or of a fault that answers."""
    headers: dict[str, str] = Field(default_factory=dict)
    applied: bool | None = None
    """Whether the service did the work: what its own records would show."""
    check: bool = True
    """False where the answer breaks the operation's schema or check on purpose."""
    when: Pattern = None
    """Which calls it answers, by their arguments."""
    times: Times = 1
    delay: timedelta = timedelta()
    """Virtual time before it answers."""

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, told: Any) -> Any:
        """Take the word whether the work was done off the fault."""
        fault = told.get("fault") if isinstance(told, Mapping) else None
        name, slash, word = fault.partition("/") if isinstance(fault, str) else ("", "", "")
        if slash and word in _APPLIED and told.get("applied", _APPLIED[word]) == _APPLIED[word]:
            return {**told, "fault": name, "applied": _APPLIED[word]}
        return told

    @model_validator(mode="after")
    def _one(self) -> "ServiceAnswer":
        one_of(self, ("return_", "status", "fault", "outcome"))
        if "/" in (self.fault or ""):
            raise ValueError(f"`applied` says something else than the fault {self.fault!r}")
        return self


class PersonAnswer(Record):
    """What a pretended person answers to one question, or puts in the place of one choice."""

    choose: str | None = None
    """Id of the option; None where nobody ever answers, which is written `never`."""
    override: str | None = None
    """Id of the option that is put in the place of a choice, made by whomever, before it is acted on."""
    after: timedelta = timedelta(minutes=1)
    """Time between the question, or the choice, and this."""
    actor: str = "u-1"
    value: JsonValue = None
    """What the call would have answered, for the option `applied`."""
    comment: str = ""
    when: Pattern = None
    """Which questions it answers, or choices it replaces, by the data that they show."""
    times: Times = 1

    @model_validator(mode="after")
    def _one(self) -> "PersonAnswer":
        one_of(self, ("choose", "override"))
        if self.override is not None and self.value is not None:
            raise ValueError("`value` belongs to an answer; what overrides a choice has none")
        return self


def _persons(value: Any) -> Any:
    told = many(value, "choose")
    return [{"choose": None} if item == {"choose": "never"} else item for item in told]


ModelAnswers = Annotated[
    tuple[ModelAnswer, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: many(value, "choose"),
        json_schema_input_type=str | ModelAnswer | list[str | ModelAnswer],
    ),
]
ServiceAnswers = Annotated[
    tuple[ServiceAnswer, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: value if isinstance(value, list) else [value],
        json_schema_input_type=ServiceAnswer | list[ServiceAnswer],
    ),
]
PersonAnswers = Annotated[
    tuple[PersonAnswer, ...],
    Field(min_length=1),
    BeforeValidator(_persons, json_schema_input_type=str | PersonAnswer | list[str | PersonAnswer]),
]
ModelScript = Annotated[
    Annotated[Literal["absent"], Tag("absent")] | Annotated[dict[str, ModelAnswers], Tag("answers")],
    Discriminator(lambda value: "absent" if isinstance(value, str) else "answers"),
]
