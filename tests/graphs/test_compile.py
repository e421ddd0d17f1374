"""The LangGraph form has a node a block and names every edge; both engines give equal traces."""

import asyncio
import itertools

import yaml

from graphs import blocks, driver
from graphs import compile as compiling
from graphs.testing import LOST, OK, REFUSED
from planner.definition import Workflow

STEPS = """
look: {call: shop.look}
pick:
  decide: Which one
  options: {pay: {then: pay}, mark: {when: input.n > 1, then: mark}, none: {then: end}}
  otherwise: none
pay: {call: shop.pay, with: {order: o-1}, then: both}
mark: {call: shop.mark}
both:
  parallel:
    left: {hold: {call: shop.reserve}}
    right:
      again: {call: shop.look}
      tail: {switch: [{when: input.n > 2, then: end}]}
      late: {call: shop.mark}
each: {foreach: input.items, steps: {one: {call: shop.mark, with: {n: '${item}'}}}}
last: {call: other.look}
"""


def test_every_block_is_a_node_and_every_way_out_an_edge():
    workflow = Workflow.model_validate({"workflow": "test", "steps": yaml.safe_load(STEPS)})
    sequence = blocks.sequence(workflow.steps)

    drawn = compiling.compiled(sequence).get_graph()

    edges = {(edge.source, edge.target) for edge in drawn.edges}
    wanted = {
        (block.name, "__end__" if target == "end" else target)
        for block in sequence.blocks.values()
        for target in block.targets
    }
    assert set(drawn.nodes) == {*sequence.blocks, "__start__", "__end__"}
    assert wanted <= edges
    assert edges - wanted <= {(name, "__end__") for name in sequence.blocks} | {("__start__", sequence.entry)}


def test_a_sequence_is_compiled_once():
    workflow = Workflow.model_validate({"workflow": "test", "steps": {"a": {"set": {}}}})
    sequence = blocks.sequence(workflow.steps)

    assert compiling.compiled(sequence) is compiling.compiled(sequence)


def test_driver_and_langgraph_give_equal_traces(world):
    """The conformance test over choices, failures and sizes."""
    choices, outcomes, sizes = ("pay", "mark", "none", None), (OK, LOST, REFUSED), (0, 2, 3)
    for choice, outcome, n in itertools.product(choices, outcomes, sizes):
        told = []
        for execute in (driver.execute, compiling.execute):
            bench = world.bench(
                STEPS,
                {"shop.pay": [outcome], "shop.mark": [outcome, OK], "other.look": [outcome]},
                {} if choice is None else {"test/pick": choice},
                {"n": n, "items": list(range(n))},
            )
            bench.execute = execute
            ended = asyncio.run(bench.once())
            trace = [(entry.kind, entry.path, entry.visit, entry.attempt) for _, entry in bench.entries]
            told.append((ended.status, ended.error, bench.trail, trace, bench.caller.calls))
        assert told[0] == told[1]
