"""Fingerprints: what they leave out loses no path, no answer and nothing that is wrong."""

import pytest

from evals.explore import exploration, fingerprint
from evals.explore.search import Bounds, Search

HOLD_AND_SEND = """
steps:
  first: {call: shop.reserve, with: {n: 1}}
  second: {call: shop.reserve, with: {n: 2}}
  send: {call: shop.send, with: {}}
"""
PAY = """
steps:
  pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule}}
  send: {call: shop.send, with: {}}
"""
BESIDE = """
steps:
  both:
    parallel:
      left: {hold: {call: shop.reserve, with: {n: 1}, recover: {by: rule}}}
      right: {look: {call: shop.look, with: {}, optional: true, recover: {by: rule}}}
  send: {call: shop.send, with: {of: "${both.left.hold.id}"}, recover: {by: rule}}
"""
DECIDED = """
budget: {model_calls: 3}
steps:
  look: {call: shop.look, with: {}, recover: {by: rule}}
  which: {decide: "Paint it?", options: {paint: {}, plain: {then: mark}}, otherwise: plain}
  paint: {call: shop.paint, with: {of: "${look.id}"}, undo: keep}
  mark:
    call: shop.mark
    optional: true
    recover: {allow: [retry, skip, fail], otherwise: fail}
    undo: keep
"""
LEFT = """
steps:
  paint: {call: shop.paint, with: {}}
  hold: {call: shop.reserve, with: {}, recover: {by: rule}}
  pay: {call: shop.pay, with: {order: o-1}, recover: {allow: [undo, person], otherwise: undo}}
"""
RIGHT = {"sagas": HOLD_AND_SEND, "money": PAY, "branches": BESIDE, "models": DECIDED}


def everything(play, point):
    """Tell states apart by all that was written and called, and not only by what can still be read."""
    entries = [unit.entry.entry._replace(at=None) for unit in play.state.units]
    told = [[each.kind, each.path, each.visit, each.attempt, _bare(each.body)] for each in entries]
    calls = [each[:-1] for each in play.state.calls]
    return fingerprint.digest([fingerprint.told(play, point), told, calls])


def _bare(body):
    return {name: value for name, value in body.items() if name not in {"decision_id", "due", "ms"}}


def exact(subject):
    search = Search(subject, Bounds(faults=2), mark=everything)
    search.run()
    return search


def seen(search):
    """Return all that a search tells, but how many states it took and how often the engine was started."""
    told = exploration.exploration(search).model_dump()
    return told["status"], told["reasons"], told["violations"], told["paths"], told["coverage"], told["worst"]


def wrong(search):
    told = exploration.exploration(search)
    return {(each.invariant, each.message, each.faults) for each in told.violations}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_leaving_out_what_cannot_be_read_any_more_loses_nothing(explorer, text):
    whole, short = exact(explorer.subject(text)), explorer.search(text)

    assert short.checked > 0
    assert seen(short) == seen(whole)
    assert short.states < whole.states


def test_what_is_wrong_does_not_hide_behind_a_path_that_looks_alike(explorer):
    """The same effect is left standing where a person chose to end the run, and where a rule did."""
    whole, short = exact(explorer.subject(LEFT)), explorer.search(LEFT)

    assert wrong(short) == wrong(whole) != set()


def test_effects_that_persons_let_be_tell_no_states_apart(explorer):
    """Otherwise each effect would multiply the states by what was said of those after it."""
    steps = "\n".join(f"  s{n}: {{call: shop.reserve, with: {{n: {n}}}}}" for n in range(6))

    search = explorer.search(f"steps:\n{steps}")

    assert search.is_complete
    assert search.states < 700
