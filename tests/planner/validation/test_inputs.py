"""Tests of the schema of a workflow's input."""

import pytest


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


STEPS = "s: {set: {}}"


@pytest.mark.parametrize(
    "schema", ["{type: objct}", "{type: object, required: name}", "{properties: {a: {minimum: low}}}"]
)
def test_a_schema_that_cannot_be_used_is_told(check, schema):
    (problem,) = check(STEPS, head=f"input: {schema}")

    assert problem.code == "bad-schema"
    assert problem.path.startswith("/input")


def test_nothing_follows_from_a_schema_that_cannot_be_used(check):
    found = check('s: {set: {x: "${input.a}"}}', head="input: {type: objct, properties: {b: {}}}")

    assert [problem.code for problem in found] == ["bad-schema"]


@pytest.mark.parametrize(
    ("schema", "path", "meant"),
    [
        ("{type: object, propertes: {}}", "/input/propertes", "properties"),
        ("{type: object, properties: {a: {tpe: string}}}", "/input/properties/a/tpe", "type"),
        ("{type: array, items: {enumm: [1]}}", "/input/items/enumm", "enum"),
        ("{oneOf: [{tittle: x}]}", "/input/oneOf/0/tittle", "title"),
    ],
)
def test_an_unknown_keyword_is_told_with_the_nearest(check, schema, path, meant):
    (problem,) = check(STEPS, head=f"input: {schema}")

    assert (problem.code, problem.path) == ("unknown-keyword", path)
    assert f"'{meant}'" in problem.remedy


def test_notes_of_your_own_are_allowed(check):
    assert check(STEPS, head="input: {type: object, x-owner: us}") == []


def test_a_required_field_that_is_not_declared_is_one_problem(check):
    head = "input: {type: object, required: [order_id], properties: {ordr_id: {type: string}}}"
    found = check('s: {set: {x: "${input.order_id}"}}', head=head)

    assert pairs(found) == [("undeclared-field", "/input/required/0")]


@pytest.mark.parametrize("rest", ["true", "{}", "{type: string}"])
def test_an_open_schema_may_require_what_it_does_not_declare(check, rest):
    head = f"input: {{type: object, required: [a], properties: {{b: {{}}}}, additionalProperties: {rest}}}"

    assert check(STEPS, head=head) == []
