"""Plans: a goal's workflow, what it may do, what can go wrong, and who said that it may run. Pure."""

import hashlib
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from planner.decisions import OutcomeClass, Usage
from planner.definition import Workflow, canonical
from planner.planning import constraints, manifest, policy
from planner.planning.edges import Ask, Edge, Unused
from planner.planning.frame import Frame
from planner.planning.manifest import Manifest
from planner.planning.missing import Missing
from planner.planning.policy import Policy
from planner.planning.promotion import Promotion
from planner.planning.reuse import Reused
from planner.tenants import DEFAULT, TenantName
from tools.catalog import Catalog
from tools.problems import Problem
from tools.records import Record

PlanStatus = Literal["unusable", "waiting", "approved", "rejected", "void"]
"""`unusable` has problems; `waiting` needs a person; `void` is no longer what was approved."""


Task = Literal["frame", "sketch", "repair"]
"""What a model is asked for when a goal is planned."""


class Way(Record):
    """One of the ways that were found, in short."""

    calls: tuple[str, ...]
    cost: float
    unasked: tuple[str, ...]
    """Changes that the goal does not name."""
    problems: tuple[Problem, ...] = ()
    """Why it was tried and not taken."""


class Round(Record):
    """One turn of drafting: who did what, and how many defects were left."""

    task: Task
    by: Literal["model", "code"]
    outcome_class: OutcomeClass | None = None
    """What came of asking the model."""
    mended: tuple[str, ...] = ()
    """What code mended, one sentence each."""
    defects: tuple[str, ...] = ()
    """Codes of the problems that were left."""
    usage: Usage = Usage()
    """What asking the model took."""


class Finding(Record):
    """A way for things to go wrong that simulation found."""

    invariant: str
    message: str
    faults: int
    """How much had to go wrong for it."""
    story: tuple[str, ...]


class Simulation(Record):
    """What exploring a plan told, before anyone may run it."""

    status: Literal["COMPLETE", "INCOMPLETE", "NOT_RUN"]
    reasons: tuple[str, ...] = ()
    """Why it is not complete."""
    faults: int = 0
    """How much may go wrong on one path."""
    paths: int = 0
    states: int = 0
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    worst: dict[str, Any] = Field(default_factory=dict)
    """The most that a path used: calls, requests to the model, tokens, seconds."""


class Approval(Record):
    """Who said that a plan may run, or may not."""

    digest: str
    """What it was said of."""
    by: str
    """`policy`, or the person."""
    at: AwareDatetime
    approved: bool
    comment: str = ""


class Plan(Record):
    """A goal, the workflow that serves it, and everything that speaks for and against running it."""

    id: str
    tenant: TenantName = DEFAULT
    frame: Frame
    frame_sha256: str = ""
    """Hash of what is wanted and of which kinds and types the known values are; the values have no part."""
    origin: Literal["composed", "drafted"]
    """Whether code composed it, or a model drafted it."""
    reused: Reused | None = None
    """The earlier plan whose workflow serves again."""
    compared_with: str | None = None
    """Id of the plan that was approved last for the same goal when this one was made."""
    promotion: Promotion | None = None
    """The named workflow that it became."""
    definition: dict[str, Any]
    """The workflow as plain data; empty where there is none."""
    sha256: str = ""
    """Content hash of the workflow; empty where it is not valid."""
    ways: tuple[Way, ...] = ()
    """The ways that were found; the definition follows one of them."""
    way: int = 0
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    """Warnings of the validator, and what open schemas leave undecided; neither keeps it from running."""
    missing: tuple[Missing, ...] = ()
    rounds: tuple[Round, ...] = ()
    """How a model's sketch came to be, and was mended."""
    notes: tuple[str, ...] = ()
    """What did not go as it is configured while it was made, one sentence each."""
    asks: tuple[Ask, ...] = ()
    """What a run must be started with, since nothing gives it."""
    doubts: tuple[Edge, ...] = ()
    """Arguments whose value code chose among several that fit as well."""
    unused: tuple[Unused, ...] = ()
    """What is known and no step reads."""
    manifest: Manifest | None = None
    simulation: Simulation = Simulation(status="NOT_RUN")
    needs: tuple[str, ...] = ()
    """Why a person must approve it; nothing where the policy does."""
    digest: str = ""
    """Hash of definition, contracts and policy, to which an approval is bound."""
    status: PlanStatus
    approval: Approval | None = None
    created_at: AwareDatetime
    created_by: str

    @property
    def workflow(self) -> str:
        """Name of its workflow."""
        return str(self.definition.get("workflow", ""))


def digest(sha256: str, made: Manifest, rules: Policy) -> str:
    """Return the hash to which an approval is bound: SHA-256 over definition, contracts and policy.

    Args:
        sha256: content hash of the definition.
        made: holds the contracts.
        rules: the policy.
    """
    said = [sha256, made.contracts, rules.model_dump(mode="json", exclude={*policy.APART})]
    return hashlib.sha256(canonical(said)).hexdigest()


def weighed(
    plan: Plan, workflow: Workflow, made: Manifest, simulation: Simulation, rules: Policy, *, now: datetime
) -> Plan:
    """Return the plan with manifest and simulation, approved where the policy needs no person."""
    complete = simulation.status == "COMPLETE"
    needs = (
        *policy.reasons(rules, made, findings=len(simulation.findings), complete=complete),
        *constraints.overruns(workflow.budget, made, simulation.worst),
    )
    stamp = digest(workflow.sha256, made, rules)
    told = {
        "sha256": workflow.sha256,
        "manifest": made,
        "simulation": simulation,
        "needs": needs,
        "digest": stamp,
        "status": "waiting" if needs else "approved",
        "approval": None if needs else Approval(digest=stamp, by="policy", at=now, approved=True),
    }
    return plan.model_copy(update=told)


def again(
    plan: Plan, earlier: Plan, workflow: Workflow, made: Manifest, rules: Policy, *, now: datetime
) -> Plan:
    """Return a plan that follows an earlier one, weighed by the policy of today.

    The earlier one's approval holds for it while definition, contracts and policy are what was approved.
    """
    fresh = weighed(plan, workflow, made, earlier.simulation, rules, now=now)
    held = earlier.approval
    if held is None or not held.approved or fresh.digest != held.digest:
        return fresh
    kept = None if fresh.reused is None else fresh.reused.model_copy(update={"approval_kept": True})
    return fresh.model_copy(update={"status": "approved", "approval": held, "reused": kept})


def drift(plan: Plan, catalog: Catalog) -> tuple[str, ...]:
    """Return which contracts are no longer as they were when the plan was weighed."""
    held = {} if plan.manifest is None else plan.manifest.contracts
    present = manifest.contracts(held, catalog)
    gone = [f"the catalogue holds no {name} any more" for name in held if name not in present]
    others = [
        f"the contract of {name} changed" for name in held if present.get(name, held[name]) != held[name]
    ]
    return (*gone, *others)


def changed(plan: Plan, workflow: Workflow, catalog: Catalog, rules: Policy) -> tuple[str, ...]:
    """Return what is no longer as it was when the plan was weighed; nothing where all is."""
    if plan.manifest is None:
        return ("it was never weighed",)
    reasons = drift(plan, catalog)
    if not reasons and digest(workflow.sha256, plan.manifest, rules) != plan.digest:
        return ("its definition or the policy changed",)
    return reasons
