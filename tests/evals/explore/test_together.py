"""Answers that come together: two points on one path, whichever came first, within the bound of faults."""

from evals.explore.graph import Edge, Graph
from evals.explore.points import Move, Option, Point
from evals.explore.together import together

PAY = Point("call", "pay", (Option("ok"), Option("rejected", 1)))
SEND = Point("call", "send", (Option("ok"), Option("rejected", 1)))


def two_calls():
    """Return a graph in which a payment is followed by a parcel, and each may be refused."""
    graph = Graph()
    root, pay, send = graph.root(), graph.add(PAY), graph.add(SEND)
    end = graph.end(b"end", "succeeded")
    graph.connect(Edge(root, pay, ()))
    for point, source, target in ((PAY, pay, send), (SEND, send, end)):
        for option in point.options:
            move = Move(point.kind, point.label, option.name, option.faults)
            graph.connect(Edge(source, target, (move,)))
    return graph


def test_pairs_within_the_bound_of_faults_are_counted_and_answers_to_one_point_are_none():
    told = [together(two_calls(), faults) for faults in (0, 1, 2)]

    assert [(each.covered, each.total) for each in told] == [(1, 4), (3, 4), (4, 4)]
