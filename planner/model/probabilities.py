"""Probabilities: how likely each option was, as a server measured it and not as a model says it. Pure."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

PLACES = Decimal("1e-12")
"""Digits behind the point that are kept."""
LEAST_MASS = 0.5
"""Share of a token's probability that must lie on the options, for it to say anything of them."""
_BEFORE_CHOICE = re.compile(r'\s*\{\s*"choice"\s*:\s*"')


class _Token(NamedTuple):
    text: str
    logprob: float


def of_labels(tokens: Any, content: str, labels: Sequence[str]) -> dict[str, Decimal] | None:
    """Return how likely each label was where the answer names its choice, or None where that cannot be told.

    It takes the token that bears the label, and of its most likely alternatives those that would have put
    another label in that very place; their probabilities are scaled to sum up to one over all labels. A
    server that tells of no other label says nothing: a token that was forced upon the model is certain too.
    """
    begin = _BEFORE_CHOICE.match(content)
    place = _covering(tokens, content, begin.end()) if begin else None
    if place is None:
        return None
    token, before = place
    found = _masses(token, before, labels)
    total = math.fsum(found.values())
    if len(found) < min(2, len(labels)) or total < LEAST_MASS:
        return None
    return {label: Decimal(found.get(label, 0.0) / total) for label in labels}


def written(probability: Decimal) -> str:
    """Return a probability from 0 to 1 as a plain decimal string."""
    return format(probability.quantize(PLACES).normalize(), "f")


def by_id(labels: Mapping[str, str], found: Mapping[str, Decimal]) -> dict[str, str]:
    """Return what was found by label as strings by option id; `labels` names the label of each id."""
    return {option: written(found[label]) for option, label in labels.items()}


def mean(samples: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the mean of several samples' probabilities, or nothing where a sample lacks them."""
    if not samples or any(each.keys() != samples[0].keys() for each in samples):
        return {}
    return {
        option: written(sum((Decimal(each[option]) for each in samples), Decimal(0)) / len(samples))
        for option in samples[0]
    }


def _covering(tokens: Any, content: str, offset: int) -> tuple[Any, str] | None:
    """Return the token that holds the character at `offset`, and what it holds before it."""
    start = 0
    for token in tokens if isinstance(tokens, list) else ():
        text = token.get("token") if isinstance(token, dict) else None
        if not isinstance(text, str) or not content.startswith(text, start):
            return None
        if start + len(text) > offset:
            return token, text[: offset - start]
        start += len(text)
    return None


def _masses(token: Mapping[str, Any], before: str, labels: Sequence[str]) -> dict[str, float]:
    alternatives = token.get("top_logprobs")
    told = [token, *(alternatives if isinstance(alternatives, list) else ())]
    # The token itself stands among its alternatives again.
    unique = {each.text: each.logprob for each in _readable(told)}
    found: dict[str, float] = {}
    for text, logprob in unique.items():
        rest = text.removeprefix(before)
        label = rest.partition('"')[0]
        if text.startswith(before) and label in labels:
            found[label] = found.get(label, 0.0) + math.exp(logprob)
    return found


def _readable(told: Iterable[Any]) -> Iterable[_Token]:
    for each in told:
        if not isinstance(each, dict) or not isinstance(each.get("token"), str):
            continue
        logprob: Any = each.get("logprob")
        if type(logprob) in {int, float} and math.isfinite(logprob) and logprob <= 0:
            yield _Token(each["token"], float(logprob))
