"""Names of operations."""

import pytest

from tools.identifiers import camel_case, identifier


@pytest.mark.parametrize(
    ("operation_id", "name"),
    [
        ("getOrder", "getOrder"),
        ("List_", "List_"),
        ("/health > GET", "healthGet"),
        ("Add an item to the cart", "addAnItemToTheCart"),
        ("UpdateItem-V2", "updateItemV2"),
        ("GET_movie-movie_id", "getMovieMovieId"),
        ("2fa.check", "_2faCheck"),
        ("日本", "postOrdersId"),
        (None, "postOrdersId"),
        ("", "postOrdersId"),
    ],
)
def test_an_id_becomes_a_name_that_an_expression_can_write(operation_id, name):
    assert identifier(operation_id, method="post", path="/orders/{id}", taken=()) == name


def test_a_name_that_is_taken_gets_a_number():
    assert identifier("a b", method="get", path="/", taken={"aB", "aB2"}) == "aB3"


def test_a_call_without_any_words_is_named_by_its_method():
    assert identifier(None, method="GET", path="/", taken=()) == "get"
    assert camel_case("> /") == ""
