"""Outline: a workflow as nodes and edges."""

from graphs.outline import outline
from planner.definition import KINDS, Workflow
from tools import yaml

EVERYTHING = """
look: {call: shop.look, if: "${input.known}"}
several:
  parallel:
    left: {a: {set: {x: 1}}, b: {set: {y: 2}}}
    right:
      pick:
        decide: Go on?
        options: {on: {then: more}, off: {then: end}}
        otherwise: off
      more: {call: shop.look}
each: {foreach: "${input.lines}", steps: {mark: {call: shop.mark}}}
sort: {switch: [{when: "${input.n > 3}", then: nested}], otherwise: stop}
nested: {run: other-flow, version: 1.2.0}
paid: {receive: settled, when: "event.subject == input.id", within: PT1H, otherwise: stop}
pause: {wait: PT5S, then: end}
stop: {fail: "not ${input.n}"}
"""


def drawn(steps=EVERYTHING):
    return outline(Workflow.model_validate({"workflow": "test", "steps": yaml.load(steps).data}))


def ways(drawing):
    return {(edge.source, edge.target, edge.label) for edge in drawing.edges}


def test_every_kind_of_step_is_a_node_with_what_it_does():
    nodes = {node.id: node for node in drawn().nodes}

    assert {node.kind for node in nodes.values()} == {*KINDS, "start", "end", "branch"}
    assert nodes["look"].text == "shop.look"
    assert nodes["look"].guard == "input.known"
    assert nodes["several.right.pick"].text == "Go on? (model)"
    assert nodes["each"].text == "for each of input.lines"
    assert nodes["nested"].text == "other-flow 1.2.0"
    assert nodes["paid"].text == "settled when event.subject == input.id"
    assert nodes["pause"].text == "PT5S"
    assert nodes["stop"].text == "not ${input.n}"


def test_nested_steps_stand_inside_their_branch_or_loop():
    inside = {node.id: node.inside for node in drawn().nodes}

    assert inside["several.left.a"] == "several.left"
    assert inside["several.left"] == "several"
    assert inside["each.mark"] == "each"
    assert inside["several"] is None


def test_edges_bear_what_leads_along_them():
    found = ways(drawn())

    assert {("paid", "pause", ""), ("paid", "stop", "not in time")} <= found
    assert ("(start)", "look", "") in found
    assert ("several.right.pick", "several.right.more", "on") in found
    assert ("sort", "nested", "input.n > 3") in found
    assert ("sort", "stop", "otherwise") in found
    assert ("pause", "(end)", "") in found


def test_a_nested_sequence_shows_its_end_only_where_there_are_several_ways_to_it():
    found = ways(drawn())

    assert ("several.right.pick", "several.right.(end)", "off") in found
    assert not any(source == "several.left.b" for source, _, _ in found)
    assert not any(source == "each.mark" for source, _, _ in found)


def test_nothing_follows_a_step_that_fails():
    assert not any(source == "stop" for source, _, _ in ways(drawn()))


def test_a_step_that_chooses_and_may_be_skipped_shows_the_way_past_it():
    steps = """
pick: {decide: Go, if: "${input.ask}", options: {on: {then: a}, off: {then: end}}, otherwise: off}
a: {set: {x: 1}}
"""

    assert ("pick", "a", "if not") in ways(drawn(steps))


def test_every_edge_joins_nodes_of_one_sequence():
    drawing = drawn()
    inside = {node.id: node.inside for node in drawing.nodes}

    assert all(inside[edge.source] == inside[edge.target] for edge in drawing.edges)
