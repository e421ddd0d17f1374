"""What planning raises.

PlannerError
├── PlanUnknown
├── PlanClosed
├── PlanVoid
├── PlanUntried
└── GoalUnclear
"""

from collections.abc import Sequence

from planner.errors import PlannerError


class PlanUnknown(PlannerError):
    """There is no plan of this id."""

    code = "plan-unknown"

    def __init__(self, plan_id: str) -> None:
        self.plan_id = plan_id
        super().__init__(f"there is no plan {plan_id!r}; `planner plan list` lists them")


class PlanClosed(PlannerError):
    """The plan does not stand as it must for this."""

    code = "plan-closed"

    def __init__(self, plan_id: str, status: str, wanted: str) -> None:
        self.plan_id, self.status = plan_id, status
        super().__init__(f"plan {plan_id} is {status}, so it cannot be {wanted}")


class PlanVoid(PlannerError):
    """What the plan was approved for has changed."""

    code = "plan-void"

    def __init__(self, plan_id: str, reasons: Sequence[str]) -> None:
        self.plan_id, self.reasons = plan_id, tuple(reasons)
        super().__init__(
            f"the approval of plan {plan_id} holds no more: {'; '.join(reasons)}; plan the goal again"
        )


class PlanUntried(PlannerError):
    """The plan's runs do not speak for it yet."""

    code = "plan-untried"

    def __init__(self, plan_id: str, *, clean: int, wanted: int, reasons: Sequence[str]) -> None:
        self.plan_id, self.reasons = plan_id, tuple(reasons)
        why = f" ({'; '.join(reasons)})" if reasons else ""
        super().__init__(
            f"plan {plan_id} cannot be promoted: {clean} of its latest runs were clean{why}, and the latest "
            f"{wanted} must be"
        )


class GoalUnclear(PlannerError):
    """Nobody could say what the goal wants in the catalogue's words."""

    code = "goal-unclear"

    def __init__(self, questions: Sequence[str]) -> None:
        self.questions = tuple(questions)
        super().__init__(f"the goal is unclear: {' '.join(questions)}")
