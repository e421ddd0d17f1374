"""A small project with a bank and a clerk, and suites of one case over it."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from evals import jobs, load, project, runner
from evals.jobs import CaseResult, Job, Loaded

ANSWER = {
    "type": "object",
    "required": ["id", "amount"],
    "properties": {"id": {"type": "string"}, "amount": {}},
}


def operation(name: str, *fields: str, answer: dict[str, Any] = ANSWER) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": list(fields),
        "additionalProperties": False,
        "properties": {field: {"type": "number" if field == "amount" else "string"} for field in fields},
    }
    return {
        "post": {
            "operationId": name,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": answer}}}},
        }
    }


FOUND = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": ANSWER}}}
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "bank", "version": "1"},
    "paths": {
        "/charges": operation("charge", "order", "amount"),
        "/refunds": operation("refund", "charge"),
        "/find": operation("find", "order", answer=FOUND),
        "/holds": operation("hold", "order"),
        "/looks": operation("look", "order"),
    },
}
CATALOG = """
services:
  bank:
    openapi: bank.json
    base_url: http://127.0.0.1:9
    operations:
      look: {effect: read, timeout: PT1S}
      find: {effect: read}
      hold: {effect: keyed, timeout: PT1S}
      refund: {effect: idempotent}
      charge:
        effect: write
        timeout: PT2S
        undo: {call: refund, with: {charge: "${output.id}"}}
        reconcile:
          call: find
          with: {order: "${input.order}"}
          applied_when: "${size(found.items) > 0}"
          output: "${found.items[0]}"
        check: "${output.amount == input.amount}"
  clerk:
    python: {stamp: "textwrap:shorten"}
    operations: {stamp: {effect: read}}
"""
PAY = """
workflow: pay
goal: Take the money once.
input:
  type: object
  additionalProperties: false
  required: [order, amount]
  properties: {order: {type: string}, amount: {type: number}}
steps:
  seen: {call: bank.look, with: {order: "${input.order}"}}
  how:
    decide: How is it paid?
    given: {amount: "${input.amount}"}
    options:
      card: {means: By card., then: charge}
      later: {means: Later., when: "${input.amount < 100.0}", then: end}
      ask: {means: Ask., then: clerk}
    otherwise: ask
  clerk:
    decide: What now?
    by: person
    within: PT1H
    options: {card: {then: charge}, later: {then: end}}
    otherwise: later
  charge:
    call: bank.charge
    with: {order: "${input.order}", amount: "${input.amount}"}
    recover: {decide: What now?, allow: [reconcile, retry, person, fail], otherwise: fail}
  after: {wait: PT1H}
output: {id: "${has(charge.id) ? charge.id : ''}"}
"""
EACH = """
workflow: each
input: {type: object, properties: {orders: {type: array, items: {type: string}}}}
steps:
  all:
    foreach: "${input.orders}"
    steps:
      held: {call: bank.hold, with: {order: "${item}"}}
      nod: {decide: Go on?, given: {order: "${item}"}, options: {go: {}, stop: {}}, otherwise: stop}
  inner: {run: stamped, with: {text: "${input.orders[0]}"}}
output: {all: "${all}"}
"""
PATIENT = """
workflow: patient
input: {type: object, required: [order], properties: {order: {}}}
steps:
  first: {call: bank.hold, with: {order: "${input.order}"}, optional: true, recover: {by: rule}}
  second: {call: bank.hold, with: {order: "${input.order}"}, optional: true, recover: {by: rule}}
  pause: {wait: PT1M}
  third: {call: bank.hold, with: {order: "${input.order}"}, optional: true, recover: {by: rule}}
"""
STAMPED = """
workflow: stamped
input: {type: object, required: [text], properties: {text: {type: string}}}
steps:
  stamp: {call: clerk.stamp, with: {text: "${input.text}", width: 5}}
output: {stamp: "${stamp}"}
"""
HEAD = """\
schema: evals/1
suite: small
workflow: pay
cases:
"""
CHARGED = "{id: c-1, amount: 5.0}"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the project."""
    made = tmp_path_factory.mktemp("project")
    (made / "bank.json").write_text(json.dumps(OPENAPI), encoding="utf-8")
    (made / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    (made / "workflows").mkdir()
    for name, text in {"pay": PAY, "each": EACH, "patient": PATIENT, "stamped": STAMPED}.items():
        (made / "workflows" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return made


@pytest.fixture(scope="session")
def small(folder: Path) -> project.Project:
    """Return the project."""
    return project.load(folder)


class Desk:
    """Writes case files and runs them."""

    def __init__(self, known: project.Project, where: Path) -> None:
        self.project, self.where = known, where

    def file(self, cases: str, *, head: str = HEAD, name: str = "small.eval.yaml") -> Path:
        path = self.where / name
        path.write_text(head + textwrap.dedent(cases), encoding="utf-8")
        return path

    def problems(self, cases: str, **more: Any) -> list[str]:
        return [str(each).partition("eval.yaml:")[2] for each in self.read(cases, **more).problems]

    def read(self, cases: str, **more: Any) -> load.Read:
        return load.check(self.file(cases, **more), self.project)

    def jobs(self, cases: str, **more: Any) -> list[Job]:
        found = self.read(cases, **more)
        assert [str(each) for each in found.problems] == []
        assert found.suite is not None
        return jobs.listed([Loaded("small.eval.yaml", found.suite, self.project)])

    def run(self, cases: str, *, engine: str = "driver", **more: Any) -> CaseResult:
        return runner.run(self.jobs(cases, **more)[0], engine=engine)

    def pay(self, rest: str, **more: Any) -> CaseResult:
        """Run one case of `pay` over five coins; `rest` is what stands below its id and input."""
        return self.run(self.case(rest), **more)

    def case(self, rest: str) -> str:
        below = textwrap.indent(textwrap.dedent(rest).strip(), "  ")
        return f"- id: one-case\n  input: {{order: o-1, amount: 5.0}}\n{below}\n"


@pytest.fixture
def desk(small: project.Project, tmp_path: Path) -> Desk:
    """Return where cases are written and run."""
    return Desk(small, tmp_path)
