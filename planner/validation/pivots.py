"""Pivots: what may still go wrong once something was done that cannot be taken back."""

from collections.abc import Iterator, Mapping

from planner.definition import Call, RunWorkflow, Workflow
from planner.validation.sequels import Spot, may_fail, sequels, skippable, spots_of
from planner.validation.sequences import Sequence
from planner.validation.undos import changes
from tools.catalog import Catalog
from tools.problems import Problem


def problems(
    workflow: Workflow, everything: list[Sequence], catalog: Catalog, *, workflows: Mapping[str, Workflow]
) -> Iterator[Problem]:
    """Yield every step that may fail for good although an irreversible one may have run before it.

    Behind a point of no return a step must be safe to repeat, or a person must be asked when it fails, or it
    may be skipped. Sound for declared contracts, except that refusals of repeatable calls are left out.
    """
    told: set[str] = set()
    for change in changes(workflow, everything, catalog):
        if change.operation.effect != "irreversible":
            continue
        pivot = change.sequence.full(change.name)
        for sequence, name in sequels(change.sequence, change.name):
            pointer = sequence.at(name)
            if pointer not in told and _gives_up((sequence, name), catalog, workflows):
                told.add(pointer)
                yield Problem(
                    path=pointer,
                    code="no-way-back",
                    severity=change.severity,
                    message=f"Step '{sequence.full(name)}' may fail for good after '{pivot}',"
                    f" and '{change.operation.name}' cannot be taken back.",
                    remedy="Put it before that step, or let `recover` ask a person when it fails.",
                )


def _gives_up(spot: Spot, catalog: Catalog, workflows: Mapping[str, Workflow]) -> bool:
    step = spot[0].steps[spot[1]]
    if not isinstance(step, (Call, RunWorkflow)):
        return may_fail(*spot, workflows)
    if isinstance(step, RunWorkflow):
        return any(_gives_up(each, catalog, workflows) for each in spots_of(step, workflows))
    operation = catalog.operations.get(step.call)
    if operation is None or operation.repeatable or skippable(step):
        return False
    return step.recover is None or (step.recover.allow is not None and "person" not in step.recover.allow)
