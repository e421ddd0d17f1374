"""One contract on every database: SQLite, and PostgreSQL where its programs are installed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from planner.clock import new_id
from planner.decisions import Decision, Offered, WorkflowRef
from planner.definition import Workflow
from planner.journal import Append, Entry, Numbered
from planner.runs import PersonAnswer, PersonQuestion, Run
from planner.store import Database, runs

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Make:
    """Makes records that are valid and differ only where a test says so."""

    at = AT

    def later(self, **by: float) -> datetime:
        return AT + timedelta(**by)

    def run(self, **fields: Any) -> Run:
        defaults = {
            "id": new_id(),
            "workflow": WorkflowRef(name="late-order", version="1.2.0", sha256="ab" * 32),
            "created_at": AT,
            "updated_at": AT,
        }
        return Run(**defaults | fields)

    def entry(self, seq: int = 1, **fields: Any) -> Numbered:
        defaults = {"kind": "outcome", "path": "order", "at": AT, "body": {"outcome": "applied"}}
        return Numbered(seq, Entry(**defaults | fields))

    def decision(self, **fields: Any) -> Decision:
        defaults = {
            "decision_id": new_id(),
            "kind": "choose",
            "run_id": "a-run",
            "workflow": WorkflowRef(name="late-order", version="1.2.0", sha256="ab" * 32),
            "point": "late-order/resolve",
            "ts": AT,
            "question": "What now?",
            "options": (Offered(id="refund"), Offered(id="reship", available=False, excluded_by="no stock")),
            "decided_by": "model",
            "choice": "refund",
        }
        return Decision(**defaults | fields)

    def question(self, run: Run, **fields: Any) -> PersonQuestion:
        defaults = {
            "decision_id": new_id(),
            "run_id": run.id,
            "workflow": "late-order",
            "kind": "choose",
            "point": "late-order/ask",
            "path": "ask",
            "question": "What should we do?",
            "options": (Offered(id="refund"), Offered(id="reship", available=False, excluded_by="no stock")),
            "asked_at": AT,
        }
        return PersonQuestion(**defaults | fields)

    def answer(self, choice: str = "refund", **fields: Any) -> PersonAnswer:
        return PersonAnswer(**{"choice": choice, "actor": "ada", "at": AT} | fields)

    def workflow(self, **fields: Any) -> Workflow:
        defaults = {"workflow": "late-order", "version": "1.2.0", "steps": {"stop": {"fail": "no"}}}
        return Workflow.model_validate(defaults | fields)

    def claimed(self, database: Database, **fields: Any) -> Run:
        """A run that is kept and claimed, so that appends under its epoch are taken."""
        run = database.write_sync(runs.create, self.run(**fields))
        found = database.write_sync(runs.claim, worker="w1", now=AT, lease_seconds=30, run_id=run.id)
        return found[0]

    def append(self, run: Run, seq: int = 1, **fields: Any) -> Append:
        return Append(run.id, run.epoch, (self.entry(seq),), **fields)


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def held() -> Callable[[Database], Any]:
    """Hold the writer thread back for a while, so that what is submitted meanwhile becomes one group."""

    @contextmanager
    def hold(database: Database) -> Iterator[None]:
        reached, go_on = threading.Event(), threading.Event()

        def wait(tx: Any) -> None:
            reached.set()
            assert go_on.wait(10)

        blocked = threading.Thread(target=database.write_sync, args=(wait,))
        blocked.start()
        try:
            assert reached.wait(10)
            yield
        finally:
            go_on.set()
            blocked.join()

    return hold
