"""Mermaid: a drawing as text that Markdown viewers turn into a picture. Pure."""

from collections.abc import Iterator

from graphs.outline import Drawing, Edge, Node

_SHAPES = {
    "start": ("([", "])"),
    "end": ("([", "])"),
    "decide": ("{{", "}}"),
    "switch": ("{", "}"),
    "run": ("[[", "]]"),
    "wait": ("(", ")"),
    "receive": (">", "]"),
    "set": ("[/", "/]"),
    "fail": ("[", "]"),
    "call": ("[", "]"),
}
_CONTAINERS = frozenset({"parallel", "branch", "foreach"})
_STYLES = {
    "done": "fill:#dcfce7,stroke:#15803d,stroke-width:2px,color:#14532d",
    "current": "fill:#dbeafe,stroke:#1d4ed8,stroke-width:3px,color:#1e3a8a",
    "failed": "fill:#fee2e2,stroke:#b91c1c,stroke-width:3px,color:#7f1d1d",
    "undone": "fill:#fef3c7,stroke:#b45309,stroke-width:2px,color:#78350f",
    "stopped": "fill:#f3f4f6,stroke:#4b5563,stroke-width:2px,color:#1f2937",
    "skipped": "fill:#ffffff,stroke:#9ca3af,color:#9ca3af,stroke-dasharray:4 3",
    "untouched": "fill:#ffffff,stroke:#d1d5db,color:#9ca3af",
}
_WORDS = frozenset(
    {
        "call",
        "class",
        "click",
        "default",
        "direction",
        "end",
        "flowchart",
        "graph",
        "href",
        "interpolate",
        "style",
        "subgraph",
    }
)
_LONGEST = 60


def text(drawn: Drawing) -> str:
    """Return a Mermaid flowchart; thick arrows are the path of the run."""
    ids = _ids(drawn)
    lines = ["flowchart TD", *_nodes(drawn, None, ids, "  ")]
    lines += [f"  {_edge(edge, ids)}" for edge in drawn.edges]
    if drawn.run_id is not None:
        lines += _classes(drawn, ids)
    return "\n".join(lines) + "\n"


def _ids(drawn: Drawing) -> dict[str, str]:
    """Return for each node an id that Mermaid takes; no two are alike."""
    ids: dict[str, str] = {}
    for node in drawn.nodes:
        plain = node.id.replace(".", "_").replace("(start)", "START").replace("(end)", "END")
        while plain in _WORDS or plain in ids.values():
            plain += "_"
        ids[node.id] = plain
    return ids


def _nodes(drawn: Drawing, container: str | None, ids: dict[str, str], indent: str) -> Iterator[str]:
    for node in drawn.within(container):
        if node.kind in _CONTAINERS:
            yield f'{indent}subgraph {ids[node.id]}["{_label(node, " ")}"]'
            yield f"{indent}  direction TB"
            yield from _nodes(drawn, node.id, ids, f"{indent}  ")
            yield f"{indent}end"
        else:
            opening, closing = _SHAPES[node.kind]
            yield f'{indent}{ids[node.id]}{opening}"{_label(node, "<br/>")}"{closing}'


def _label(node: Node, separator: str) -> str:
    guard = f"if {node.guard}" if node.guard else ""
    times = f"{node.title}, {node.visits} times" if node.visits > 1 else node.title
    return separator.join(_escaped(each) for each in (times, node.text, guard, *node.notes) if each)


def _edge(edge: Edge, ids: dict[str, str]) -> str:
    arrow = "==>" if edge.visits else "-->"
    label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
    return f"{ids[edge.source]} {arrow}{label} {ids[edge.target]}"


def _classes(drawn: Drawing, ids: dict[str, str]) -> Iterator[str]:
    for state, style in _STYLES.items():
        members = [ids[node.id] for node in drawn.nodes if node.state == state]
        if members:
            yield f"  classDef {state} {style}"
            yield f"  class {','.join(members)} {state}"


def _escaped(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    plain = "".join(sign if sign.isprintable() else " " for sign in shown)
    for sign, code in (
        ("#", "#35;"),
        ("&", "#amp;"),
        ('"', "#quot;"),
        ("<", "#lt;"),
        (">", "#gt;"),
        ("`", "#96;"),
    ):
        plain = plain.replace(sign, code)
    return plain
