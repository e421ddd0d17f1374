"""Drafts: from a frame or a sketch to a definition, and everything that is open about it. Pure."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from planner.planning import assembly, constraints, edges, frame, proposals
from planner.planning.constraints import Constraints
from planner.planning.edges import Ask, Edge, Unused
from planner.planning.frame import Frame
from planner.planning.missing import Missing
from planner.planning.plans import Way
from planner.planning.proposals import Proposal
from planner.planning.retrieval import index_of
from planner.planning.sketch import MOST_STEPS, Sketch
from tools.catalog import Catalog
from tools.problems import Problem
from tools.wording import hint


class Draft(NamedTuple):
    """A definition that nobody has checked yet, and what is open about it."""

    definition: dict[str, Any]
    """Plain data; empty where there is no way."""
    problems: tuple[Problem, ...] = ()
    """Why there is none."""
    ways: tuple[Way, ...] = ()
    way: int = 0
    """Which of the ways it follows."""
    missing: tuple[Missing, ...] = ()
    asks: tuple[Ask, ...] = ()
    doubts: tuple[Edge, ...] = ()
    unused: tuple[Unused, ...] = ()


def composed(wanted: Frame, catalog: Catalog, *, name: str, way: int | None = None) -> Iterator[Draft]:
    """Yield a definition that needs no model for each way to what is wanted, the cheapest first.

    Where one way is told, only that of it, counted from 0; where there is none, a draft that says why.
    """
    signed = index_of(catalog).signatures
    limits = wanted.constraints
    operations = constraints.allowed(limits, catalog.operations)
    found = proposals.propose(wanted, frame.known(wanted), signed, operations)
    short = tuple(each for each in found.proposals if len(each.sketch.steps) <= (limits.steps or MOST_STEPS))
    if not short:
        kinds = {kind for name in operations for kind in signed[name].producer.gives}
        problems = (
            *constraints.contradictions(limits, wanted.want, catalog.operations),
            *_out_of_reach(wanted, found.missing, kinds, catalog.operations.keys() - operations.keys()),
            *_too_long(found.proposals, limits.steps or MOST_STEPS),
        ) or (_no_way_at_all(),)
        yield Draft({}, problems, missing=found.missing)
        return
    ways = tuple(_way(each) for each in short)
    if way is not None and way >= len(ways):
        yield Draft({}, (_no_such_way(way, ways),), ways=ways, way=way, missing=found.missing)
        return
    for number in range(len(ways)) if way is None else (way,):
        draft = sketched(short[number].sketch, wanted, catalog, name=name)
        yield draft._replace(ways=ways, way=number, missing=found.missing)


def sketched(sketch: Sketch, wanted: Frame, catalog: Catalog, *, name: str) -> Draft:
    """Return the definition of a sketch."""
    given = frame.known(wanted)
    wired = edges.wire(sketch, index_of(catalog).signatures, catalog.operations, given)
    unused = {item.name for item in wired.unused}
    known = {item.path[0]: item.schema for item in given if len(item.path) == 1}
    definition = assembly.assemble(
        name,
        wanted.goal or f"Reach {', '.join(wanted.want)}.",
        wired,
        known={name: wired.takes.get(name, known[name]) for name in known if name not in unused},
        effects={each: item.effect for each, item in catalog.operations.items()},
        budget=wanted.budget,
    )
    doubts = tuple(edge for edge in wired.edges if edge.others)
    return Draft(definition, asks=wired.asks, doubts=doubts, unused=wired.unused)


def _way(proposal: Proposal) -> Way:
    calls = tuple(step.call for step in proposal.sketch.calls)
    return Way(calls=calls, cost=proposal.cost, unasked=proposal.unasked)


def _out_of_reach(
    wanted: Frame, missing: Sequence[Missing], kinds: set[str], forbidden: Collection[str]
) -> tuple[Problem, ...]:
    lost = [item for item in missing if item.want in item.lacking]
    which = "that may be used" if wanted.constraints != Constraints() else "of the catalogue"
    return tuple(
        Problem(
            path=f"/want/{wanted.want.index(item.want)}",
            code="out-of-reach",
            message=f"No operation {which} is or gives {item.want!r}.",
            remedy=hint(item.want, kinds),
        )
        for item in lost
        if item.want not in forbidden
    )


def _too_long(found: Sequence[Proposal], most: int) -> Iterator[Problem]:
    if found:
        yield constraints.too_many_steps(min(len(each.sketch.steps) for each in found), most)


def _no_way_at_all() -> Problem:
    return Problem(
        path="/want",
        code="no-way",
        message="Everything wanted is there, and no operations lead to all of it together.",
        remedy="Plan the parts one by one.",
    )


def _no_such_way(way: int, ways: Sequence[Way]) -> Problem:
    return Problem(
        path="/way",
        code="no-such-way",
        message=f"Way {way} is wanted, and {len(ways)} were found.",
        remedy=f"Take one from 0 to {len(ways) - 1}.",
    )
