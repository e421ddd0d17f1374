"""The table: what becomes of a workflow at each place under each fault, cell by cell."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from evals import invariants
from evals.answers import ModelAnswer, ServiceAnswer
from evals.clock import VirtualLoop, contained
from evals.errors import AnswerImpossible, EvalError
from evals.explore.points import Unlike
from evals.explore.search import Bounds
from evals.explore.subject import Subject
from evals.faults import sites, strike
from evals.faults.classes import SERVICE_CLASSES, ServiceClass
from evals.faults.sites import Place, Site
from evals.faults.strike import Strike
from evals.history import History
from graphs.runner import Ended
from planner.definition import Call, Decide
from planner.errors import PlannerError
from planner.faults import cases
from planner.faults.faulty import Fault
from tools.errors import ToolError
from tools.records import Record

Status = Literal["passed", "failed", "not reached"]
_BOUNDS = Bounds(faults=1)


class Cell(Record):
    """What becomes of one place under one fault."""

    fault: str
    status: Status
    reason: str = ""
    """What is wrong, or why it is not reached."""
    outcome: str = ""
    """Class of the model's answer or of the call."""
    ended: str = ""
    """How the run ended."""


class Row(Record):
    """One place under every fault."""

    kind: Literal["decision", "call"]
    name: str
    cells: tuple[Cell, ...]

    def count(self, status: Status) -> int:
        """Return how many cells are so."""
        return sum(cell.status == status for cell in self.cells)


class Coverage(Record):
    """A workflow under every fault."""

    workflow: str
    rows: tuple[Row, ...]

    def count(self, status: Status) -> int:
        """Return how many cells are so."""
        return sum(row.count(status) for row in self.rows)


def cover(subject: Subject, *, point: str | None = None) -> Coverage:
    """Return what becomes of a workflow at every place under every fault, or at those named `point`."""
    found = sites.find(subject, _BOUNDS)
    wanted = [place for place in found.reached if point in {None, place.path, place.operation}]
    rows: list[Row] = []
    with contained(), asyncio.Runner(loop_factory=VirtualLoop) as loop:
        loop.run(_fill(rows, subject, {place: found.reached[place] for place in sorted(wanted)}))
    missed = [place for place in found.missed if point in {None, place.path, place.operation}]
    rows += [_missed(place, found.reason) for place in missed]
    return Coverage(workflow=subject.workflow.workflow, rows=tuple(rows))


async def _fill(rows: list[Row], subject: Subject, reached: Mapping[Place, Site]) -> None:
    """Append a row for each place; returns nothing, since a runner writes out what a task returns."""
    for place, site in reached.items():
        cells = [await _cell(subject, site, place, fault=fault) for fault in _faults(place).values()]
        rows.append(Row(kind=place.kind, name=place.name, cells=tuple(cells)))


def _faults(place: Place) -> Mapping[str, Fault | ServiceClass]:
    if place.kind == "decision":
        return cases.by_name()
    return {each.name: each for each in SERVICE_CLASSES}


def _missed(place: Place, reason: str) -> Row:
    cells = tuple(Cell(fault=name, status="not reached", reason=reason) for name in _faults(place))
    return Row(kind=place.kind, name=place.name, cells=cells)


async def _cell(subject: Subject, site: Site, place: Place, *, fault: Fault | ServiceClass) -> Cell:
    answer: ModelAnswer | ServiceAnswer = (
        strike.model_fault(fault.name) if isinstance(fault, Fault) else fault.answer
    )
    path = Strike(subject, site, place, fault=answer)
    try:
        ended, history = await strike.play(path)
    except AnswerImpossible as exc:
        return Cell(fault=fault.name, status="not reached", reason=str(exc))
    except (PlannerError, ToolError, EvalError, Unlike) as exc:
        return Cell(fault=fault.name, status="failed", reason=f"{type(exc).__name__}: {exc}")
    if not path.is_struck:
        return Cell(fault=fault.name, status="not reached", reason="the path that leads there went past it")
    wrong = next(_wrong(path, ended, history, fault=fault), "")
    outcome = path.answer.outcome_class if path.answer else path.outcome.kind if path.outcome else ""
    status: Status = "failed" if wrong else "passed"
    return Cell(fault=fault.name, status=status, reason=wrong, outcome=outcome, ended=ended.status)


def _wrong(path: Strike, ended: Ended, history: History, *, fault: Fault | ServiceClass) -> Iterator[str]:
    if isinstance(fault, Fault):
        yield from _decided(path, history, fault)
    elif path.outcome is not None and path.outcome.kind not in fault.seen_as:
        yield f"the call was taken for {path.outcome.kind}, not for one of {sorted(fault.seen_as)}"
    if ended.status not in {*invariants.ENDED, "waiting"}:
        yield f"the run ended as {ended.status!r}"
    for violation in invariants.violations(history):
        yield f"{violation.invariant}: {violation.message}"
    for violation in path.subject.rules.violations(history):
        yield f"{violation.invariant}: {violation.message}"


def _decided(path: Strike, history: History, fault: Fault) -> Iterator[str]:
    """Yield what is wrong with the answer and with the one record of it."""
    answer = path.answer
    if answer is None or answer.outcome_class != fault.outcome_class:
        yield f"its class is {answer and answer.outcome_class}, not {fault.outcome_class}"
        return
    told = [attempt.model_dump(mode="json") for attempt in answer.attempts]
    made = [each for each in history.decisions if each["path"] == path.decision_spot]
    records = [each for each in made if each["attempts"] == told]
    if len(records) != 1:
        yield f"it left {len(records)} decision records"
        return
    yield from _taken(path, records[0], fault)


def _taken(path: Strike, record: Mapping[str, Any], fault: Fault) -> Iterator[str]:
    offered = {option["id"] for option in record["options"] if option["available"]}
    is_unsure = record["outcome_class"] == "abstained" and path.subject.is_gated(path.decision_spot)
    if fault.outcome_class == "ok" and not is_unsure:
        if record["decided_by"] != "model" or record["choice"] not in offered:
            yield f"{record['choice']!r} was taken by {record['decided_by']}, and the answer can be used"
        return
    if record["decided_by"] != "otherwise":
        yield f"{record['choice']!r} was taken by {record['decided_by']}, and no answer can be used"
    elif not is_unsure and record["outcome_class"] != fault.outcome_class:
        yield f"the record says {record['outcome_class']}, not {fault.outcome_class}"
    step = path.subject.step(path.decision_spot)
    if isinstance(step, Decide) and record["choice"] != step.otherwise:
        yield f"{record['choice']!r} was taken, and `otherwise` is {step.otherwise!r}"
    elif isinstance(step, Call) and record["choice"] not in offered:
        yield f"{record['choice']!r} was taken, which was not offered"


def lines(found: Coverage) -> Iterator[str]:
    """Yield the table as people read it, and every cell that did not pass."""
    yield f"{found.workflow}"
    width = max((len(row.name) for row in found.rows), default=0)
    for row in found.rows:
        told = ", ".join(_shares(row))
        yield f"  {row.kind:8}  {row.name:{width}}  {told}"
    for row in found.rows:
        yield from _odd(row)


def _shares(row: Row) -> Iterator[str]:
    """Yield how many faults passed by the class that came of them, and how many did not."""
    passed: dict[str, int] = {}
    for cell in row.cells:
        if cell.status == "passed":
            passed[cell.outcome] = passed.get(cell.outcome, 0) + 1
    yield from (f"{outcome} {count}" for outcome, count in sorted(passed.items()))
    for status in ("failed", "not reached"):
        if count := row.count(status):
            yield f"{status} {count}"


def _odd(row: Row) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in row.cells:
        if cell.status != "passed":
            reasons.setdefault((cell.status, cell.reason), []).append(cell.fault)
    for (status, reason), names in reasons.items():
        told = "every fault" if len(names) == len(row.cells) else ", ".join(names)
        yield f"  {status}: {row.name}: {told}: {reason}"


def totals(found: Sequence[Coverage]) -> dict[str, int]:
    """Return how many cells there are of each kind."""
    statuses: tuple[Status, ...] = ("passed", "failed", "not reached")
    return {status.replace(" ", "_"): sum(each.count(status) for each in found) for status in statuses}
