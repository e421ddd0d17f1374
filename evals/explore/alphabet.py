"""The alphabet: in which ways a call may end, a model may answer and a person may choose. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evals import match
from evals.errors import EvalError
from evals.explore import samples
from evals.explore.points import Option
from evals.explore.scenarios import Answers, Scenario
from evals.history import Sent
from planner.decisions import Answer, Attempt, Confidence, Question, Usage
from planner.decisions import OutcomeClass as ModelOutcome
from planner.definition import canonical
from planner.runs import PersonQuestion
from tools import responses, schemas
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import condition
from tools.operations import EffectClass, Operation, Reconcile
from tools.outcomes import Outcome, OutcomeClass

MODEL_FAULTS = ("unavailable", "timeout", "invalid", "refused")
"""Classes of answers that nobody can use; the wire faults behind them are the adapter's own suite."""
UNSURE = "unsure"
"""What a model is whose choice does not count, for want of confidence."""
WAITING = "waiting"
"""Label of the point at which a run waits for persons, or for time to pass."""
OK, WRONG, UNHEARD = "ok", "wrong answer", "timeout, applied"
LASTING = frozenset({"unavailable", "timeout", UNHEARD})
_ALIKE: Mapping[ModelOutcome, str] = {
    "abstained": UNSURE,
    "truncated": "invalid",
    "filtered": "refused",
    "rate_limited": "unavailable",
    "quota": "unavailable",
    "rejected": "unavailable",
}
"""The class that stands for another one, from which the run goes on alike."""

_UNSURE = 0.01
_RUBBISH = {"unexpected": "a wrong body, as explored"}
_OK, _REFUSED, _DOWN = 200, 422, 503
_LATE = Outcome(kind="unknown", code="timeout", error="no answer in time, as explored")
_REFUSING = Option(
    "rejected", 1, Outcome(kind="rejected", status=_REFUSED, code="http_422", error="no, as explored")
)
_SILENT = (
    Option(
        "unavailable",
        1,
        Outcome(kind="not_sent", status=_DOWN, code="http_503", error="down, as explored"),
        lasts=True,
    ),
    Option("timeout", 1, _LATE, lasts=True),
)
_UNHEARD = Option(UNHEARD, 1, _LATE, lasts=True)
_CALLED: Mapping[OutcomeClass, str] = {
    "applied": OK,
    "applied_bad": WRONG,
    **{option.value.kind: option.name for option in (_REFUSING, *_SILENT)},
}


class NoAnswer(EvalError):
    """Nothing right could be made up for an operation to answer."""

    code = "no-answer"

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"no right answer of {operation} to these arguments is known; write one in a case's `services`"
        )


class Services:
    """What each call of a scenario may come to."""

    def __init__(self, catalog: Catalog, scenario: Scenario) -> None:
        self._catalog, self._scenario = catalog, scenario
        contracts = [(name, operation.reconcile) for name, operation in catalog.operations.items()]
        self._lookups = [(name, contract) for name, contract in contracts if contract is not None]
        self._known: dict[tuple[str, bytes], tuple[Option, ...]] = {}

    def options(
        self, operation: Operation, arguments: Mapping[str, Any], key: str | None, calls: Sequence[Sent]
    ) -> tuple[Option, ...]:
        """Return the ways in which a call may end; right answers first.

        Args:
            operation: what is called.
            arguments: with what.
            key: the idempotency key, where one is sent.
            calls: the calls so far, which the answer of a look-up must be true to.

        Raises:
            NoAnswer: no right answer is known.
        """
        doubt = self._doubt(operation, arguments, calls)
        if doubt is not None:
            return self._told(operation, arguments, *doubt)
        before = next(
            (call for call in reversed(calls) if _is_repeated(operation, arguments, key, call)), None
        )
        if before is not None:
            return _again(operation, before)
        mark = (operation.name, canonical(arguments))
        if mark not in self._known:
            answers = self._answers(operation, arguments)
            self._known[mark] = (*answers, *_faults(operation, arguments, answers[0].value.output))
        return self._known[mark]

    def _answers(self, operation: Operation, arguments: Mapping[str, Any]) -> tuple[Option, ...]:
        own = self._fitting(self._scenario.answers, operation, arguments)
        others = self._fitting(self._scenario.others, operation, arguments)
        right = (
            _right(operation, arguments, own)
            or _right(operation, arguments, others, most=1)
            or _right(operation, arguments, _made_up(operation, arguments), most=1)
        )
        if not right:
            raise NoAnswer(operation.name)
        return tuple(
            Option(OK if place == 1 else f"{OK} {place}", value=outcome)
            for place, outcome in enumerate(right, start=1)
        )

    def _fitting(self, answers: Answers, operation: Operation, arguments: Mapping[str, Any]) -> list[Any]:
        return [
            answer.return_
            for answer in answers.get(operation.name, ())
            if "when" not in answer.model_fields_set or match.fits(answer.when, dict(arguments))
        ]

    def _doubt(
        self, operation: Operation, arguments: Mapping[str, Any], calls: Sequence[Sent]
    ) -> tuple[Reconcile, tuple[Sent, ...]] | None:
        """Return the calls whose fate is looked up by this one, and how."""
        for name, contract in self._lookups:
            if contract.call == operation.name:
                found = tuple(
                    call for call in calls if call.operation == name and _asks(contract, call, arguments)
                )
                if found:
                    return contract, found
        return None

    def _told(
        self, operation: Operation, arguments: Mapping[str, Any], contract: Reconcile, calls: Sequence[Sent]
    ) -> tuple[Option, ...]:
        """Return how a look-up may end; what it tells depends on the calls in doubt."""
        doubt = [[call.arguments, call.key, call.applied, call.output] for call in calls]
        mark = (operation.name, canonical([dict(arguments), doubt]))
        if mark not in self._known:
            right = Option(OK, value=self._found(operation, arguments, contract, calls))
            self._known[mark] = (right, *_faults(operation, arguments, None))
        return self._known[mark]

    def _found(
        self, operation: Operation, arguments: Mapping[str, Any], contract: Reconcile, calls: Sequence[Sent]
    ) -> Outcome:
        """Return what a look-up answers that tells the truth: whether any of the calls took effect."""
        applied = [call.output for call in calls if call.applied]
        known = [answer.return_ for answer in self._scenario.others.get(operation.name, ())]
        made = list(samples.samples(operation.output, dict(arguments)))
        candidates = [*known, *applied, *(_holding(each, applied) for each in made), *made]
        data = {"input": calls[-1].arguments, "key": calls[-1].key}
        for outcome in _right(operation, arguments, candidates):
            if _holds(contract, {**data, "found": outcome.output}) is bool(applied):
                return outcome
        if not applied and contract.absent_statuses:
            status = contract.absent_statuses[0]
            return Outcome(kind="rejected", status=status, code=f"http_{status}", error="not found")
        raise NoAnswer(operation.name)


def _asks(contract: Reconcile, call: Sent, arguments: Mapping[str, Any]) -> bool:
    try:
        wanted = contract.arguments.render({"input": call.arguments, "key": call.key})
    except ExpressionError:
        return False
    return bool(wanted == dict(arguments))


def _holds(contract: Reconcile, data: Mapping[str, Any]) -> bool | None:
    try:
        return condition(contract.applied_when).evaluate(data) is True
    except ExpressionError:
        return None


def _holding(value: Any, items: Sequence[Any]) -> Any:
    """Return a value whose lists hold these items."""
    if not isinstance(value, Mapping):
        return value
    return {name: list(items) if isinstance(part, list) else part for name, part in value.items()}


def _right(
    operation: Operation, arguments: Mapping[str, Any], values: Sequence[Any], *, most: int | None = None
) -> list[Outcome]:
    judged = (responses.judge(operation, value, arguments, status=_OK) for value in values)
    found: list[Outcome] = []
    for outcome in judged:
        if outcome.ok and outcome not in found:
            found.append(outcome)
        if most is not None and len(found) == most:
            break
    return found


def _made_up(operation: Operation, arguments: Mapping[str, Any]) -> list[Any]:
    if operation.output is None:
        return [{}]
    return list(samples.samples(operation.output, arguments))


def _faults(operation: Operation, arguments: Mapping[str, Any], right: Any) -> Iterator[Option]:
    yield _REFUSING
    yield from _SILENT
    if operation.effect != "read":
        yield _UNHEARD
    wrong = _wrong(operation, arguments, right)
    if wrong is not None:
        yield Option(WRONG, 1, wrong)


def _wrong(operation: Operation, arguments: Mapping[str, Any], right: Any) -> Outcome | None:
    """Return a wrong answer: one that breaks only the check where there is one, and the schema otherwise."""
    judged = [
        responses.judge(operation, value, arguments, status=_OK)
        for value in (*_spoilt(operation, right), _RUBBISH)
    ]
    return next((outcome for outcome in judged if outcome.kind == "applied_bad"), None)


def _spoilt(operation: Operation, right: Any) -> Iterator[Any]:
    """Yield right answers with one field changed, all of which fit the schema."""
    if operation.check is None or not isinstance(right, Mapping) or not operation.output:
        return
    for other in samples.samples(operation.output):
        for name in right:
            if name in other and other[name] != right[name]:
                value = {**right, name: other[name]}
                if schemas.valid(operation.output, value):
                    yield value


def _is_repeated(operation: Operation, arguments: Mapping[str, Any], key: str | None, call: Sent) -> bool:
    """Tell whether the service knows the call already and keeps its promise to do the work once."""
    if not call.applied or call.operation != operation.name:
        return False
    if operation.effect == "keyed":
        return key is not None and call.key == key
    return operation.effect == "idempotent" and call.arguments == arguments


def _again(operation: Operation, before: Sent) -> tuple[Option, ...]:
    """Return what comes of a call that the service knows: the same answer, or none."""
    known = responses.judge(operation, before.output, before.arguments, status=_OK)
    return (Option(f"{OK}, as before", value=known), *_SILENT, _UNHEARD)


def called(outcome: OutcomeClass, *, is_applied: bool) -> str:
    """Return the word for what a call came to; `is_applied` tells whether the service did the work."""
    return UNHEARD if outcome == "unknown" and is_applied else _CALLED[outcome]


def callable_words(effect: EffectClass) -> tuple[str, ...]:
    """Return the words for all that a call of this effect class may come to."""
    return (*_CALLED.values(), *(() if effect == "read" else (UNHEARD,)))


def said(outcome: ModelOutcome, choice: str) -> str:
    """Return the word for what a model said."""
    return choice if outcome == "ok" else _ALIKE.get(outcome, outcome)


def sayable_words(options: Iterable[str], *, is_gated: bool) -> tuple[str, ...]:
    """Return the words for all that a model may say that is offered these options."""
    return (*options, *MODEL_FAULTS, *((UNSURE,) if is_gated else ()))


def answered(path: str, choice: str) -> str:
    """Return the words for a person's answer."""
    return f"{path} is answered {choice}"


def unanswered(path: str) -> str:
    """Return the words for a question that nobody answers."""
    return f"nobody answers {path} in time"


def model(question: Question, *, cost: Usage, attempt: Attempt, is_gated: bool) -> tuple[Option, ...]:
    """Return the ways in which a model may answer."""
    sure = Confidence(value=1.0, gates=True)
    told = {"attempts": (attempt,), "usage": cost}
    chosen = [
        Option(
            option.id,
            value=Answer(outcome_class="ok", choice=option.id, reason="as explored", confidence=sure, **told),
        )
        for option in question.available
    ]
    faults = [
        Option(name, 1, Answer(outcome_class=name, **_failed(told, name)), name in LASTING)
        for name in MODEL_FAULTS
    ]
    unsure = sure.model_copy(update={"value": _UNSURE})
    hesitant = Answer(
        outcome_class="ok", choice=question.available[0].id, reason="unsure", confidence=unsure, **told
    )
    return (*chosen, *faults, *([Option(UNSURE, 1, hesitant)] if is_gated else []))


def _failed(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    attempts = tuple(each.model_copy(update={"outcome_class": name}) for each in told["attempts"])
    return {**told, "attempts": attempts}


def person(question: PersonQuestion, calls: Sequence[Sent]) -> tuple[str, ...]:
    """Return what a person may answer who tells the truth and adopts no rubbish."""
    offered = [option.id for option in question.options if option.available]
    if question.kind == "choose":
        return tuple(offered)
    path = question.path.removeprefix("undo:reconcile:")
    own = [call for call in calls if (call.path, call.visit) == (path, question.visit)]
    happened = any(call.applied for call in own if call.operation == own[-1].operation)
    lies = {"not_applied"} if happened else {"applied"}
    if question.kind == "undo" and path == question.path and happened:
        lies.add("retry")
    if own and question.value_schema is not None and not schemas.valid(question.value_schema, own[-1].output):
        lies.add("adopt")
    return tuple(choice for choice in offered if choice not in lies)
