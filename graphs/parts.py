"""Parts: what a process needs to move runs; joined in `wiring`, handed down from there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graphs import blocks
from graphs.blocks import Program
from planner.budgets import Bound, Metered, TenantBudget
from planner.clock import Clock
from planner.decisions import Decider
from planner.definition import Workflow
from planner.permits import Permit
from planner.planning.policy import Policy
from planner.planning.replanning import Replanner
from planner.store import usage
from planner.store.database import Database
from tools.catalog import Catalog
from tools.services import Caller


@dataclass
class Parts:
    """The real parts of one process; an eval puts scripted ones in the same places."""

    database: Database
    catalog: Catalog
    caller: Caller
    decider: Decider
    clock: Clock
    new_id: Callable[[], str]
    worker: str
    """Name under which this process holds leases."""
    lease_seconds: float = 10.0
    concurrency: int = 200
    recovery_choices: int = 5
    has_model: bool = False
    """Whether a model is configured at all."""
    tenants: Mapping[str, TenantBudget] = field(default_factory=dict)
    """What tenants may spend on models; those that are not named have no bound."""
    permits: Mapping[str, Permit] = field(default_factory=dict)
    """What tenants may do at the most; those that are not named are not bounded."""
    definitions: dict[str, Workflow] = field(default_factory=dict)
    """Workflows that runs of this process were pinned to, by content hash."""
    newest: dict[tuple[str, str | None], Workflow] = field(default_factory=dict)
    """What new runs got last, by the name and version asked for; each use is held against the store."""
    look_seconds: float = 15.0
    """Longest time after which it looks for runs of which it was not told, where it is told of them."""
    most_queued: int | None = None
    """Runs that may wait to be taken up in all; further ones are refused."""
    most_running: Mapping[str, int] = field(default_factory=dict)
    """By workflow, how many runs of it may move at once in all processes together."""
    replanner: Replanner | None = None
    """Finds other ways for runs of plans; None where nothing new is planned."""
    policy: Policy = field(default_factory=Policy)
    """When a workflow that was a plan is taken out of service."""
    _programs: dict[str, Program] = field(default_factory=dict)

    def decider_of(self, tenant: str) -> Decider:
        """Return who decides for a tenant: nobody once its budget is used up."""
        budget = self.tenants.get(tenant)
        if budget is None:
            return self.decider

        async def bounds() -> list[Bound]:
            since = budget.window(self.clock.now())
            found = await self.database.read(usage.spent, tenant, since)
            return [Bound(f"the tenant {tenant}'s", budget, found)]

        return Metered(self.decider, bounds)

    def program(self, workflow: Workflow) -> Program:
        """Return the workflow made ready to run; equal content is compiled once."""
        found = self._programs.get(workflow.sha256)
        if found is None:
            found = self._programs[workflow.sha256] = blocks.program(workflow)
            self.definitions[workflow.sha256] = workflow
        return found
