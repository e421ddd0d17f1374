"""Invariants: what must be true of every path of every workflow. Pure."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from evals.history import NEVER_SENT, Effect, History, Spot
from planner.definition import Call, Parallel
from planner.effects import RECONCILE, UNDO
from planner.journal import Entry

ENDED = frozenset({"succeeded", "failed", "undone", "cancelled"})


class Violation(NamedTuple):
    """Something that must not be, and is."""

    invariant: str
    message: str


Check = Callable[[History], Iterator[str]]


def violations(history: History, names: Mapping[str, Check] | None = None) -> Iterator[Violation]:
    """Yield what a path does against the invariants so far."""
    for name, check in (DEFAULT if names is None else names).items():
        for message in check(history):
            yield Violation(name, message)


def _no_double_effect(history: History) -> Iterator[str]:
    seen: dict[tuple[str, Spot], Effect] = {}
    for effect in history.effects:
        mark = (effect.operation, (effect.path, effect.visit))
        before = seen.get(mark)
        if before is not None and not before.undone:
            yield f"{effect.operation} took effect twice at {effect.path}"
        seen[mark] = effect


def _undo_is_complete(history: History) -> Iterator[str]:
    """Yield effects that stand at the end, unless somebody chose to end the run and its error names them."""
    if history.status not in {"undone", "failed", "cancelled"} or not _wants_undo(history):
        return
    kept = {(entry.path, entry.visit) for entry in history.entries if entry.body.get("keep")}
    for effect in history.effects:
        is_named = f"{effect.path} ({effect.operation})" in (history.error or "")
        if not effect.undone and (effect.path, effect.visit) not in kept:
            if not is_named:
                yield f"{effect.operation} at {effect.path} stands, and the run ended as {history.status}"
            elif not was_chosen(history):
                yield f"{effect.operation} at {effect.path} stands, and nothing could take it back"


def _wants_undo(history: History) -> bool:
    return any(entry.kind == "ending" and entry.body["undo"] for entry in history.entries)


def was_chosen(history: History) -> bool:
    """Tell whether a person or a model chose to end the run, or a person cancelled it."""
    if history.status == "cancelled":
        return True
    made = (each for each in history.decisions if each["kind"] == "recover")
    return any(
        each["choice"] in {"fail", "undo"} and each["decided_by"] in {"person", "model"} for each in made
    )


def _undo_is_reversed(history: History) -> Iterator[str]:
    order = {(effect.path, effect.visit): place for place, effect in enumerate(history.effects)}
    undone = [
        (call.undoes, call.visit)
        for call in history.calls
        if call.undoes is not None and call.applied and (call.undoes, call.visit) in order
    ]
    for newer, older in pairwise(undone):
        if order[newer] < order[older] and not _are_side_by_side(newer[0], older[0], history):
            yield f"{newer[0]} was taken back before {older[0]}, which came after it"


def _are_side_by_side(one: str, other: str, history: History) -> bool:
    """Tell whether two steps stand in different branches, of which neither comes before the other."""
    shared = ""
    for left, right in zip(one.split("."), other.split("."), strict=False):
        if left == right:
            shared = f"{shared}.{left}" if shared else left
            continue
        if left.partition("[")[0] == right.partition("[")[0] and "[" in left:
            return True
        return isinstance(history.step(shared), Parallel) if shared else False
    return False


def _nothing_after_the_end(history: History) -> Iterator[str]:
    """Yield forward calls after a person cancelled the run, or after the journal's `ending`."""
    for call in history.calls[history.cancelled :] if history.cancelled is not None else ():
        if call.is_forward and call.path and call.told != NEVER_SENT:
            yield f"{call.path} was called after a person had cancelled the run"
    ending = next((place for place, entry in enumerate(history.entries) if entry.kind == "ending"), None)
    if ending is None:
        return
    for entry in history.entries[ending + 1 :]:
        if entry.kind in {"intention", "outcome"} and ":" not in entry.path:
            yield f"{entry.path} was called after the run had begun to end"


def _nothing_past_an_unknown(history: History) -> Iterator[str]:
    doubts: dict[Spot, str] = {}
    for entry in history.entries:
        spot = (entry.path, entry.visit)
        if entry.kind == "settled":
            doubts.pop(spot, None)
        elif entry.kind == "outcome" and ":" not in entry.path:
            yield from _passed(doubts, spot, entry)
            _doubt(doubts, spot, entry)


def _passed(doubts: Mapping[Spot, str], spot: Spot, entry: Entry) -> Iterator[str]:
    for (path, visit), operation in doubts.items():
        if (path, visit) != spot and _sequence(path) == _sequence(entry.path):
            yield f"{entry.path} went on although nobody knows whether {operation} took effect at {path}"


def _doubt(doubts: dict[Spot, str], spot: Spot, entry: Entry) -> None:
    outcome = entry.body["outcome"]
    if outcome == "unknown" and entry.body["effect"] != "read":
        doubts[spot] = entry.body["operation"]
    elif outcome in {"applied", "applied_bad"}:
        doubts.pop(spot, None)


def _sequence(path: str) -> str:
    return path[: path.rfind(".") + 1]


def _retries_within_policy(history: History) -> Iterator[str]:
    """Yield steps that were sent more often, with nobody deciding in between, than their policy says."""
    bursts: dict[Spot, int] = {}
    for entry in history.entries:
        spot = (entry.path, entry.visit)
        if entry.kind in {"decision", "settled"}:
            bursts.pop(spot, None)
        elif entry.kind == "outcome" and RECONCILE not in entry.path:
            bursts[spot] = bursts.get(spot, 0) + 1
            if bursts[spot] > 1 and bursts[spot] > (most := _attempts(history, entry)):
                yield f"{entry.path} was sent {bursts[spot]} times in a row, and its policy allows {most}"


def _attempts(history: History, entry: Entry) -> int:
    step = None if entry.path.startswith(UNDO) else history.step(entry.path)
    if isinstance(step, Call) and step.retry is not None and step.call == entry.body["operation"]:
        return step.retry.attempts
    return history.catalog.operation(entry.body["operation"]).retry.attempts


def _only_admissible_options(history: History) -> Iterator[str]:
    for made in history.decisions:
        offered = {option["id"] for option in made["options"] if option["available"]}
        if made["choice"] not in offered and made["decided_by"] != "otherwise":
            yield f"{made['path']} chose {made['choice']!r}, which was not offered"


def _one_record_for_each_choice(history: History) -> Iterator[str]:
    written = [entry for entry in history.entries if entry.kind == "decision"]
    records = {made["decision_id"]: made for made in history.decisions}
    for entry in written:
        made = records.get(entry.body["decision_id"])
        if made is None:
            yield f"the choice at {entry.path} stands in no decision record"
        elif made["choice"] != entry.body["choice"]:
            yield f"{entry.path} took {entry.body['choice']!r}, and its record says {made['choice']!r}"


def _answers_are_in_time(history: History) -> Iterator[str]:
    taken = {entry.body["decision_id"] for entry in history.entries if entry.kind == "decision"}
    for question in history.questions.values():
        late = (
            question.answer is not None
            and question.deadline is not None
            and question.answer.at >= question.deadline
        )
        if late and question.decision_id in taken:
            yield f"an answer to {question.path} was taken after its deadline"


def _expressions_hold(history: History) -> Iterator[str]:
    if history.broken is not None:
        yield f"an expression could not be evaluated: {history.broken}"


def _within_budget(history: History) -> Iterator[str]:
    most = history.workflow.budget.model_calls
    if most is not None:
        asked = sum(len(made["attempts"]) for made in history.decisions)
        if asked > most:
            yield f"the model was asked {asked} times, and the budget allows {most}"


def _ends_in_a_known_way(history: History) -> Iterator[str]:
    if history.status is not None and history.status not in ENDED | {"waiting"}:
        yield f"the run ended as {history.status!r}"


DEFAULT: Mapping[str, Check] = {
    "no-double-effect": _no_double_effect,
    "undo-is-complete": _undo_is_complete,
    "undo-is-reversed": _undo_is_reversed,
    "nothing-after-the-end": _nothing_after_the_end,
    "nothing-past-an-unknown": _nothing_past_an_unknown,
    "retries-within-policy": _retries_within_policy,
    "only-admissible-options": _only_admissible_options,
    "one-record-for-each-choice": _one_record_for_each_choice,
    "answers-are-in-time": _answers_are_in_time,
    "expressions-hold": _expressions_hold,
    "within-budget": _within_budget,
    "ends-in-a-known-way": _ends_in_a_known_way,
}
"""Held on every path of every workflow."""

STOPS = ("breaks-off", "ends", "replays-alike")
"""What the search itself finds: an unexpected error, no end, and another end from the same journal."""


def activated(history: History) -> Iterator[str]:
    """Yield the invariants that a path puts to the test; the others hold because nothing happened."""
    yield from ("expressions-hold", "ends-in-a-known-way")
    kinds = {call.outcome for call in history.calls if call.effect != "read"}
    if any(call.applied and call.effect != "read" for call in history.calls):
        yield "no-double-effect"
    if _wants_undo(history):
        yield from ("undo-is-complete", "nothing-after-the-end")
    if sum(call.path.startswith(UNDO) and call.applied for call in history.calls) > 1:
        yield "undo-is-reversed"
    if "unknown" in kinds:
        yield "nothing-past-an-unknown"
    if any(call.attempt > 1 for call in history.calls):
        yield "retries-within-policy"
    if history.decisions:
        yield from ("only-admissible-options", "one-record-for-each-choice")
    if any(question.deadline is not None for question in history.questions.values()):
        yield "answers-are-in-time"
    if history.workflow.budget.model_calls is not None:
        yield "within-budget"
