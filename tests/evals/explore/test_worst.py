"""The most that a path may use."""

import pytest

from evals.explore import exploration
from evals.explore.graph import Edge, Graph
from evals.explore.points import Move, Option, Point
from evals.explore.worst import worst as most
from planner.definition import Budget


def worst(explorer, text, faults):
    return exploration.exploration(explorer.search(text, faults)).worst


def test_calls_are_told_by_operation_and_grow_with_what_goes_wrong(explorer):
    text = "steps: {hold: {call: shop.reserve, with: {}}, send: {call: shop.send, with: {}}}"

    benign, faulty = worst(explorer, text, 0), worst(explorer, text, 1)

    assert benign.operations == {"shop.reserve": 1, "shop.send": 1}
    assert faulty.operations["shop.send"] > 1
    assert faulty.operations["shop.release"] == 1


def test_what_the_budget_does_not_bound_is_named(explorer):
    text = "budget: {model_calls: 3}\nsteps: {look: {call: shop.look, with: {}}}"

    limits = worst(explorer, text, 0).limits

    assert (limits.model_calls, limits.missing) == (3, ("tokens", "cost_usd", "seconds"))


@pytest.mark.parametrize(("call", "circles"), [("shop.look", False), ("shop.reserve", False)])
def test_a_path_that_only_goes_forward_has_no_circle(explorer, call, circles):
    assert worst(explorer, f"steps: {{a: {{call: {call}, with: {{}}}}}}", 1).circles is circles


def test_a_path_that_comes_back_to_a_state_is_told():
    graph = Graph()
    root, node = graph.root(), graph.add(Point("call", "shop.look", (Option("ok"),)))
    graph.connect(Edge(root, node, ()))
    graph.connect(Edge(node, node, (Move("call", "shop.look", "ok"),)))

    assert most(graph, Budget(), 0).circles
