"""SVG: a picture that is well formed, holds everything and runs nothing."""

from xml.etree import ElementTree as ET

import pytest

from graphs import svg
from graphs.outline import Drawing, Edge, Node, outline
from planner.definition import Workflow
from tools import yaml

NAMESPACE = "{http://www.w3.org/2000/svg}"
STEPS = """
several: {parallel: {left: {a: {call: shop.look}}, right: {b: {set: {x: 1}}}}}
pick: {decide: Which way shall it go from here, options: {on: {then: c}, off: {then: end}}, otherwise: off}
c: {foreach: "${input.lines}", steps: {d: {call: shop.mark}}}
"""


def picture(drawn):
    return ET.fromstring(svg.text(drawn))  # noqa: S314 - our own picture


def drawn(steps=STEPS):
    return outline(Workflow.model_validate({"workflow": "test", "steps": yaml.load(steps).data}))


def texts(root):
    return {element.text for element in root.iter(f"{NAMESPACE}text")}


def test_every_step_and_option_is_in_the_picture():
    shown = texts(picture(drawn()))

    assert {"a", "shop.look", "left", "on", "off", "start", "end", "pick · decide"} <= shown


def test_what_is_nested_stands_inside_what_holds_it():
    rects = {}
    for group in picture(drawn()).iter(f"{NAMESPACE}g"):
        title, rect = group.find(f"{NAMESPACE}title"), group.find(f"{NAMESPACE}rect")
        if title is not None and rect is not None:
            x, y, w, h = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            rects[title.text.split()[0]] = (x, y, x + w, y + h)

    for inner, outer in (("several.left.a", "several.left"), ("several.left", "several"), ("c.d", "c")):
        a, b = rects[inner], rects[outer]
        assert b[0] <= a[0]
        assert b[1] <= a[1]
        assert a[2] <= b[2]
        assert a[3] <= b[3]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a & b", '"x"', "]]>", "\x00\x08\ud800", "ü€"])
def test_no_text_can_break_the_picture(text):
    node = Node(id="a", kind="call", title=text, text=text, notes=(text,), guard=text)
    edge = Edge(source="a", target="a", label=text)

    root = picture(Drawing(workflow=text, version="1.0.0", nodes=(node,), edges=(edge,)))

    assert not list(root.iter(f"{NAMESPACE}script"))
    svg.text(Drawing(workflow="w", version="1.0.0", nodes=(node,), edges=(edge,))).encode()


def test_the_path_of_a_run_stands_out():
    nodes = (
        Node(id="a", kind="call", title="a", state="done", visits=1, notes=("chose: on, by model",)),
        Node(id="b", kind="call", title="b"),
    )
    edges = (Edge(source="a", target="b", label="on", visits=1), Edge(source="a", target="b", label="off"))

    root = picture(Drawing(workflow="w", version="1.0.0", run_id="r", nodes=nodes, edges=edges))

    classes = [group.get("class") for group in root.iter(f"{NAMESPACE}g")]
    assert classes.count("taken") == classes.count("idle") == 1
    assert "done call" in classes
    assert "run" in classes
    assert "chose: on, by model" in texts(root)


def test_the_picture_is_as_large_as_what_it_holds():
    root = picture(drawn())

    width = float(root.get("width"))
    rights = [float(r.get("x", 0)) + float(r.get("width")) for r in root.iter(f"{NAMESPACE}rect")]
    assert max(rights) <= width
