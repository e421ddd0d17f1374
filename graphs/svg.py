"""SVG: a drawing as a picture that any browser shows, without a script or a font of its own. Pure."""

import textwrap
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from graphs import layout
from graphs.layout import Box, Layout, Link, Point, Way
from graphs.outline import Drawing, Edge, Node

_CONTAINERS = frozenset({"parallel", "branch", "foreach"})
_MARGIN, _PADDING, _TITLE = 16.0, 12.0, 24.0
_LINE, _NARROWEST = 15.0, 70.0
_LONGEST = 44
_LETTER, _SMALL = 7.0, 6.2
"""Widths of a letter of the title, and of the lines below it, in user units."""

_FILLS = {
    "call": "#eff6ff",
    "decide": "#fefce8",
    "switch": "#fefce8",
    "set": "#f8fafc",
    "run": "#f5f3ff",
    "wait": "#f8fafc",
    "receive": "#f8fafc",
    "fail": "#fef2f2",
    "start": "#111827",
    "end": "#111827",
    "parallel": "#ffffff",
    "branch": "#fafafa",
    "foreach": "#ffffff",
}
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#111827}
.name{font-weight:600}.more{font-size:11px;fill:#4b5563}.note{font-size:11px;fill:#1d4ed8}
.box{stroke:#6b7280;stroke-width:1}.way{fill:none;stroke:#9ca3af;stroke-width:1.2}
.label{font-size:11px;fill:#374151}.plate{fill:#ffffff;fill-opacity:.9}
.taken .way{stroke:#15803d;stroke-width:3}.taken .label{fill:#14532d;font-weight:600}
.done>.box{stroke:#15803d;stroke-width:2.4}.current>.box{stroke:#1d4ed8;stroke-width:3}
.failed>.box{stroke:#b91c1c;stroke-width:3}.undone>.box{stroke:#b45309;stroke-width:2.4}
.stopped>.box{stroke:#4b5563;stroke-width:2.4}.skipped>.box{stroke-dasharray:4 3}
.run .untouched,.run .skipped,.run .idle{opacity:.45}.run .taken{opacity:1}
""".replace("\n", "")


class _Plan(NamedTuple):
    """A node with its size, and with the plan of what is inside."""

    node: Node
    width: float
    height: float
    lines: tuple[str, ...]
    inside: "_Area | None" = None


class _Area(NamedTuple):
    """A sequence laid out."""

    plans: tuple[_Plan, ...]
    edges: tuple[Edge, ...]
    layout: Layout


def text(drawn: Drawing) -> str:
    """Return the picture as SVG; the path of the run stands out."""
    area = _area(drawn, None)
    width, height = area.layout.width + 2 * _MARGIN, area.layout.height + 2 * _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    described = f"{drawn.workflow} {drawn.version}" + (f", run {drawn.run_id}" if drawn.run_id else "")
    parts = [
        head,
        f"<title>{_safe(described)}</title>",
        f"<style>{_STYLE}</style>",
        _arrows(),
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        f'<g class="{"run" if drawn.run_id else "plan"}">',
        *_drawn(area, Point(_MARGIN, _MARGIN)),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


def _area(drawn: Drawing, container: str | None) -> _Area:
    """Lay out what stands directly inside a node."""
    plans = tuple(_plan(drawn, node) for node in drawn.within(container))
    names = {plan.node.id for plan in plans}
    edges = tuple(edge for edge in drawn.edges if edge.source in names)
    boxes = [Box(plan.node.id, plan.width, plan.height) for plan in plans]
    links = [Link(edge.source, edge.target, _label_width(edge)) for edge in edges]
    return _Area(plans, edges, layout.layered(boxes, links))


def _plan(drawn: Drawing, node: Node) -> _Plan:
    if node.kind in {"start", "end"}:
        return _Plan(node, 46, 22, ())
    lines = tuple(_wrapped(node))
    wide = [len(_title(node)) * _LETTER, *(len(line) * _SMALL for line in lines)]
    width, height = max(_NARROWEST, max(wide) + 2 * _PADDING), _TITLE + _LINE * len(lines) + 6
    if node.kind not in _CONTAINERS:
        return _Plan(node, width, height, lines)
    inside = _area(drawn, node.id)
    inner = inside.layout
    return _Plan(
        node, max(width, inner.width + 2 * _PADDING), height + inner.height + _PADDING, lines, inside
    )


def _lines(node: Node) -> Iterator[str]:
    if node.text:
        yield node.text
    if node.guard:
        yield f"if {node.guard}"
    yield from node.notes


def _wrapped(node: Node) -> Iterator[str]:
    for line in _lines(node):
        yield from textwrap.wrap(line, _LONGEST, max_lines=2, placeholder="…", break_on_hyphens=False)


def _title(node: Node) -> str:
    kind = "" if node.kind in {"call", "branch"} else f" · {node.kind}"
    times = f", {node.visits} times" if node.visits > 1 else ""
    return _short(f"{node.title}{times}{kind}")


def _drawn(area: _Area, at: Point) -> Iterator[str]:
    for plan in area.plans:
        corner = area.layout.corners[plan.node.id]
        yield from _box(plan, Point(at.x + corner.x, at.y + corner.y))
    together = zip(area.edges, area.layout.ways, strict=True)
    for edge, way in sorted(together, key=lambda each: each[0].visits > 0):
        yield _arrow(edge, way, at)


def _box(plan: _Plan, at: Point) -> Iterator[str]:
    node = plan.node
    is_end = node.kind in {"start", "end"}
    round_by = 11 if is_end else {"decide": 14, "switch": 14}.get(node.kind, 4)
    yield f'<g class="{node.state} {node.kind}"><title>{_safe(_whole(node))}</title>'
    yield (
        f'<rect class="box" x="{at.x:.1f}" y="{at.y:.1f}" width="{plan.width:.1f}" '
        f'height="{plan.height:.1f}" rx="{round_by}" fill="{_FILLS[node.kind]}"/>'
    )
    centre = at.x + plan.width / 2
    style = ' style="fill:#ffffff"' if is_end else ""
    yield _text("name", centre, at.y + (15 if is_end else 17), node.title if is_end else _title(node), style)
    plain = sum(1 for _ in _wrapped(node.model_copy(update={"notes": ()})))
    for number, line in enumerate(plan.lines):
        css = "more" if number < plain else "note"
        yield _text(css, centre, at.y + 17 + (number + 1) * _LINE, line)
    if plan.inside is not None:
        inner = plan.inside.layout
        top = at.y + plan.height - inner.height - _PADDING
        yield from _drawn(plan.inside, Point(centre - inner.width / 2, top))
    yield "</g>"


def _arrow(edge: Edge, way: Way, at: Point) -> str:
    taken = edge.visits > 0
    css, head = ("taken", "taken") if taken else ("idle", "plain")
    path = _path([Point(at.x + point.x, at.y + point.y) for point in way.points])
    drawn = f'<g class="{css}"><path class="way" d="{path}" marker-end="url(#{head})"/>'
    if not edge.label:
        return f"{drawn}</g>"
    x, y, width = at.x + way.label.x, at.y + way.label.y, _label_width(edge)
    plate = f'<rect class="plate" x="{x - width / 2:.1f}" y="{y - 8:.1f}" width="{width:.1f}" height="16"/>'
    return f"{drawn}{plate}{_text('label', x, y + 4, _short(edge.label))}</g>"


def _path(points: list[Point]) -> str:
    """Return a smooth path that leaves and enters every point upright."""
    first, *others = points
    parts, before = [f"M{first.x:.1f},{first.y:.1f}"], first
    for point in others:
        middle = (before.y + point.y) / 2
        is_straight = abs(before.x - point.x) < 1 or before.y == point.y
        curve = f"C{before.x:.1f},{middle:.1f} {point.x:.1f},{middle:.1f} {point.x:.1f},{point.y:.1f}"
        parts.append(f"L{point.x:.1f},{point.y:.1f}" if is_straight else curve)
        before = point
    return " ".join(parts)


def _arrows() -> str:
    heads = (("plain", "#9ca3af", 8), ("taken", "#15803d", 5))
    return "<defs>{}</defs>".format(
        "".join(
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" '
            f'markerHeight="{size}" orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{colour}"/></marker>'
            for name, colour, size in heads
        )
    )


def _text(css: str, x: float, y: float, content: str, style: str = "") -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="middle"{style}>{_safe(content)}</text>'


def _whole(node: Node) -> str:
    return "\n".join((f"{node.id} ({node.kind})", *_lines(node)))


def _label_width(edge: Edge) -> float:
    return len(_short(edge.label)) * _SMALL + 8 if edge.label else 0.0


def _short(content: str) -> str:
    return content if len(content) <= _LONGEST else f"{content[: _LONGEST - 1]}…"


def _safe(content: str) -> str:
    """Return text as XML takes it; what XML cannot hold becomes a blank."""
    return escape("".join(sign if sign.isprintable() or sign == "\n" else " " for sign in content))
