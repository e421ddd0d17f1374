"""Random paths: what is found shrinks to as little as it takes."""

from evals.explore import chance, exploration
from evals.explore.search import Bounds, Search

UNPAID = """
steps:
  hold: {call: shop.reserve, with: {}}
  pay: {call: shop.pay, with: {order: o-1}, optional: true, recover: {by: rule}}
  send: {call: shop.send, with: {order: o-1}}
invariants:
  never:
  - effects.exists(e, e.operation == 'shop.send') && !effects.exists(e, e.operation == 'shop.pay')
"""


def sampled(explorer, text, examples):
    search = Search(explorer.subject(text), Bounds(faults=2))
    chance.sample(search, examples)
    return search, exploration.exploration(search)


def test_what_is_found_by_chance_shrinks_to_the_one_fault_that_it_takes(explorer):
    _, told = sampled(explorer, UNPAID, 300)

    assert [each.faults for each in told.violations] == [1]
    assert told.status == "INCOMPLETE"


def test_nothing_found_by_chance_is_never_called_complete(explorer):
    search, told = sampled(explorer, "steps: {look: {call: shop.look, with: {}}}", 20)

    assert (told.violations, told.status) == ((), "INCOMPLETE")
    assert "drawn at random" in told.reasons[0]
    assert search.runs >= 1
