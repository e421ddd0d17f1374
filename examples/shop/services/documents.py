"""Documents: what the services of the shop send and keep, closed against fields they do not know."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A frozen document that refuses fields it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_serialization_defaults_required=True,
        use_attribute_docstrings=True,
    )


class Problem(Document):
    """What went wrong, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Refused(Exception):
    """A service says no, for a reason of its business."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        self.problem = Problem(title=title, status=status, detail=detail)
        super().__init__(detail)


def not_found(kind: str, name: str) -> Refused:
    return Refused(404, "not found", f"there is no {kind} {name!r}")


def conflict(detail: str) -> Refused:
    return Refused(409, "conflict", detail)


def unacceptable(detail: str) -> Refused:
    return Refused(422, "unprocessable", detail)


Json = dict[str, Any]
