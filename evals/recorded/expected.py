"""Expectations: what happened in a recorded run, as a case expects it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from evals import checks, trace
from evals.recorded import calls, record
from evals.recorded.calls import Called
from evals.scripts import declared
from evals.services import Call
from graphs import pinning
from graphs.retracing import Recording
from planner import effects
from planner.decisions import Decision
from planner.definition import Foreach, Parallel, canonical
from tools.catalog import Catalog


def expect(
    recording: Recording,
    found: Sequence[Called],
    catalog: Catalog,
    *,
    unasked: Collection[str],
    steps: Sequence[str] | None,
) -> dict[str, Any]:
    """Return what a case must come to, to come to the same as a run.

    Args:
        recording: the run.
        found: its calls.
        catalog: the operations as they are now.
        unasked: codes of outcomes for which nothing left.
        steps: the outermost steps that it took, where they are known.
    """
    run = recording.run
    sent = list(calls.sent(found, unasked))
    told: dict[str, Any] = {"status": run.status}
    if run.status == "succeeded":
        told["output"] = {"equals": run.output}
    made = record.made(recording)
    if made:
        told["decisions"] = _decisions(made)
    if steps is not None:
        told["path"] = {"mode": "strict", "steps": list(steps)}
    told["calls"] = _calls(sent, catalog)
    order = [call.operation for call in sent if not _is_beside(recording, call.path)]
    if len(order) > 1:
        told["order"] = order
    told["undone"] = trace.undone(effects.effects(recording.loaded.entries))
    return {name: value for name, value in told.items() if value or name in {"status", "output", "undone"}}


def _decisions(made: Sequence[Decision]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    paths = {each.path for each in made}
    for each in made:
        # What is expected under a declared name counts for every item and round.
        bare = declared(each.path)
        found.setdefault(bare if bare in paths else each.path, []).append(_decision(each))
    return found


def _decision(made: Decision) -> dict[str, Any]:
    told = {"choose": made.choice, "decided_by": made.decided_by}
    if made.outcome_class != "ok":
        told["outcome_class"] = made.outcome_class
    if made.actor is not None:
        told["actor"] = made.actor
    return told


def _calls(sent: Sequence[Called], catalog: Catalog) -> dict[str, Any]:
    by_name: dict[str, list[Called]] = {}
    for call in sent:
        by_name.setdefault(call.operation, []).append(call)
    return {name: _count(made, catalog) for name, made in by_name.items() if name in catalog.operations}


def _count(made: Sequence[Called], catalog: Catalog) -> dict[str, Any]:
    told: dict[str, Any] = {"exactly": len(made)}
    if catalog.operation(made[0].operation).effect != "read":
        told["applied"] = checks.count_effects(
            [_call(seq, each) for seq, each in enumerate(made, 1)], catalog
        )
    if len({canonical(each.arguments) for each in made}) == 1:
        told["with"] = {"equals": dict(made[0].arguments)}
    return told


def _call(seq: int, called: Called) -> Call:
    return Call(
        seq=seq,
        operation=called.operation,
        arguments=called.arguments,
        key=called.key,
        at=called.began,
        outcome="unknown",
        applied=called.applied,
    )


def _is_beside(recording: Recording, path: str) -> bool:
    """Tell whether something may go on beside a step, so that its place in the order is chance."""
    bare = path.rpartition(":")[2]
    names = bare.split(".")
    around = (".".join(names[:depth]) for depth in range(1, len(names)))
    found = (pinning.step_at(recording.workflow, recording.loaded.pinned, each) for each in around)
    return any(
        isinstance(step, Parallel) or (isinstance(step, Foreach) and step.concurrency > 1) for step in found
    )


def labels(made: Sequence[Decision], right: Mapping[str, str]) -> dict[str, Any]:
    """Return what was right by decision point, where the log knows it and the point was come to once.

    Args:
        made: the decisions.
        right: the right options by decision id.
    """
    counts = [each.path for each in made if each.overrides is None]
    return {
        each.path: {"truth": right[each.decision_id]}
        for each in made
        if each.decision_id in right and counts.count(each.path) == 1
    }
