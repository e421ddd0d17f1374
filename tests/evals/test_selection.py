"""Cases are picked by words, tags and ids."""

import pytest

from evals.selection import ExpressionWrong, Selection, read, select

CASES = "".join(
    f"- id: {name}\n  title: {title}\n  tags: [{tag}]\n  input: {{order: o, amount: 1.0}}\n"
    "  expect: {status: succeeded}\n"
    for name, title, tag in (("one-a", "The first", "fast"), ("two-b", "The second", "slow"))
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Selection(), ["one-a", "two-b"]),
        (Selection("first"), ["one-a"]),
        (Selection("not first"), ["two-b"]),
        (Selection("first or SLOW"), ["one-a", "two-b"]),
        (Selection("small and not (one or three)"), ["two-b"]),
        (Selection(tags=["slow", "odd"]), ["two-b"]),
        (Selection(ids=["small/one-a"]), ["one-a"]),
        (Selection(ids=["two-b"], tags=["fast"]), []),
        (Selection("nothing"), []),
    ],
)
def test_only_what_was_asked_for_is_run(desk, wanted, found):
    assert [job.case.id for job in select(desk.jobs(CASES), wanted)] == found


@pytest.mark.parametrize("text", ["and", "a or", "(a", "a b", "not", "a )"])
def test_an_expression_that_cannot_be_read_is_told(text):
    with pytest.raises(ExpressionWrong, match="cannot be read"):
        read(text)
