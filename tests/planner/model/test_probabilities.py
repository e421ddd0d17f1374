import math
from decimal import Decimal

import pytest

from planner.model import probabilities

CONTENT = '{"choice": "A", "reason": "r"}'


def tokens(*alternatives, label="A", head='{"choice": "', rest='", "reason": "r"}'):
    told = [{"token": token, "logprob": math.log(mass)} for token, mass in alternatives]
    chosen = next((each for each in told if each["token"] == label), {"token": label, "logprob": -9.0})
    return [{"token": head, "logprob": 0.0}, {**chosen, "top_logprobs": told}, {"token": rest, "logprob": 0}]


def found(given, content=CONTENT):
    told = probabilities.of_labels(given, content, ("A", "B"))
    return told and {label: round(float(each), 6) for label, each in told.items()}


def test_the_mass_on_the_labels_is_scaled_to_one():
    assert found(tokens(("A", 0.6), ("B", 0.2), ("C", 0.1))) == {"A": 0.75, "B": 0.25}


def test_tokens_that_begin_with_the_label_count_for_it():
    assert found(tokens(("A", 0.4), ('A"', 0.2), ("B", 0.2), ("Alas", 0.1))) == {"A": 0.75, "B": 0.25}


def test_a_token_that_bears_the_quote_too_is_read():
    given = tokens(('"A', 0.75), ('"B', 0.25), ("A", 0.0001), label='"A', head='{"choice": ')
    assert found(given) == {"A": 0.75, "B": 0.25}


def test_the_chosen_token_counts_once_and_also_where_it_is_not_among_the_likeliest():
    given = tokens(("B", 0.5))
    given[1]["logprob"] = math.log(0.25)
    assert found(given) == {"A": 0.333333, "B": 0.666667}


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "rubbish",
        [None],
        [{"token": 5}],
        tokens(("A", 1.0)),
        tokens(("A", 0.2), ("B", 0.2)),
        tokens(("A", 0.6), ("B", 0.4), head='{"choice":"'),
        [{"token": CONTENT, "logprob": "low", "top_logprobs": 5}],
        [
            {"token": CONTENT[:12], "logprob": 0},
            {"token": "A", "logprob": float("nan"), "top_logprobs": [{"token": "B"}]},
        ],
    ],
    ids=[
        "none",
        "empty",
        "text",
        "null",
        "no text",
        "forced",
        "too little",
        "other text",
        "one token",
        "nan",
    ],
)
def test_what_does_not_tell_of_the_labels_says_nothing(given):
    assert found(given) is None


def test_a_choice_that_is_not_told_first_says_nothing():
    assert found(tokens(("A", 0.6), ("B", 0.4)), '{"reason": "r", "choice": "A"}') is None


def test_probabilities_are_written_plainly():
    assert [
        probabilities.written(Decimal(each)) for each in ("0.50", "1E-30", "1", "0.1234567890123456")
    ] == [
        "0.5",
        "0",
        "1",
        "0.123456789012",
    ]


def test_the_mean_needs_every_sample():
    assert probabilities.mean([{"a": "0.2", "b": "0.8"}, {"a": "0.4", "b": "0.6"}]) == {
        "a": "0.3",
        "b": "0.7",
    }
    assert probabilities.mean([{"a": "0.2"}, {}]) == probabilities.mean([]) == {}
