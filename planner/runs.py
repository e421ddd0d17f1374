"""Runs: one execution of one workflow version towards one goal, as the store keeps it."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from planner import tenants
from planner.decisions import Offered, Trigger, WorkflowRef
from planner.tenants import TenantName
from tools.records import Record

RunStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "undone", "cancelled"]
"""`waiting`: for a person, a timer or a lease. `failed`: ended, and applied effects stand or are in doubt.
`undone`: ended as failed, and every applied effect was taken back. `cancelled`: ended on request."""

ENDED: frozenset[RunStatus] = frozenset({"succeeded", "failed", "undone", "cancelled"})


class Run(Record):
    """One run as it stands now."""

    id: str
    """UUID of version 7."""
    tenant: TenantName = tenants.DEFAULT
    """Whose run it is."""
    workflow: WorkflowRef
    """The exact definition it is pinned to."""
    catalog_revision: str = ""
    """Content hash of the catalogue it began with."""
    goal: str = ""
    """The caller's words, or the workflow's own goal."""
    input: Any = None
    status: RunStatus = "queued"
    output: Any = None
    error: str | None = None
    """Why it did not succeed, in one sentence."""
    mode: Literal["live", "eval", "replay", "explore"] = "live"
    started_by: str = "api"
    """Who started it: `api`, `cli`, `demo`, a key's name."""
    created_at: AwareDatetime
    updated_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    wake_at: AwareDatetime | None = None
    """When a waiting run is to be looked at again; None while only a person can wake it."""
    cancel_requested: bool = False
    steps_done: int = 0
    """How many steps have ended so far, for a progress display."""
    epoch: int = 0
    """Grows with every lease; an append under an older one fails."""
    worker: str | None = None
    lease_until: AwareDatetime | None = None

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in ENDED


class PersonQuestion(Record):
    """A decision that waits for a person."""

    decision_id: str
    """The id that the decision will have once it is made."""
    run_id: str
    tenant: TenantName = tenants.DEFAULT
    """Whose run asks."""
    workflow: str
    """Name of the workflow."""
    kind: Literal["choose", "recover", "undo"]
    point: str
    path: str
    visit: int = 1
    attempt: int = 1
    question: str
    given: Any = None
    options: tuple[Offered, ...]
    trigger: Trigger | None = None
    value_schema: dict[str, Any] | None = None
    """JSON Schema of the value that the option `applied` may bring, where one is asked for."""
    asked_at: AwareDatetime
    deadline: AwareDatetime | None = None
    otherwise: str | None = None
    """The option taken when the deadline passes."""
    status: Literal["open", "answered", "expired"] = "open"
    answer: "PersonAnswer | None" = None


class PersonAnswer(Record):
    """What a person answered."""

    choice: str
    actor: str = "person"
    """Id of who answered; not a name."""
    comment: str = Field(default="", max_length=4000)
    value: Any = None
    """For `applied`: what the call would have answered."""
    at: AwareDatetime


PersonQuestion.model_rebuild()
