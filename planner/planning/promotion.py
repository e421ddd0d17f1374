"""Promotion: from a plan that has proven itself to a named workflow, and out of service again. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime

from planner.decisions import Decision
from planner.definition import Workflow
from planner.effects import Effect
from planner.planning.policy import Policy
from planner.runs import Run, RunStatus
from planner.versions import planned
from tools.records import Record

MOST_EXAMPLES = 20
"""Goals that are kept with a workflow for routing, the newest ones."""
BAD: frozenset[RunStatus] = frozenset({"failed", "undone"})
"""How runs end that count against a promoted workflow; a cancelled one counts for nothing."""
_DOUBTFUL = frozenset({"intended", "unknown", "applied_bad"})


class Demotion(Record):
    """Why a promoted workflow takes no more runs."""

    at: AwareDatetime
    reasons: tuple[str, ...]


class Promotion(Record):
    """The named workflow that a plan became."""

    workflow: str
    version: str
    sha256: str
    """Content hash of the named workflow."""
    digest: str
    """What the promotion was said of: definition, contracts and policy."""
    by: str
    """Who promoted it."""
    at: AwareDatetime
    comment: str = ""
    runs: tuple[str, ...]
    """The clean runs that spoke for it, the newest first."""
    demoted: Demotion | None = None

    @property
    def stands(self) -> bool:
        """Tell whether the workflow takes runs by its name."""
        return self.demoted is None


def soiled(run: Run, decisions: Iterable[Decision], effects: Iterable[Effect]) -> str | None:
    """Return why a run that ended was not clean, in one sentence; None where it was.

    A clean run succeeded as it was planned; no person had to recover or override anything, and nothing it
    sent was ever in doubt or answered wrongly. What rules retried or went around leaves it clean.
    """
    if run.status != "succeeded":
        return f"run {run.id} {run.status}"
    if planned(run.workflow.version) != run.workflow.version:
        return f"run {run.id} was replanned"
    for decision in decisions:
        if decision.overrides is not None:
            return f"in run {run.id} a person overrode a choice at {decision.point}"
        if decision.kind in {"recover", "undo"} and decision.decided_by == "person":
            return f"in run {run.id} a person recovered {decision.path}"
    for effect in effects:
        if effect.state in _DOUBTFUL or effect.settled_by is not None:
            return f"in run {run.id} the outcome of {effect.operation} was in doubt or wrong"
    return None


def named(
    definition: Mapping[str, Any], name: str, earlier: Collection[str], goals: Sequence[str]
) -> Workflow:
    """Return a plan's definition under a name of its own.

    Args:
        definition: the plan's, as plain data.
        name: the workflow's name.
        earlier: versions that were promoted under this name before.
        goals: goals that it served, in words.
    """
    major = 1 + max((int(version.split(".")[0]) for version in earlier), default=0)
    told = tuple(dict.fromkeys(goal for goal in goals if goal and goal != definition.get("goal")))
    own = {"workflow": name, "version": f"{major}.0.0", "examples": told[:MOST_EXAMPLES]}
    return Workflow.model_validate({**definition, **own})


def failing(statuses: Sequence[RunStatus], rules: Policy) -> str | None:
    """Return that too many of the latest runs failed, by how they ended, the newest first; else None."""
    latest = statuses[: rules.of_runs]
    bad = sum(status in BAD for status in latest)
    if bad <= rules.failed_runs:
        return None
    return f"{bad} of its latest {len(latest)} runs failed; {rules.failed_runs} of {rules.of_runs} may"
