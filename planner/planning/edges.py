"""Edges: where each argument comes from, by kind and schema, among what surely ran before. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from planner.planning.signatures import Argument, Signature, snake
from planner.planning.sketch import Sketch, SketchedCall, SketchedStep, surely_before
from tools import schemas
from tools.operations import JsonSchema, Operation
from tools.records import Record

LEAST = 99
"""Rank of a value that was found by no more than its name."""


class Known(NamedTuple):
    """A value that the run is started with."""

    name: str
    kinds: tuple[str, ...]
    schema: JsonSchema


class Source(NamedTuple):
    """Where a value can be read."""

    expression: str
    """Such as `order.total`; without `${` and `}`."""
    kind: str
    """The kind that it was found by."""
    rank: int
    """How telling that kind is among those of the value; 0 is the most."""


class Edge(Record):
    """An argument and where code found its value."""

    step: str
    argument: str
    taken: str
    """The expression that was chosen, such as `order.total`."""
    others: tuple[str, ...] = ()
    """Other expressions that fit as well; a reader should look at them."""


class Ask(Record):
    """An argument for which nothing at hand fits, so that the run's input has to bring it."""

    step: str
    argument: str
    name: str
    """Its name in the input."""
    schema_: JsonSchema = Field(alias="schema")
    """What fits it, able to stand alone."""


class Wired(NamedTuple):
    """A sketch whose calls have all that they need."""

    sketch: Sketch
    edges: tuple[Edge, ...]
    asks: tuple[Ask, ...]


class Offer(NamedTuple):
    """A value at hand at some step."""

    expression: str
    kinds: tuple[str, ...]
    schema: JsonSchema | None
    """None where nothing is known of it."""


def wire(
    sketch: Sketch,
    signatures: Mapping[str, Signature],
    operations: Mapping[str, Operation],
    known: Sequence[Known],
) -> Wired:
    """Return the sketch with a source for each required argument that it leaves out.

    A source is a value of the argument's kind whose schema does not collide with the argument's. The most
    telling kind wins, then what the run is started with, then the newest answer; where there is none, a value
    of the run's input that bears the argument's name. Calls of unknown operations stay as they are, for
    validation to tell.
    """
    wiring = _Wiring(signatures, operations, known)
    before = surely_before(sketch)
    steps = []
    for place, step in enumerate(sketch.steps):
        is_known = isinstance(step, SketchedCall) and step.call in signatures
        earlier = [other for other in sketch.steps[:place] if other.id in before[place]]
        steps.append(wiring.call(step, earlier) if is_known and isinstance(step, SketchedCall) else step)
    return Wired(sketch.model_copy(update={"steps": tuple(steps)}), tuple(wiring.edges), tuple(wiring.asks))


def answers(step: SketchedStep, signature: Signature, operation: Operation) -> Iterator[Offer]:
    """Yield what a call's answer holds, the whole included."""
    for field in signature.fields:
        found = schemas.at(operation.output or {}, field.path)
        yield Offer(".".join((step.id, *field.path)), field.kinds, found.schema)


def fitting(kind: str, schema: JsonSchema, offers: Sequence[Offer]) -> list[Source]:
    """Return the values of a kind that a place of this schema could take, the best first."""
    found = [
        Source(offer.expression, kind, offer.kinds.index(kind))
        for offer in offers
        if kind in offer.kinds and (offer.schema is None or schemas.accepts(schema, offer.schema) != "no")
    ]
    return sorted(found, key=lambda source: source.rank)


class _Wiring:
    """What has been found so far."""

    def __init__(
        self,
        signatures: Mapping[str, Signature],
        operations: Mapping[str, Operation],
        known: Sequence[Known],
    ) -> None:
        self._signatures, self._operations = signatures, operations
        self._given = [Offer(f"input.{item.name}", item.kinds, item.schema) for item in known]
        self._names = {item.name for item in known}
        self.edges: list[Edge] = []
        self.asks: list[Ask] = []

    def call(self, step: SketchedCall, earlier: Sequence[SketchedStep]) -> SketchedCall:
        """Return the call with all its required arguments."""
        newest_first = [offer for other in reversed(earlier) for offer in self._answers(other)]
        found = {
            argument.name: f"${{{self._source(step, argument, [*self._given, *newest_first])}}}"
            for argument in self._signatures[step.call].arguments
            if argument.required and argument.name not in step.with_
        }
        return step.model_copy(update={"with_": {**step.with_, **found}})

    def _answers(self, step: SketchedStep) -> Iterator[Offer]:
        if isinstance(step, SketchedCall) and step.call in self._signatures:
            yield from answers(step, self._signatures[step.call], self._operations[step.call])

    def _source(self, step: SketchedCall, argument: Argument, offers: Sequence[Offer]) -> str:
        sources = fitting(argument.kind, argument.schema, offers) or self._namesakes(argument)
        if not sources:
            return self._asked(step, argument)
        best, *rest = sources
        others = tuple(other.expression for other in rest if other.rank == best.rank)
        edge = Edge(step=step.id, argument=argument.name, taken=best.expression, others=others)
        self.edges.append(edge)
        return edge.taken

    def _namesakes(self, argument: Argument) -> list[Source]:
        """Return the value of the run's input that bears the argument's name, if it fits."""
        wanted = f"input.{snake(argument.name)}"
        return [
            Source(offer.expression, argument.kind, LEAST)
            for offer in self._given
            if offer.expression == wanted and schemas.accepts(argument.schema, offer.schema or {}) != "no"
        ]

    def _asked(self, step: SketchedCall, argument: Argument) -> str:
        """Let the run's input bring the value, under the argument's name or a longer one."""
        name = argument.name if argument.name not in self._names else f"{step.id}_{argument.name}"
        self._names.add(name)
        self.asks.append(Ask(step=step.id, argument=argument.name, name=name, schema_=argument.schema))
        self._given.append(Offer(f"input.{name}", (argument.kind,), argument.schema))
        return f"input.{name}"
