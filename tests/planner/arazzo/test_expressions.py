import pytest

from planner.arazzo.expressions import (
    Scope,
    Untranslatable,
    cel,
    condition,
    matching,
    read_inputs,
    statuses,
    template,
)

SCOPE = Scope(
    steps={"find-pet": "find_pet", "sub": "sub"},
    outputs={
        ("find-pet", "id"): "$response.body#/0/id",
        ("find-pet", "all"): "$response.body",
        ("find-pet", "expires"): "$response.header.X-Expires-After",
        ("find-pet", "round"): "$steps.find-pet.outputs.round",
        ("sub", "order"): "$outputs.order_id",
    },
    ran=frozenset({"sub"}),
)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("$inputs.pet_id", "input.pet_id"),
        ("$inputs.customer#/name/first", "input.customer.name.first"),
        ("$inputs.in", "input['in']"),
        ("$inputs.pet-id", "input['pet-id']"),
        ("$steps.find-pet.outputs.id", "find_pet[0].id"),
        ("$steps.find-pet.outputs.all#/2/category/name", "find_pet[2].category.name"),
        ("$steps.sub.outputs.order", "sub.order_id"),
    ],
)
def test_an_expression_reads_the_value_of_a_step_or_the_input(given, made):
    assert cel(given, SCOPE) == made


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("$response.body", "find_pet"),
        ("$response.body#/a~1b/c", "find_pet['a/b'].c"),
        ("$response.body.couponCode", "find_pet.couponCode"),
        ("$outputs.id", "find_pet[0].id"),
    ],
)
def test_after_a_step_its_answer_can_be_read(given, made):
    assert cel(given, SCOPE.at("find-pet")) == made


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("$steps.find-pet.outputs.expires", "reads a header"),
        ("$steps.find-pet.outputs.colour", "declares no output 'colour'"),
        ("$steps.find-pet.outputs.round", "declares no output 'round'"),
        ("$steps.nowhere.outputs.id", "there is no step 'nowhere'"),
        ("$statusCode", "the status, which no step keeps"),
        ("$request.header.accept", "what was sent"),
        ("$url", "an address"),
        ("$workflows.other.outputs.a", "another workflow"),
        ("$response.body", "means nothing here"),
        ("$workflow_order_id", "no expression that is known"),
        ("$inputs", "no expression that is known"),
    ],
)
def test_what_no_step_keeps_says_so(given, why):
    with pytest.raises(Untranslatable, match=why.replace("'", ".")):
        cel(given, SCOPE)


def test_expressions_are_found_in_values_and_in_texts():
    value = {"id": "$inputs.id", "note": "for {$inputs.name}, please", "n": 1, "list": ["$inputs.id", None]}
    assert template(value, SCOPE) == {
        "id": "${input.id}",
        "note": "for ${input.name}, please",
        "n": 1,
        "list": ["${input.id}", None],
    }


def test_a_text_that_would_begin_an_expression_here_is_refused():
    with pytest.raises(Untranslatable):
        template("costs ${5}", SCOPE)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("$response.body#/status == 'available'", "find_pet.status == 'available'"),
        ("$response.body#/0/id > 3 && $inputs.strict == true", "find_pet[0].id > 3 && input.strict == true"),
        ("$response.body#/name == 'it''s $5'", "find_pet.name == 'it\\'s $5'"),
        ("!($response.body.done)", "!(find_pet.done)"),
        ("$statusCode == 200", None),
        ("$statusCode == 200 || $statusCode == 201", None),
    ],
)
def test_a_condition_is_cel_unless_success_alone_fulfils_it(given, made):
    assert condition(given, SCOPE.at("find-pet")) == made


@pytest.mark.parametrize(
    "given", ["$statusCode == 404", "$statusCode > 200", "$response.body#/a ==", "$response.header.A == 1"]
)
def test_a_condition_that_cannot_be_kept_says_why(given):
    with pytest.raises(Untranslatable):
        condition(given, SCOPE.at("find-pet"))


def test_a_regular_expression_looks_at_a_value():
    found = matching(r"^avail\d", "$response.body#/status", SCOPE.at("find-pet"))
    assert found == "string(find_pet.status).matches('^avail\\\\d')"
    assert matching("^20[01]$", "$statusCode", SCOPE) is None
    with pytest.raises(Untranslatable):
        matching("^404$", "$statusCode", SCOPE)
    with pytest.raises(Untranslatable):
        matching("^(20$", "$statusCode", SCOPE)


def test_statuses_are_told_where_a_condition_is_about_nothing_else():
    assert statuses("$statusCode == 200 || $statusCode == 201") == [200, 201]
    assert statuses("$statusCode == 200 && $inputs.a == 1") is None


def test_inputs_that_are_read_are_found_at_any_depth():
    assert sorted(read_inputs({"a": ["$inputs.b", {"c": "x {$inputs.d}"}], "e": 1})) == ["b", "d"]
