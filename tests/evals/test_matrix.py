import itertools

import pytest

from evals.cases import Case
from evals.matrix import MatrixInvalid, expanded


def case(**more):
    fields = {
        "id": "pay",
        "services": {"bank.charge": [{"fault": "timeout", "applied": True}, {"return": {"id": "c"}}]},
        "expect": {"status": "succeeded"},
    }
    return Case.model_validate(fields | more)


def test_a_case_without_a_matrix_is_itself():
    assert expanded(case()) == (case(),)


def test_every_combination_is_a_case_with_an_id_of_its_own():
    axes = {"/services/bank.charge/0/fault": ["timeout", "reset"], "/input/amount": [1, 2.5]}

    made = expanded(case(matrix={"axes": axes}))

    assert [each.id for each in made] == [
        "pay-fault-timeout-amount-1",
        "pay-fault-timeout-amount-2-5",
        "pay-fault-reset-amount-1",
        "pay-fault-reset-amount-2-5",
    ]
    assert made[2].services["bank.charge"][0].fault == "reset"
    assert [each.input for each in made[:2]] == [{"amount": 1}, {"amount": 2.5}]
    assert all(each.matrix is None for each in made)


def test_pairwise_brings_every_two_values_together_in_few_cases():
    axes = {f"/input/{name}": [1, 2, 3] for name in "abcd"}

    made = expanded(case(matrix={"axes": axes, "pairwise": True}))

    assert len(made) < 20
    for one, other in itertools.combinations("abcd", 2):
        assert len({(each.input[one], each.input[other]) for each in made}) == 9


def test_pairwise_over_one_place_is_every_value():
    made = expanded(case(matrix={"axes": {"/input/a": [1, 2]}, "pairwise": True}))

    assert [each.input["a"] for each in made] == [1, 2]


@pytest.mark.parametrize(
    ("axes", "why"),
    [
        ({"/services/bank.charge/0/fault": ["odd"]}, "there is a problem at"),
        ({"/services/bank.charge/7/fault": ["reset"]}, "there is nothing at"),
        ({"/input/a": ["x", "X"]}, "have the id 'pay-a-x'"),
        ({"/input/a": list(range(40)), "/input/b": list(range(40))}, "more than 1000"),
    ],
)
def test_a_matrix_that_makes_no_cases_is_told(axes, why):
    with pytest.raises(MatrixInvalid, match=why):
        expanded(case(matrix={"axes": axes}))


@pytest.mark.parametrize("place", ["/id", "input", "/matrix/axes", "/workflow"])
def test_what_must_not_differ_is_refused(place):
    with pytest.raises(ValueError, match="is no place in a case that may differ"):
        case(matrix={"axes": {place: [1]}})
