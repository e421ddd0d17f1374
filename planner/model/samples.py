"""Samples: one question asked several times, each time with the options in another order. Pure."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from planner.decisions import Answer, Confidence, Question, Usage, ids
from planner.model import probabilities


def permuted(question: Question, count: int) -> tuple[Question, ...]:
    """Return the question in as many orders; as it stands where there is but one sample."""
    first = question.order_seed or 0
    if count == 1:
        return (question,)
    return tuple(question.model_copy(update={"order_seed": first + n}) for n in range(count))


def ordered(answer: Answer, question: Question) -> Answer:
    """Return the answer with each attempt bearing the order that it showed."""
    order = ids(question.shown)
    attempts = tuple(each.model_copy(update={"option_order": order}) for each in answer.attempts)
    return answer.model_copy(update={"attempts": attempts})


def merged(answers: Sequence[Answer], *, gates: bool) -> Answer:
    """Return the majority's answer; its confidence is its share of all samples, of those that failed too."""
    usable = [answer for answer in answers if answer.outcome_class == "ok" and answer.choice is not None]
    together = {"attempts": _attempts(answers), "usage": _usage(answers)}
    if not usable:
        return answers[0].model_copy(update=together)
    # Of equal counts the first one stands, so that the same answers give the same choice.
    votes = Counter(answer.choice for answer in usable).most_common()
    choice, count = votes[0]
    spokesman = next(answer for answer in usable if answer.choice == choice)
    odd = (
        ("samples_failed", len(usable) < len(answers)),
        ("samples_tied", len(votes) > 1 and votes[1][1] == count),
    )
    noted = [
        *(name for answer in answers for name in answer.anomalies),
        *(name for name, is_so in odd if is_so),
    ]
    return spokesman.model_copy(
        update={
            **together,
            "confidence": Confidence(value=count / len(answers), source="agreement", gates=gates),
            "probabilities": probabilities.mean([answer.probabilities for answer in usable]),
            "anomalies": tuple(dict.fromkeys(noted)),
        }
    )


def _attempts(answers: Sequence[Answer]) -> tuple[object, ...]:
    attempts = [attempt for answer in answers for attempt in answer.attempts]
    return tuple(each.model_copy(update={"n": n}) for n, each in enumerate(attempts, 1))


def _usage(answers: Sequence[Answer]) -> Usage:
    costs = [answer.usage.cost_usd for answer in answers if answer.usage.cost_usd is not None]
    return Usage(
        input=sum(answer.usage.input for answer in answers),
        output=sum(answer.usage.output for answer in answers),
        cost_usd=sum(costs, Decimal(0)) if costs else None,
    )
