"""The policy: which plans a person must approve before they run. Pure."""

from typing import Annotated

from pydantic import Field

from planner.planning.manifest import Change, Manifest
from tools.records import Record

APART = frozenset({"reuse", "clean_runs", "failed_runs", "of_runs"})
"""Settings that say nothing of whether a plan may run; no approval depends on them."""


class Policy(Record):
    """When a plan needs a person; one that needs none is approved by this rule."""

    irreversible: bool = True
    """Whether a person must look at what cannot be taken back."""
    unconfirmed: bool = True
    """Whether a person must look at changes whose effect class nobody declared."""
    unasked: bool = True
    """Whether a person must look at changes that the goal does not name."""
    changes: bool = False
    """Whether a person must look at every plan that changes anything."""
    unbounded: bool = True
    """Whether a person must look at changes without a bound on how often."""
    cost_usd: Annotated[float, Field(ge=0)] | None = None
    """The cost, by the plan's own budget, above which a person must look; no bound counts as above."""
    findings: bool = True
    """Whether a person must look where simulation found something wrong, or did not see every way."""
    reuse: bool = True
    """Whether a goal that fits an approved plan is served by it again."""
    clean_runs: Annotated[int, Field(ge=1, le=100)] = 3
    """How many of a plan's latest runs must have been clean before it is promoted to a named workflow."""
    failed_runs: Annotated[int, Field(ge=0)] = 3
    """How many of the latest runs of a promoted workflow may fail; with one more it is demoted."""
    of_runs: Annotated[int, Field(ge=1, le=1000)] = 10
    """How many runs of a promoted workflow count as its latest ones."""


def reasons(policy: Policy, manifest: Manifest, *, findings: int, complete: bool) -> tuple[str, ...]:
    """Return why a person must approve a plan; nothing where the rule does."""
    return (
        *(reason for change in manifest.changes for reason in _of_change(policy, change)),
        *_of_cost(policy, manifest),
        *_of_simulation(policy, findings, complete=complete),
    )


def _of_change(policy: Policy, change: Change) -> list[str]:
    name = change.operation
    told = {
        f"{name} cannot be taken back": policy.irreversible and _stays(change),
        f"nobody declared what {name} changes": policy.unconfirmed and not change.confirmed,
        f"the goal does not ask for {name}": policy.unasked and not change.asked,
        f"nothing bounds how often {name} is called": policy.unbounded and change.at_most is None,
        f"{name} changes something": policy.changes,
    }
    return [reason for reason, applies in told.items() if applies]


def _stays(change: Change) -> bool:
    return change.effect == "irreversible" or (change.effect == "write" and change.taken_back_by is None)


def _of_cost(policy: Policy, manifest: Manifest) -> list[str]:
    if policy.cost_usd is None or manifest.model_decisions == 0:
        return []
    if manifest.cost_usd is None:
        return [f"its budget does not bound what the model costs; {policy.cost_usd} USD need no person"]
    if manifest.cost_usd > policy.cost_usd:
        return [f"the model may cost {manifest.cost_usd} USD; {policy.cost_usd} USD need no person"]
    return []


def _of_simulation(policy: Policy, findings: int, *, complete: bool) -> list[str]:
    if not policy.findings:
        return []
    ways = "one way" if findings == 1 else f"{findings} ways"
    found = [f"simulation found {ways} for things to go wrong"] if findings else []
    return found if complete else [*found, "simulation did not see every way within its bounds"]
