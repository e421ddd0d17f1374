"""The front: where on a server each served case is, what it has, and how it is begun anew."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote

from evals.errors import RequestUnserved
from evals.jobs import Job
from evals.mock.exchange import Request, Told, as_json
from evals.mock.served import MODEL, SERVICES, Served, refusal

_NAMES = 2
"""Segments of a path that name a case: its suite and its id."""


class Front:
    """All served cases; every one is at `/SUITE/CASE`."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.cases = {job.name: Served(job) for job in jobs}

    def answer(self, request: Request) -> Told:
        """Return what a request is answered; errors are answers too."""
        parts = request.path.strip("/").split("/")
        if parts == [""]:
            return as_json(200, {"cases": self.listing(_origin(request))})
        served = self.cases.get("/".join(map(unquote, parts[:_NAMES])))
        if served is None:
            return refusal(RequestUnserved(f"no case is served at {request.path}; GET / lists all"))
        if len(parts) == _NAMES:
            return _state(served, request)
        return served.answer(request.moved("/" + "/".join(parts[_NAMES:])))

    def listing(self, origin: str) -> list[dict[str, Any]]:
        """Return where each case is on a server at this address, as JSON."""
        return [_listed(name, served, origin) for name, served in self.cases.items()]

    def trouble(self) -> Iterator[str]:
        """Yield a sentence for all that was wrong with the cases of which anything was asked."""
        for name, served in self.cases.items():
            if served.asked:
                yield from (f"{name}: {sentence}" for sentence in (*served.errors, *served.unused))


def _origin(request: Request) -> str:
    return f"http://{request.headers.get('host', '')}"


def _state(served: Served, request: Request) -> Told:
    if request.method == "DELETE":
        served.begin()
        return Told(204)
    if request.method == "GET":
        return as_json(200, served.state())
    told = "GET tells what was asked of a case, DELETE begins it anew"
    return refusal(RequestUnserved(f"a case takes no {request.method}: {told}"))


def _listed(name: str, served: Served, origin: str) -> dict[str, Any]:
    at = f"{origin}/{'/'.join(quote(part, safe='') for part in name.split('/', 1))}"
    model = None if served.job.case.model == "absent" else f"{at}/{MODEL}"
    services = {each: f"{at}/{SERVICES}/{each}" for each in served.services}
    environment = {"PLANNER_SERVICES": json.dumps(services)}
    if model is not None:
        environment |= {"PLANNER_MODEL__BASE_URL": model, "PLANNER_MODEL__NAME": "scripted"}
    return {
        "case": name,
        "title": served.job.case.title,
        "state": at,
        "model": model,
        "services": services,
        "environment": environment,
    }
