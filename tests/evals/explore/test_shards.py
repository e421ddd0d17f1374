"""Shards: how many processes search changes nothing of what they find."""

from dataclasses import replace

from evals.explore import exploration, shards
from evals.explore.search import Bounds, Search

PAY = """
input: {type: object}
steps:
  pay: {call: shop.pay, with: {order: "${input.order}"}, recover: {by: rule}}
  send: {call: shop.send, with: {order: "${input.order}"}}
"""
UNPAID = (
    PAY.replace("recover", "optional: true, recover")
    + """
invariants:
  never:
  - effects.exists(e, e.operation == 'shop.send') && !effects.exists(e, e.operation == 'shop.pay')
"""
)


def of_three(explorer, text):
    """Return a subject with three scenarios."""
    subject = explorer.subject(text, given={"order": "o-1"})
    (one,) = subject.scenarios
    more = (one._replace(name=f"other {n}", input={"order": f"o-{n}"}) for n in (2, 3))
    return replace(subject, scenarios=(one, *more))


def told(search):
    document = exploration.document(exploration.exploration(search))
    return {name: value for name, value in document.items() if name not in {"seconds", "checked"}}


def test_scenarios_side_by_side_come_to_what_one_search_of_all_comes_to(explorer):
    subject, bounds = of_three(explorer, PAY), Bounds(faults=1)
    alone = Search(subject, bounds)
    alone.run()

    found = [shards.search(subject, bounds, jobs=jobs) for jobs in (1, 2)]

    assert [told(each) for each in found] == [told(alone)] * 2
    assert found[0].is_complete
    assert found[0].checked == found[1].checked > 0


def test_a_violation_is_told_alike_and_stops_all_at_its_number_of_faults(explorer):
    subject, bounds = of_three(explorer, UNPAID), Bounds(faults=2)

    one, two = (shards.search(subject, bounds, jobs=jobs) for jobs in (1, 2))

    assert told(one) == told(two)
    assert (one.levels, two.levels) == (1, 1)
    assert {each.scenario.name for each in two.found} == {"sample", "other 2", "other 3"}


def test_a_bound_of_states_holds_for_all_together(explorer):
    subject = of_three(explorer, PAY)
    states = Search(replace(subject, scenarios=subject.scenarios[:1]), Bounds(faults=1))
    states.run()

    found = shards.search(subject, Bounds(faults=1, states=states.states + 1), jobs=2)

    assert found.reasons == [f"the bound of {states.states + 1} states was reached"]
