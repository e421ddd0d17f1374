"""Framing: what a caller wants a plan for, and the frame that it becomes."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from graphs.drafting import Drafter
from graphs.parts import Parts
from planner.definition import Budget
from planner.planning import constraints
from planner.planning.briefs import MOST_WANTED
from planner.planning.composition import MOST_ALTERNATIVES
from planner.planning.constraints import Constraints
from planner.planning.edges import input_name
from planner.planning.errors import GoalUnclear
from planner.planning.frame import Frame, namesakes
from planner.planning.retrieval import index_of
from planner.store import plans as stored
from planner.tenants import TenantName
from tools.catalog import Catalog
from tools.records import Record
from tools.wording import either

MOST_WORDS = 10_000
"""Characters of a goal at most."""
MOST_KNOWN = 200
"""Values that may be known at most."""
MOST_SUGGESTED = 5
"""Operations that are named at most where nobody could say what is wanted."""
_WHAT = "What must come of it? Name operations or kinds of values as `want`."


class PlanRequest(Record):
    """What a caller wants a plan for."""

    goal: str = Field(default="", max_length=MOST_WORDS)
    """What is wanted, in words."""
    want: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), max_length=MOST_WANTED)
    """Operations or kinds of values that must come of it, in the order in which effects are to happen."""
    have: dict[str, Any] = Field(default_factory=dict, max_length=MOST_KNOWN)
    """What is known, by name."""
    constraints: Constraints = Constraints()
    """What the plan may not do."""
    budget: Budget = Budget()
    """What a run of it may use."""
    way: int | None = Field(default=None, ge=0, lt=MOST_ALTERNATIVES)
    """Which of the ways that were found the plan follows; the cheapest that can be taken unless told."""
    use_model: bool = True
    """Whether a model may be asked, where one is configured."""
    reuse: bool = True
    """Whether an approved plan that fits may serve again."""
    tenant: TenantName | None = None
    """Whose plan it is; the caller's own, or `default`, unless told."""

    @field_validator("want")
    @classmethod
    def _once(cls, want: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(want))

    @field_validator("have")
    @classmethod
    def _apart(cls, have: dict[str, Any]) -> dict[str, Any]:
        for same in namesakes(have):
            raise ValueError(
                f"{' and '.join(map(repr, same))} are both {input_name(same[0])!r} in the input of a run; "
                "leave one out, or rename it"
            )
        return have


async def frame(request: PlanRequest, drafter: Drafter | None, parts: Parts) -> Frame:
    """Return what the request wants and knows, as far as it says so by itself or a model can tell.

    Limits that a model reads out of the goal can only tighten those of the request.

    Raises:
        GoalUnclear: nobody could say what is wanted, or the model has questions; they are not guessed away.
    """
    own = {"constraints": request.constraints, "budget": request.budget}
    told = Frame(goal=request.goal, want=request.want, have=request.have, **own)
    if request.want:
        return told
    if drafter is None or not request.goal:
        raise GoalUnclear([_WHAT, *_suggested(request.goal, parts.catalog)])
    shown = await parts.database.read(stored.shown, told)
    framed = await drafter.frame(told, shown)
    if framed is None:
        why = f"The model gave no usable answer ({drafter.outcome})."
        raise GoalUnclear([f"{why} {_WHAT}", *_suggested(request.goal, parts.catalog)])
    if framed.questions or not framed.frame.want:
        raise GoalUnclear(framed.questions or [_WHAT])
    limits = told.constraints.tightened(framed.frame.constraints)
    budget = constraints.lower(told.budget, framed.frame.budget)
    return framed.frame.model_copy(update={"constraints": limits, "budget": budget})


def _suggested(goal: str, catalog: Catalog) -> list[str]:
    """Return the question whether one of the operations is meant that fit the goal's words best."""
    found = index_of(catalog).search(goal) if goal else []
    named = [each.operation for each in found if not each.because][:MOST_SUGGESTED]
    return [f"Its words fit {either(named)}; is one of them meant?"] if named else []
