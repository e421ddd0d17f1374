"""The services of a served case: each answers requests below an address of its own."""

from collections.abc import Mapping

from evals.answers import ServiceAnswer
from evals.errors import RequestUnserved
from evals.mock import arguments
from evals.mock.arguments import Route
from evals.mock.exchange import Request, Told
from evals.replies import CONNECT, HANG, RESET, Response, reply
from evals.scripts import Script
from evals.services import check_possible
from planner.faults import faulty
from tools import responses, schemas
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation

_BROKEN = {HANG: faulty.hang, RESET: faulty.reset}
_LEAST = 200
"""The lowest status of a whole answer."""


class ServedServices:
    """Answers requests with what the case has for the operation that each asks for."""

    def __init__(self, catalog: Catalog, script: Script[ServiceAnswer]) -> None:
        self._script = script
        self._operations: dict[str, list[Operation]] = {}
        for each in catalog.operations.values():
            if isinstance(each.binding, HttpBinding):
                self._operations.setdefault(each.service, []).append(each)

    @property
    def names(self) -> list[str]:
        """The services that answer over HTTP; Python functions of the catalogue do not."""
        return sorted(self._operations)

    def route(self, service: str, request: Request) -> Route:
        """Return the operation that a request asks for.

        Raises:
            RequestUnserved: the service has no such operation.
        """
        known = self._operations.get(service)
        if known is None:
            raise RequestUnserved(f"the catalogue holds no service {service!r}; it holds {self.names}")
        found = arguments.route(known, request)
        if found is None:
            listed = ", ".join(f"{name} ({_line(each)})" for name, each in _by_name(known).items())
            raise RequestUnserved(f"{service} has no {request.method} {request.path}; it has {listed}")
        return found

    def answer(self, asked: Route, request: Request) -> Told:
        """Return what the service sends back.

        Raises:
            RequestUnserved: the arguments are not those of the operation, or the answer cannot be served.
            ScriptUnmatched: the case has no answer to it.
            AnswerImpossible: the real service could not answer so.
        """
        given = arguments.read(asked, request)
        wrong = schemas.problems(asked.operation.input, given)
        if wrong:
            told = "; ".join(str(each) for each in wrong)
            raise RequestUnserved(f"{asked.operation.name} does not take these arguments: {told}")
        answer = self._script.take(asked.operation.name, given)
        response = reply(asked.operation, answer)
        if "return_" in answer.model_fields_set:
            judged = responses.judge(asked.operation, answer.return_, given, status=response.status)
            check_possible(asked.operation, answer, judged)
        return _told(asked.operation, response, answer.delay.total_seconds())


def _told(operation: Operation, response: Response, delay: float) -> Told:
    if response.broken == CONNECT or response.status < _LEAST:
        raise RequestUnserved(
            f"what the case has for {operation.name} cannot be served: the request is here already"
        )
    if response.broken is not None:
        return Told(delay=delay, raw=_BROKEN[response.broken])
    return Told(response.status, response.headers, response.body, delay)


def _by_name(operations: list[Operation]) -> Mapping[str, HttpBinding]:
    return {each.name: each.binding for each in operations if isinstance(each.binding, HttpBinding)}


def _line(binding: HttpBinding) -> str:
    return f"{binding.method} {binding.path}"
