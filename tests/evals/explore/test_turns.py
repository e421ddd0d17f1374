"""Branches side by side: every order that could make a difference is taken, and no other adds states."""

from dataclasses import replace

import pytest

from evals.explore import exploration, graph, walk

READS = """
steps:
  both:
    parallel:
      left: {a: {call: shop.look, with: {n: 1}}, b: {call: shop.look, with: {n: 2}, optional: true}}
      right: {c: {call: shop.look, with: {n: 3}}, d: {call: shop.look, with: {n: 4}, recover: {by: rule}}}
  send: {call: shop.send, with: {}}
"""
SAGAS = """
steps:
  both:
    parallel:
      left: {a: {call: shop.reserve, with: {n: 1}}, b: {call: shop.reserve, with: {n: 2}}}
      right: {c: {call: shop.reserve, with: {n: 3}}, d: {call: shop.send, with: {n: 4}}}
  done: {call: shop.mark, with: {}, undo: keep}
"""
NO_UNDO = """
steps:
  both:
    parallel:
      left: {a: {call: shop.reserve, with: {n: 1}}, b: {call: shop.paint, with: {n: 2}}}
      right: {c: {call: shop.send, with: {n: 3}}, d: {call: shop.look, with: {n: 4}}}
"""
ITEMS = """
steps:
  all: {foreach: "${[1, 2, 3]}", concurrency: 3, steps: {a: {call: shop.reserve, with: {n: "${item}"}}}}
  send: {call: shop.send, with: {}}
"""
DECIDED = """
steps:
  both:
    parallel:
      left:
        a: {call: shop.look, with: {n: 1}}
        how: {decide: "How?", options: {paint: {then: paint}, not: {then: end}}, otherwise: not}
        paint: {call: shop.paint, with: {}, undo: keep}
      right: {c: {call: shop.reserve, with: {n: 3}}, d: {call: shop.send, with: {n: 4}}}
"""
INDEPENDENT = {"reads": READS, "sagas": SAGAS, "no undo": NO_UNDO, "items": ITEMS, "decided": DECIDED}

HALF_WAY = """
steps:
  both:
    parallel:
      money:
        first: {call: shop.reserve, with: {n: 1}}
        second: {call: shop.reserve, with: {n: 2}}
      goods:
        look: {call: shop.look, with: {}}
        send: {call: shop.send, with: {}}
invariants:
  never:
  - size(effects) == 2 && effects[0].step == 'both.money.first' && effects[1].step == 'both.goods.send'
"""
SEEN_TOO_SOON = """
steps:
  both:
    parallel:
      money: {pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule}}}
      books:
        found: {call: shop.find, with: {of: o-1}, recover: {by: rule}}
        mark: {call: shop.mark, with: {id: "${found.items[0].id}"}, undo: keep}
"""

SENT_AND_STOPPED = """
steps:
  both:
    parallel:
      left: {a: {call: shop.reserve, with: {n: 1}}}
      right: {c: {call: shop.look, with: {n: 3}}}
"""


def every_order(explorer, text):
    return replace(explorer.subject(text), all_orders=True)


def wrong(search):
    return {
        (each.invariant, each.message, each.faults) for each in exploration.exploration(search).violations
    }


def seen(search):
    """Return all that is covered, but which answers came in a row and together, which orders do change."""
    told = exploration.exploration(search).coverage
    return {
        **told.shares,
        "unreachable": told.unreachable,
        "vacuous": told.vacuous,
        "ends": sorted(set(search.graph.ends.values())),
    }


@pytest.mark.parametrize("text", INDEPENDENT.values(), ids=INDEPENDENT)
def test_one_order_of_independent_calls_shows_what_all_orders_show_with_fewer_states(explorer, text):
    whole, short = explorer.search(every_order(explorer, text), 1), explorer.search(text, 1)

    assert (whole.reasons, short.reasons) == ([], []) or whole.found
    assert wrong(short) == wrong(whole)
    assert seen(short) == seen(whole)
    assert short.states < whole.states


@pytest.mark.parametrize(("text", "faults"), [(HALF_WAY, 0), (SEEN_TOO_SOON, 1)])
def test_what_only_steps_of_two_branches_in_turn_show_is_found(explorer, text, faults):
    search = explorer.search(text, faults)
    (found,) = exploration.exploration(search).violations

    assert found.faults == faults
    assert wrong(search) == wrong(explorer.search(every_order(explorer, text), faults))


def test_a_call_that_a_dead_process_may_have_sent_is_taken_back_when_a_branch_beside_it_fails(explorer):
    """The process ends before the outcome of one is kept, and the other fails before it is sent again."""
    search = explorer.search(every_order(explorer, SENT_AND_STOPPED), 2)

    assert (search.found, search.reasons) == ([], [])


def test_a_found_order_is_told_and_taken_again(explorer):
    search = explorer.search(HALF_WAY, 0)
    (found,) = search.found
    moves = graph.moves(search.graph.shortest(found.node))
    (told,) = exploration.exploration(search).violations
    path = walk.walk(search.subject, found.scenario, moves)

    assert "both.goods.send goes on." in told.moves
    sent = [call.path for call in path.state.calls]
    assert sent.index("both.money.first") < sent.index("both.goods.send") < sent.index("both.money.second")
