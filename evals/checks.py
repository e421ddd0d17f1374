"""Checks: every expectation of a case, compared with what happened. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals import match
from evals.expectations import CallExpectation, Count, DecisionExpectation, Expect, Never, PathExpectation
from evals.match import ABSENT, Difference
from evals.scripts import declared
from evals.services import Call
from evals.trace import Trace
from tools.catalog import Catalog
from tools.pointers import pointer
from tools.records import Record

_SIMPLE = ("status", "output", "error")


class Check(Record):
    """One expectation and whether it holds."""

    name: str
    """JSON pointer of the expectation below `expect`."""
    ok: bool
    difference: Difference | None = None
    """The first difference, where it does not hold."""

    @property
    def reason(self) -> str:
        """The difference on one line."""
        return "" if self.difference is None else str(self.difference)


def judge(expect: Expect, trace: Trace, catalog: Catalog) -> list[Check]:
    """Return a check for every expectation, in the order in which a reader wants them."""
    return [
        *_simple(expect, trace),
        *_decisions(expect, trace),
        *_path(expect, trace),
        *_calls(expect, trace, catalog),
        *_never(expect, trace),
        *_undone(expect, trace),
        *_budget(expect, trace),
        *_invariants(expect, trace),
    ]


def _check(names: Sequence[str | int], told: Difference | None) -> Check:
    return Check(name=pointer(names), ok=told is None, difference=told)


def _simple(expect: Expect, trace: Trace) -> Iterator[Check]:
    for name in _SIMPLE:
        if name in expect.model_fields_set:
            found = getattr(trace, name)
            is_absent = found is None and name != "output"
            wanted = getattr(expect, name)
            told = match.difference(wanted, ABSENT if is_absent and wanted is not None else found, (name,))
            yield _check([name], told)


def _decisions(expect: Expect, trace: Trace) -> Iterator[Check]:
    for path, wanted in expect.decisions.items():
        made = [each for each in trace.decisions if path in {each["path"], declared(each["path"])}]
        yield _check(["decisions", path], _compared(wanted, made, ("decisions", path)))


def _compared(
    wanted: Sequence[DecisionExpectation], made: Sequence[Mapping[str, Any]], at: match.Places
) -> Difference | None:
    for place, each in enumerate(wanted):
        below = at if len(wanted) == 1 else (*at, place)
        if place >= len(made):
            return Difference(pointer=pointer(below), expected=_told(each), absent=True)
        found = _decision(made[place])
        for name in type(each).model_fields:
            if name in each.model_fields_set:
                told = match.difference(getattr(each, name), found[name], _named(below, each, name))
                if told is not None:
                    return told
    if len(made) > len(wanted):
        extra = [each["choice"] for each in made]
        expected = [_told(each) for each in wanted]
        return Difference(pointer=pointer(at), expected=expected, found=extra)
    return None


def _named(at: match.Places, wanted: DecisionExpectation, name: str) -> match.Places:
    """Return where a field stands; the choice alone stands at the decision itself."""
    return at if wanted.model_fields_set == {"choose"} else (*at, name)


def _told(wanted: DecisionExpectation) -> Any:
    told = wanted.model_dump(exclude_unset=True)
    return told["choose"] if told.keys() == {"choose"} else told


def _decision(made: Mapping[str, Any]) -> dict[str, Any]:
    confidence = made["confidence"]
    return {
        "choose": made["choice"],
        "decided_by": made["decided_by"],
        "outcome_class": made["outcome_class"],
        "proposed": made["proposed"],
        "reason": made["reason"],
        "confidence": None if confidence is None else confidence["value"],
        "actor": made["actor"],
        "offered": [option["id"] for option in made["options"] if option["available"]],
        "excluded": {
            option["id"]: option["excluded_by"] for option in made["options"] if not option["available"]
        },
        "edge": made["edge_taken"],
    }


def _path(expect: Expect, trace: Trace) -> Iterator[Check]:
    if expect.path is not None:
        taken = [step for step in trace.path if expect.path.nested or "." not in step]
        yield _check(["path"], _walked(expect.path, taken))


def _walked(wanted: PathExpectation, taken: list[str]) -> Difference | None:
    steps, at = list(wanted.steps), ("path", "steps")
    exact = [step if step in steps else declared(step) for step in taken]
    if wanted.mode == "strict":
        return match.difference(steps, exact, at)
    if wanted.mode == "unordered":
        return match.difference({"unordered": steps}, exact, at)
    if wanted.mode == "subset":
        odd = next((step for step in exact if step not in steps), None)
        return None if odd is None else Difference(pointer=pointer(at), expected=steps, found=odd)
    if wanted.mode == "superset":
        return _first_missing(steps, lambda step: step in exact, exact, at)
    left = iter(exact)
    return _first_missing(steps, lambda step: step in left, exact, at)


def _first_missing(steps: Sequence[str], holds: Any, found: Any, at: match.Places) -> Difference | None:
    for place, step in enumerate(steps):
        if not holds(step):
            return Difference(pointer=pointer((*at, place)), expected=step, found=found)
    return None


def _calls(expect: Expect, trace: Trace, catalog: Catalog) -> Iterator[Check]:
    for operation, wanted in expect.calls.items():
        made = [call for call in trace.sent if call.operation == operation]
        at = ("calls", operation)
        told = _counted(wanted, made, at) or _applied(wanted, made, catalog, at)
        yield _check(list(at), told)
    if expect.order:
        left = iter([call.operation for call in trace.sent])
        found = [call.operation for call in trace.sent]
        yield _check(["order"], _first_missing(expect.order, lambda name: name in left, found, ("order",)))


def _counted(wanted: CallExpectation, made: Sequence[Call], at: match.Places) -> Difference | None:
    fitting = [call for call in made if _unlike(wanted, call, at) is None]
    told = {name for name in ("exactly", "min", "max") if getattr(wanted, name) is not None}
    count = Count(exactly=wanted.exactly, min=wanted.min, max=wanted.max) if told else Count(min=1)
    if (not told and wanted.applied is not None) or count.holds(len(fitting)):
        return None
    if not fitting and made:
        return _unlike(wanted, made[0], at)
    return Difference(pointer=pointer(at), expected=_span(count), found=len(fitting))


def _unlike(wanted: CallExpectation, call: Call, at: match.Places) -> Difference | None:
    """Return why a call does not count."""
    if "outcome" in wanted.model_fields_set:
        told = match.difference(wanted.outcome, call.outcome, (*at, "outcome"))
        if told is not None:
            return told
    if "with_" in wanted.model_fields_set:
        return match.difference(wanted.with_, call.arguments, (*at, "with"))
    return None


def _applied(
    wanted: CallExpectation, made: Sequence[Call], catalog: Catalog, at: match.Places
) -> Difference | None:
    if wanted.applied is None:
        return None
    fitting = [call for call in made if _unlike(wanted, call, at) is None]
    count = count_effects(fitting, catalog)
    if wanted.applied.holds(count):
        return None
    return Difference(pointer=pointer((*at, "applied")), expected=_span(wanted.applied), found=count)


def count_effects(calls: Sequence[Call], catalog: Catalog) -> int:
    """Return how many effects the services' own records would show for these calls."""
    effects: set[Any] = set()
    for call in calls:
        if call.applied:
            kind = catalog.operation(call.operation).effect
            mark = {"keyed": call.key, "idempotent": repr(call.arguments)}.get(kind)
            effects.add((call.operation, mark or call.seq))
    return len(effects)


def _never(expect: Expect, trace: Trace) -> Iterator[Check]:
    for place, each in enumerate(expect.never):
        at = ("never", place)
        found = _happened(each, trace)
        told = None if found is None else Difference(pointer=pointer(at), expected="never", found=found)
        yield _check(list(at), told)


def _happened(never: Never, trace: Trace) -> Any:
    """Return the first thing that must not have happened, or None."""
    if never.call is not None:
        made = (call for call in trace.sent if call.operation == never.call)
        has_with = "with_" in never.model_fields_set
        first = next((call for call in made if not has_with or match.fits(never.with_, call.arguments)), None)
        return None if first is None else {"call": first.operation, "with": first.arguments}
    if never.step is not None:
        first_step = next((step for step in trace.path if never.step in {step, declared(step)}), None)
        return None if first_step is None else {"step": first_step}
    taken = (
        {"decision": each["path"], "choose": each["choice"]}
        for each in trace.decisions
        if never.decision in {each["path"], declared(each["path"])} and each["choice"] == never.choose
    )
    return next(taken, None)


def _undone(expect: Expect, trace: Trace) -> Iterator[Check]:
    if "undone" in expect.model_fields_set:
        yield _check(["undone"], match.difference(expect.undone, trace.undone, ("undone",)))


def _budget(expect: Expect, trace: Trace) -> Iterator[Check]:
    spent: dict[str, float] = {
        "model_calls": trace.model_calls,
        "tokens": trace.tokens,
        "service_calls": len(trace.sent),
        "virtual_s": trace.virtual_s,
    }
    for name, number in spent.items():
        count: Count | None = getattr(expect.budget, name)
        if count is not None:
            at = ("budget", name)
            told = Difference(pointer=pointer(at), expected=_span(count), found=number)
            yield _check(list(at), None if count.holds(number) else told)


def _invariants(expect: Expect, trace: Trace) -> Iterator[Check]:
    if expect.invariants is None:
        return
    wanted = None if expect.invariants == "default" else expect.invariants
    broken = [each for each in trace.violations if wanted is None or each.invariant in wanted]
    if not broken:
        yield _check(["invariants"], None)
    for each in broken:
        at = ["invariants", each.invariant]
        yield _check(at, Difference(pointer=pointer(at), expected="to hold", found=each.message))


def _span(count: Count) -> Any:
    told = count.model_dump(include={"exactly", "min", "max"}, exclude_none=True)
    return told.get("exactly", told)
