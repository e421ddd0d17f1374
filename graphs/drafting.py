"""Drafting: a goal's frame and sketch by a model, checked by code and mended until nothing is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from graphs.embeddings import Embeddings, retrieve
from planner import documents
from planner.decisions import Brief, Decider, Filled
from planner.definition import Workflow
from planner.documents import Parsed
from planner.planning import briefs, constraints, drafts, frame, repair
from planner.planning.briefs import Framed
from planner.planning.constraints import Constraints
from planner.planning.drafts import Draft
from planner.planning.frame import Frame
from planner.planning.plans import Round, Task
from planner.planning.retrieval import index_of
from planner.planning.sketch import Sketch
from tools.catalog import Catalog
from tools.operations import Operation
from tools.problems import Problem

MOST_REPAIRS = 3
"""How often a model is asked to mend its sketch."""
MOST_LISTED = 40
"""Operations that a model is shown at most, those that fit the goal best."""
SECONDS = 60.0
"""How long one request may take in all."""


class Place(NamedTuple):
    """Where a definition comes to stand."""

    name: str
    """The workflow's name."""
    catalog: Catalog
    workflows: Mapping[str, Workflow]
    """Those that it may run, by name."""
    limits: Constraints = Constraints()
    """What it may not do."""

    def check(self, draft: Draft) -> Parsed:
        """Return the workflow of a draft and everything that is wrong with it."""
        text = orjson.dumps(draft.definition).decode()
        parsed = documents.check(text, catalog=self.catalog, workflows=self.workflows)
        if parsed.workflow is None:
            return parsed
        broken = constraints.broken(self.limits, parsed.workflow, self.catalog, self.workflows)
        return parsed._replace(problems=(*parsed.problems, *broken))


class Drafted(NamedTuple):
    """A sketch, and what was made of it."""

    sketch: Sketch
    draft: Draft
    parsed: Parsed


class _Turn(NamedTuple):
    """What came of asking for a sketch once."""

    written: Mapping[str, Any]
    """The sketch, as a model tells one."""
    drafted: Drafted | None
    """None where no definition can be made of it."""
    problems: Sequence[Problem]

    @property
    def rank(self) -> tuple[bool, int]:
        """Return how bad it is; the lower the better."""
        return self.drafted is None, len(self.problems)


class Drafter:
    """Asks one model for one goal, and keeps what was asked."""

    def __init__(
        self,
        goal: str,
        decider: Decider,
        catalog: Catalog,
        limits: Constraints = Constraints(),  # noqa: B008 - frozen
        *,
        embeddings: Embeddings | None = None,
    ) -> None:
        self._goal, self._decider, self._catalog = goal, decider, catalog
        self._allowed, self._embeddings = constraints.allowed(limits, catalog.operations), embeddings
        self._operations: list[Operation] = []
        self._signed = index_of(catalog).signatures
        self.rounds: list[Round] = []
        self.notes: list[str] = []
        """What did not go as it is configured, one sentence each."""

    async def frame(self, told: Frame, shown: Frame) -> Framed | None:
        """Return what the goal wants and knows; None where the model gave no usable answer.

        Args:
            told: what is known beside the goal.
            shown: the same without secrets, as the model may see it.
        """
        await self._look(shown.goal)
        schema = briefs.frame_schema([item.name for item in self._operations], self._signed)
        given = {"known": dict(shown.have), "operations": self._listed}
        filled = await self._ask("frame", schema, given)
        self._note("frame", filled)
        return None if filled.value is None else briefs.read_frame(self._goal, filled.value, told.have)

    @property
    def outcome(self) -> str:
        """Return what came of asking last."""
        return next(
            (each.outcome_class for each in reversed(self.rounds) if each.outcome_class), "unavailable"
        )

    async def sketch(self, wanted: Frame, place: Place) -> Drafted | None:
        """Return the best of what the model sketched; None where it gave no usable answer."""
        await self._look(wanted.goal)
        shown = {item.name for item in self._operations}
        self._operations += [item for item in _wanted(wanted, self._catalog) if item.name not in shown]
        allowed = constraints.allowed(wanted.constraints, self._catalog.operations)
        self._operations = [item for item in self._operations if item.name in allowed]
        if not self._operations:
            return None
        known = {".".join(item.path): list(item.kinds) for item in frame.known(wanted)}
        best = await self._turn("sketch", {"want": list(wanted.want), "known": known}, wanted, place)
        for _ in range(MOST_REPAIRS):
            if best is None or not best.problems:
                break
            defects = [_defect(problem) for problem in best.problems]
            given = {"known": known, "sketch": best.written, "defects": defects}
            better = await self._turn("repair", given, wanted, place)
            if better is None or better.rank >= best.rank:
                break
            best = better
        return None if best is None else best.drafted

    async def _look(self, goal: str) -> None:
        """Find the operations that fit the goal best, unless that was done; all where they are few."""
        if self._operations:
            return
        if len(self._allowed) <= MOST_LISTED:
            self._operations = list(self._allowed.values())
            return
        found = await retrieve(goal, self._catalog, self._embeddings, most=MOST_LISTED)
        names = [each.operation for each in found.found]
        self._operations = [self._allowed[name] for name in names if name in self._allowed]
        self.notes += [found.remark] if found.remark else []

    @property
    def _listed(self) -> list[dict[str, Any]]:
        return briefs.listed(self._operations, self._signed)

    async def _ask(self, task: Task, schema: Mapping[str, Any], given: Mapping[str, Any]) -> Filled:
        filled = await self._decider.fill(Brief(self._goal, schema, task, given), deadline_seconds=SECONDS)
        usable = filled.outcome_class == "ok" and isinstance(filled.value, dict)
        return filled if usable else filled.model_copy(update={"value": None})

    async def _turn(
        self, task: Task, given: Mapping[str, Any], wanted: Frame, place: Place
    ) -> "_Turn | None":
        """Return what came of asking once; None where nothing usable did."""
        schema = briefs.sketch_schema([item.name for item in self._operations])
        told = await self._ask(task, schema, {**given, "operations": self._listed})
        if told.value is None:
            self._note(task, told)
            return None
        read = briefs.read_sketch(told.value)
        self._note(task, told, read.problems)
        if read.sketch is None:
            return _Turn(told.value, None, read.problems)
        drafted = self._checked(read.sketch, wanted, place)
        return _Turn(briefs.written(drafted.sketch), drafted, drafted.parsed.problems)

    def _checked(self, sketch: Sketch, wanted: Frame, place: Place) -> Drafted:
        """Return what became of a sketch once code has mended what it can."""
        checked = self._check(sketch, wanted, place)
        self.rounds[-1] = self.rounds[-1].model_copy(update={"defects": _codes(checked.parsed.problems)})
        while checked.parsed.problems:
            repaired = repair.repair(checked.sketch, checked.parsed.problems, self._catalog.operations)
            if not repaired.mended:
                break
            mended = self._check(repaired.sketch, wanted, place)
            if len(mended.parsed.problems) >= len(checked.parsed.problems):
                break
            checked = mended
            codes = _codes(checked.parsed.problems)
            self.rounds.append(Round(task="repair", by="code", mended=repaired.mended, defects=codes))
        return checked

    def _check(self, sketch: Sketch, wanted: Frame, place: Place) -> Drafted:
        draft = drafts.sketched(sketch, wanted, self._catalog, name=place.name)
        return Drafted(sketch, draft, place.check(draft))

    def _note(self, task: Task, told: Filled, problems: Sequence[Problem] = ()) -> None:
        noted = {"outcome_class": told.outcome_class, "usage": told.usage, "defects": _codes(problems)}
        self.rounds.append(Round(task=task, by="model", **noted))


def _codes(problems: Sequence[Problem]) -> tuple[str, ...]:
    return tuple(problem.code for problem in problems)


def _defect(problem: Problem) -> dict[str, str]:
    return {
        "code": problem.code,
        "path": problem.path,
        "found": problem.message,
        "remedy": problem.remedy,
    }


def _wanted(wanted: Frame, catalog: Catalog) -> list[Operation]:
    return [catalog.operations[name] for name in wanted.want if name in catalog.operations]
