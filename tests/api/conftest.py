"""The real application over a small project of Python functions, spoken to as a client would."""

import asyncio
import json
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from planner import settings

YAML = {"Content-Type": "application/yaml"}

CATALOG = """
services:
  floor:
    python:
      price: "floor_operations:price"
      pay: "floor_operations:pay"
      refund: "floor_operations:refund"
      slow: "floor_operations:slow"
      odd: "floor_operations:odd"
    operations:
      price: {effect: read}
      pay: {effect: write, undo: {call: floor.refund, with: {id: "${output.id}"}}}
      refund: {effect: idempotent}
      slow: {effect: read}
  desk:
    openapi: desk.json
    base_url: http://127.0.0.1:9
    headers: {X-Tenant: canary-static-header}
    auth: {bearer: {secret: DESK_TOKEN}}
"""

DESK = {
    "openapi": "3.1.0",
    "info": {"title": "desk", "version": "1"},
    "paths": {
        "/notes/{id}": {
            "get": {
                "operationId": "getNote",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "a note"}},
            }
        }
    },
}

QUOTE = """
workflow: quote
version: 1.0.0
goal: Tell the price of an article.
input: {type: object, required: [sku], properties: {sku: {type: string}}, additionalProperties: false}
steps:
  price: {call: floor.price, with: {sku: "${input.sku}"}}
output: {amount: "${price.amount}"}
"""

APPROVE = """
workflow: approve
version: 1.0.0
goal: Have a person approve a payment.
input: {type: object, required: [amount], properties: {amount: {type: integer}}}
steps:
  ask:
    decide: Shall it be paid?
    by: person
    given: {amount: "${input.amount}"}
    options:
      pay: {means: Pay it., then: pay}
      never: {means: Not with this amount., when: "${input.amount > 1000}", then: end}
      leave: {means: Do nothing., then: end}
    otherwise: leave
  pay: {call: floor.pay, with: {amount: "${input.amount}"}, then: end}
output: {choice: "${ask.choice}"}
"""

DOUBT = """
workflow: doubt
version: 1.0.0
goal: Make a payment whose outcome nobody knows.
steps:
  pay:
    call: floor.pay
    with: {amount: 13}
    recover: {decide: Was it paid?, by: person, otherwise: fail}
output: {id: "${pay.id}"}
"""

SLOW = """
workflow: slow
version: 1.0.0
goal: Take a while.
input: {type: object, required: [seconds], properties: {seconds: {type: number}}}
steps:
  nap: {call: floor.slow, with: {seconds: "${input.seconds}"}}
  more: {call: floor.slow, with: {seconds: 0.0}}
output: {slept: "${nap.slept}"}
"""


class Client:
    """A client of one application, on an event loop of its own that runs while a request is made."""

    def __init__(self, app, runner):
        self.app, self._runner = app, runner
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def request(self, method, url, **more):
        return self._runner.run(self.http.request(method, url, **more))

    def get(self, url, **more):
        return self.request("GET", url, **more)

    def post(self, url, **more):
        return self.request("POST", url, **more)

    def put(self, url, **more):
        return self.request("PUT", url, **more)

    def register(self, text):
        return self.post("/v1/workflows", content=text, headers=YAML)

    def run(self, workflow, given=None, **headers):
        """Begin a run, wait until it has stopped, and return it."""
        body = {"workflow": workflow, "input": given or {}}
        answer = self.post("/v1/runs", json=body, headers={"Prefer": "wait=10", **headers})
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def do(self, coroutine):
        return self._runner.run(coroutine)


@pytest.fixture(autouse=True)
def operations(monkeypatch):
    """Let the project's functions be found."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture
def project(tmp_path):
    """Return the folder of a project with one service of functions and one of HTTP."""
    workflows = tmp_path / "workflows"
    workflows.mkdir()
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    (tmp_path / "desk.json").write_text(json.dumps(DESK))
    for name, text in {"quote": QUOTE, "approve": APPROVE, "doubt": DOUBT, "slow": SLOW}.items():
        (workflows / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def configured(project):
    """Return what makes the settings of the project."""

    def make(**more):
        return settings.load(project=project, database_url=f"sqlite:///{project}/planner.db", **more)

    return make


@pytest.fixture
def opened(configured):
    """Return what opens an application over the project and yields its client."""

    @contextmanager
    def open_(**more):
        app = create_app(configured(**more))
        stack = AsyncExitStack()
        with asyncio.Runner() as runner:
            runner.run(stack.enter_async_context(app.router.lifespan_context(app)))
            try:
                yield Client(app, runner)
            finally:
                runner.run(stack.aclose())

    return open_


@pytest.fixture
def client(opened):
    """Return a client of the application with plain settings."""
    with opened() as made:
        yield made
