"""Errors of the ground."""

import inspect

import pytest

from tools import errors
from tools.problems import Problem

LEAVES = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, errors.ToolError) and error is not errors.ToolError
]


def test_every_error_has_its_own_code():
    codes = [error.code for error in LEAVES]
    assert len(set(codes)) == len(codes)
    assert errors.ToolError.code not in codes


def test_every_error_stands_in_the_tree_that_the_module_draws():
    for error in LEAVES:
        assert error.__name__ in errors.__doc__


@pytest.mark.parametrize("error", [errors.CatalogInvalid, errors.DocumentInvalid])
def test_an_error_with_problems_keeps_and_tells_all_of_them(error):
    found = [Problem(path=f"/{name}", code="c", message=f"{name} is wrong.") for name in "ab"]
    raised = error(found)
    assert raised.problems == tuple(found)
    assert "a is wrong" in str(raised)
    assert "b is wrong" in str(raised)


def test_an_unknown_operation_comes_with_candidates():
    said = str(errors.OperationUnknown("a.b", ["a.c", "a.d"]))
    assert "'a.b'" in said
    assert "a.c or a.d" in said
    assert "did you mean" not in str(errors.OperationUnknown("a.b"))


def test_a_missing_secret_names_the_variable_and_never_a_value():
    assert "ORDERS_TOKEN" in str(errors.SecretMissing("orders", "ORDERS_TOKEN"))


def test_an_expression_error_quotes_its_source():
    assert str(errors.ExpressionError("a +", "ends too early")) == "'a +': ends too early"
