"""Drawing: a workflow as a graph, and the path of a run on it. Pure."""

from graphs import paths
from graphs.outline import Drawing, Edge, Node, outline
from graphs.retracing import Trace
from planner.definition import Workflow

__all__ = ["Drawing", "Edge", "Node", "draw"]


def draw(workflow: Workflow, trace: Trace | None = None) -> Drawing:
    """Return the graph of a workflow; with the trace of a run, its path stands out."""
    drawn = outline(workflow)
    return drawn if trace is None else paths.shown(drawn, trace)
