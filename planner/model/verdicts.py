"""Verdicts: what a decisions endpoint answered, read strictly. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from planner.decisions import Usage
from planner.model import answers, probabilities
from planner.model.answers import Choice, Envelope, Unusable

QUESTION = "choice"
"""Name of the one question that is asked."""
FEWEST, MOST = 2, 255
"""How many options the endpoint takes."""
SUM_TOLERANCE = Decimal("0.01")
TINY = 1e-100
_TOKENS = ("input_tokens", "output_tokens")


def read_envelope(body: bytes) -> Envelope:
    """Return what a response body with status 200 says; raise Unusable where it is no object."""
    top = answers.json_object(body)
    usage = answers.read_usage(top.get("usage"), _TOKENS)
    return Envelope(
        content=body.decode(),
        error=top.get("error"),
        model=answers.text_of(top.get("model")),
        response_id=answers.text_of(top.get("id")),
        system_fingerprint=answers.text_of(top.get("system_fingerprint")),
        usage=usage or Usage(),
        anomalies=() if usage else ("usage_missing",),
    )


def read(content: str, shown: Sequence[str]) -> Choice:
    """Return the choice among `shown` with its probabilities; raise Unusable where it breaks the contract."""
    answer = _answer(answers.json_object(content.encode(), parse_float=_decimal))
    if answer.get("type") == "refusal":
        raise Unusable("refused", "the model refused to answer")
    if answer.get("type") != "choice":
        kind = answers.clean(str(answer.get("type")), 80)
        raise Unusable("invalid", f"the answer is of type {kind!r}, not 'choice'")
    if answer.get("name") not in {None, QUESTION}:
        raise Unusable("invalid", "the answer is to another question than the one asked")
    choice = answer.get("choice")
    if not isinstance(choice, str) or choice not in shown:
        told = answers.clean(str(choice), 80)
        raise Unusable("invalid", f"{told!r} was not offered; it had to be one of {answers.named(shown)}")
    found = _probabilities(answer.get("probabilities"), shown)
    if found[choice] < max(found.values()):
        raise Unusable("invalid", f"{choice!r} was chosen, and another option is more likely")
    told_of = {option: probabilities.written(found[option]) for option in shown}
    return Choice(choice, "", float(found[choice]), (), "probabilities", told_of)


def _answer(top: Mapping[str, Any]) -> Mapping[str, Any]:
    given = top.get("answers")
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
        count = len(given) if isinstance(given, list) else answers.kind(given)
        raise Unusable("invalid", f"one answer was asked for, and there is {count}")
    return given[0]


def _probabilities(given: Any, shown: Sequence[str]) -> dict[str, Decimal]:
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    values = [item.get("value") for item in items]
    if not isinstance(given, list) or len(values) != len(given) or not _same(values, shown):
        raise Unusable("invalid", "the probabilities are not those of the options, each once")
    found = {str(item["value"]): _number(item.get("probability")) for item in items}
    total = sum(found.values(), Decimal(0))
    if abs(total - 1) > SUM_TOLERANCE:
        raise Unusable("invalid", f"the probabilities sum up to {total:.3f}, not to 1")
    return found


def _same(values: Sequence[Any], shown: Sequence[str]) -> bool:
    return all(isinstance(value, str) for value in values) and sorted(values) == sorted(shown)


def _decimal(text: str) -> Decimal:
    # An exponent beyond all sense does not fit a decimal; as a float it is zero or infinite.
    rough = abs(float(text))
    return Decimal(text) if TINY < rough < 1 / TINY else Decimal("Infinity" if rough > 1 else 0)


def _number(value: Any) -> Decimal:
    # What is no decimal number came as true, null, a text, NaN or Infinity.
    number = Decimal(value) if type(value) in {int, Decimal} else Decimal(-1)
    if not 0 <= number <= 1:
        raise Unusable("invalid", "a probability is no number from 0 to 1")
    return number
