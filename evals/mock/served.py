"""Served cases: what the model and the services of each answer, and what was asked of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from evals.errors import AnswerImpossible, EvalError, RequestUnserved, ScriptUnmatched
from evals.jobs import Job
from evals.mock.exchange import Request, Told, as_json
from evals.mock.model import ServedModel
from evals.mock.services import ServedServices
from evals.stage import Scripts
from tools.records import Record

_STATUSES: Mapping[type[EvalError], int] = {RequestUnserved: 404, ScriptUnmatched: 400, AnswerImpossible: 500}
PROBLEM = "application/problem+json"
MODEL, SERVICES = "model/v1", "services"
"""Where the model and the services are, below the address of a case."""


class Asked(Record):
    """One request that reached a case."""

    seq: int
    """Counted from 1."""
    request: str
    """Its method and path below the address of the case."""
    name: str = ""
    """The operation or the decision point that it asks for."""
    key: str | None = None
    """Idempotency key, where the operation honours one."""
    error: str | None = None
    """Why it was answered with an error that the case has not scripted."""


class _Part(NamedTuple):
    """What a request asks for, and what answers it."""

    name: str
    told: Told
    key: str | None = None


class Served:
    """One case as endpoints."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.begin()

    def begin(self) -> None:
        """Begin anew: every answer is there again, and nothing was asked."""
        setting = self.job.setting
        self._is_strict = setting.unused == "error"
        self._scripts = Scripts(setting)
        self._model = ServedModel(self._scripts.model)
        self._services = ServedServices(self.job.loaded.project.catalog, self._scripts.services)
        self.asked: list[Asked] = []
        """Every request so far, in order."""

    @property
    def services(self) -> list[str]:
        """Names of the services that answer."""
        return self._services.names

    @property
    def unused(self) -> list[str]:
        """A sentence for every answer of the case's own that was not asked for."""
        model = [] if self._scripts.model is None else self._scripts.model.unused()
        return [*model, *self._scripts.services.unused()] if self._is_strict else []

    @property
    def errors(self) -> list[str]:
        """A sentence for every request that the case has no answer to."""
        return [f"{each.request}: {each.error}" for each in self.asked if each.error is not None]

    def state(self) -> dict[str, Any]:
        """Return what was asked so far and what is still to be asked for, as JSON."""
        return {
            "case": self.job.name,
            "asked": [each.model_dump(mode="json") for each in self.asked],
            "errors": self.errors,
            "unused": self.unused,
        }

    def answer(self, request: Request) -> Told:
        """Return what a request below the address of the case is answered; errors are answers too."""
        seq, shown = len(self.asked) + 1, f"{request.method} {request.path}"
        is_model = request.path.startswith(f"/{MODEL}")
        try:
            part = self._of_model(request) if is_model else self._of_service(request)
        except EvalError as exc:
            self.asked.append(Asked(seq=seq, request=shown, error=str(exc)))
            return refusal(exc, is_model=is_model)
        self.asked.append(Asked(seq=seq, request=shown, name=part.name, key=part.key))
        return part.told

    def _of_model(self, request: Request) -> _Part:
        below = request.moved(request.path.removeprefix(f"/{MODEL}"))
        return _Part(self._model.point(below), self._model.answer(below))

    def _of_service(self, request: Request) -> _Part:
        head, name, path = [*request.path[1:].split("/", 2), "", ""][:3]
        if head != SERVICES:
            raise RequestUnserved(
                f"a case serves /{MODEL}/… and /{SERVICES}/NAME/…, not {request.path or '/'}"
            )
        below = request.moved(f"/{path}")
        found = self._services.route(name, below)
        return _Part(found.operation.name, self._services.answer(found, below), found.key(below))


def refusal(error: EvalError, *, is_model: bool = False) -> Told:
    """Return an error as the model's endpoint tells it, or as services do (RFC 9457)."""
    status = _STATUSES.get(type(error), 500)
    if is_model:
        told = {"message": str(error), "type": "invalid_request_error", "param": None, "code": error.code}
        return as_json(status, {"error": told})
    return as_json(
        status,
        {"type": f"urn:planner:{error.code}", "title": error.code, "status": status, "detail": str(error)},
        PROBLEM,
    )
