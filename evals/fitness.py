"""Fitness: which cases tell something of a real model, and why others do not. Pure."""

from collections.abc import Iterator

from evals.cases import Setting
from evals.expectations import DecisionExpectation
from evals.scripts import declared

_WRONG = ("fault", "http", "content", "message")


def unfit(setting: Setting) -> str | None:
    """Return why a case is about what only a script can do; None where a real model may be asked."""
    if setting.model is None:
        return "it is about having no model (`model: absent`)"
    return next(_reasons(setting), None)


def _reasons(setting: Setting) -> Iterator[str]:
    for point, answers in (setting.model or {}).items():
        for reply in (reply for answer in answers for reply in answer.replies):
            told = next((name for name in _WRONG if name in reply.model_fields_set), None)
            if told is not None or reply.undeclared or reply.finish_reason != "stop":
                yield f"it is about a fault of the model at {point!r} (`{told or 'choose'}`)"
    for point, expected in setting.case.expect.decisions.items():
        if {point, declared(point)} & (setting.model or {}).keys():
            yield from (f"it expects {what} at {point!r}" for each in expected for what in _exact(each))


def _exact(expected: DecisionExpectation) -> Iterator[str]:
    """Yield what is expected that a real model does not do on demand."""
    told = expected.model_fields_set
    yield from (f"an exact `{name}`" for name in ("confidence", "reason") if name in told)
    if "outcome_class" in told and expected.outcome_class != "ok":
        yield f"the outcome {expected.outcome_class!r}"
    elif expected.decided_by == "otherwise":
        yield "that the model decides nothing"
