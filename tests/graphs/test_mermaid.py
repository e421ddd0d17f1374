"""Mermaid: a drawing as text."""

import re

from graphs import mermaid
from graphs.outline import Drawing, Edge, Node, outline
from planner.definition import Workflow
from tools import yaml


def text(steps):
    return mermaid.text(
        outline(Workflow.model_validate({"workflow": "test", "steps": yaml.load(steps).data}))
    )


def test_branches_are_subgraphs_and_every_one_is_closed():
    shown = text("several: {parallel: {left: {a: {set: {x: 1}}}, right: {b: {set: {x: 1}}}}}")

    assert shown.count("subgraph ") == len(re.findall(r"^ *end$", shown, re.MULTILINE)) == 3
    assert 'subgraph several_left["left"]' in shown


def test_words_of_mermaid_and_alike_names_get_ids_of_their_own():
    shown = text(
        "graph: {foreach: '${[1]}', steps: {a: {set: {x: 1}}}}\ngraph_a: {set: {x: 1}}\nclass: {set: {x: 1}}"
    )

    ids = re.findall(r"^ *(?:subgraph )?(\w+)[\[({]", shown, re.MULTILINE)
    assert len(ids) == len(set(ids))
    assert not {"graph", "class", "end"} & set(ids)


def test_texts_cannot_break_out_of_their_quotes():
    shown = text('ask: {decide: "Say \\"no\\" ] --> <b>x</b> `y` #1;\\nend", options: {a: {}}, otherwise: a}')

    line = next(line for line in shown.splitlines() if "Say" in line)
    inner = line[line.index('"') + 1 : line.rindex('"')]
    assert '"' not in inner
    assert "`" not in inner
    assert "<b>" not in inner
    assert "#quot;no#quot;" in inner


def test_the_path_of_a_run_is_thick_and_coloured():
    drawn = Drawing(
        workflow="w",
        version="1.0.0",
        run_id="r",
        status="succeeded",
        nodes=(
            Node(id="a", kind="call", title="a", state="done", visits=2),
            Node(id="b", kind="call", title="b"),
        ),
        edges=(Edge(source="a", target="b", label="on", visits=1), Edge(source="a", target="b", label="off")),
    )

    shown = mermaid.text(drawn)

    assert 'a ==>|"on"| b' in shown
    assert 'a -->|"off"| b' in shown
    assert "class a done" in shown
    assert "a, 2 times" in shown
