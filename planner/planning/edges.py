"""Edges: where each argument comes from, by kind and schema, among what surely ran before. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import Field

from planner.planning.signatures import Argument, Signature, snake
from planner.planning.sketch import Sketch, SketchedCall, SketchedStep, sources, surely_before
from tools import schemas
from tools.expressions import reading
from tools.operations import JsonSchema, Operation
from tools.records import Record

_INPUT = "input"
LEAST = 99
"""Rank of a value that was found by no more than its name."""


_UNTOLD = object()
"""Stands for a value that nobody knows yet."""


class Known(NamedTuple):
    """A value that the run is started with, or a field of one."""

    path: tuple[str, ...]
    """Where it stands in the run's input."""
    kinds: tuple[str, ...]
    schema: JsonSchema
    value: Any

    @property
    def expression(self) -> str:
        """Return what reads it."""
        return reading(_INPUT, *self.path)


class Source(NamedTuple):
    """Where a value can be read."""

    expression: str
    """Such as `order.total`; without `${` and `}`."""
    kind: str
    """The kind that it was found by."""
    rank: int
    """How telling that kind is of the value; 0 is the most."""


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


class Unused(Record):
    """Something known that no step reads."""

    name: str
    """Its name in the input."""
    why: str
    """One sentence; the value itself is not told."""


class Wired(NamedTuple):
    """A sketch whose calls have all that they need."""

    sketch: Sketch
    edges: tuple[Edge, ...]
    asks: tuple[Ask, ...]
    unused: tuple[Unused, ...]
    takes: Mapping[str, JsonSchema] = MappingProxyType({})
    """What the arguments take that are a value of the input as it is, by its name there."""


class Offer(NamedTuple):
    """A value at hand at some step."""

    expression: str
    kinds: tuple[str, ...]
    schema: JsonSchema | None
    """None where nothing is known of it."""
    value: Any = _UNTOLD
    """The value itself, where it is known already."""
    refers: bool = False
    """Whether it only names another thing, as `order_id` of a payment; the thing's own `id` tells more."""

    def fits(self, schema: JsonSchema) -> bool:
        """Tell whether it can stand in a place of this schema, as far as anybody knows."""
        is_right = self.value is _UNTOLD or schemas.valid(schema, self.value)
        return is_right and (self.schema is None or schemas.accepts(schema, self.schema) != "no")


def input_name(name: str) -> str:
    """Return the name that something bears in the input of a run: its words joined by `_`."""
    plain = snake(name)
    return f"_{plain}" if plain[:1].isdecimal() else plain


def wire(
    sketch: Sketch,
    signatures: Mapping[str, Signature],
    operations: Mapping[str, Operation],
    known: Sequence[Known],
) -> Wired:
    """Return the sketch with a source for each required argument that it leaves out.

    A source is a value of the argument's kind that fits the argument's schema, or whose own schema does not
    collide with it. The most telling kind wins, then what the run is started with, then the newest answer;
    where there is none, a value of the run's input that bears the argument's name. An argument that can have
    but one value has that one. Calls of unknown operations stay as they are, for validation to tell.
    """
    wiring = _Wiring(signatures, operations, known)
    before = surely_before(sketch)
    steps = []
    for place, step in enumerate(sketch.steps):
        is_known = isinstance(step, SketchedCall) and step.call in signatures
        earlier = [other for other in sketch.steps[:place] if other.id in before[place]]
        steps.append(wiring.call(step, earlier) if is_known and isinstance(step, SketchedCall) else step)
    wired = sketch.model_copy(update={"steps": tuple(steps)})
    unused = tuple(wiring.unused(wired))
    return Wired(wired, tuple(wiring.edges), tuple(wiring.asks), unused, wiring.takes)


def answers(step: SketchedStep, signature: Signature, operation: Operation) -> Iterator[Offer]:
    """Yield what a call's answer holds, the whole included."""
    for field in signature.fields:
        found = schemas.at(operation.output or {}, field.path)
        refers = len(field.kinds) > 1 and field.kinds[0].endswith(".id")
        yield Offer(reading(step.id, *field.path), field.kinds, found.schema, refers=refers)


def fitting(kind: str, schema: JsonSchema, offers: Sequence[Offer]) -> list[Source]:
    """Return the values of a kind that a place of this schema could take, the best first."""
    found = [
        Source(offer.expression, kind, 2 * offer.kinds.index(kind) + offer.refers)
        for offer in offers
        if kind in offer.kinds and offer.fits(schema)
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
        self._given = [Offer(item.expression, item.kinds, item.schema, item.value) for item in known]
        self._known = dict.fromkeys(item.path[0] for item in known)
        self._names = set(self._known)
        self._taken: dict[str, list[JsonSchema]] = defaultdict(list)
        self._unfit: dict[str, str] = {}
        """Why something known by this expression could not be taken."""
        self.edges: list[Edge] = []
        self.asks: list[Ask] = []

    def call(self, step: SketchedCall, earlier: Sequence[SketchedStep]) -> SketchedCall:
        """Return the call with all its required arguments."""
        newest_first = [offer for other in reversed(earlier) for offer in self._answers(other)]
        found = {
            argument.name: self._value(step, argument, [*self._given, *newest_first])
            for argument in self._signatures[step.call].arguments
            if argument.required and argument.name not in step.with_
        }
        return step.model_copy(update={"with_": {**step.with_, **found}})

    def _answers(self, step: SketchedStep) -> Iterator[Offer]:
        if isinstance(step, SketchedCall) and step.call in self._signatures:
            yield from answers(step, self._signatures[step.call], self._operations[step.call])

    def unused(self, sketch: Sketch) -> Iterator[Unused]:
        """Yield what is known and read by no step."""
        read = "\n".join(sources(sketch))
        for name in self._known:
            expression = reading(_INPUT, name)
            if not re.search(rf"(?<![\w.]){re.escape(expression)}(?!\w)", read):
                yield Unused(name=name, why=self._unfit.get(expression, "no step of the plan takes it"))

    @property
    def takes(self) -> dict[str, JsonSchema]:
        """Return what is taken of each known value as it is, where all that take it say the same."""
        found = {name: self._taken[reading(_INPUT, name)] for name in self._known}
        return {
            name: told[0] for name, told in found.items() if told and all(told[0] == each for each in told)
        }

    def _value(self, step: SketchedCall, argument: Argument, offers: Sequence[Offer]) -> Any:
        if argument.fixed and not (isinstance(argument.fixed[0], str) and "${" in argument.fixed[0]):
            return argument.fixed[0]
        return f"${{{self._source(step, argument, offers)}}}"

    def _source(self, step: SketchedCall, argument: Argument, offers: Sequence[Offer]) -> str:
        self._note_unfit(step, argument)
        sources = fitting(argument.kind, argument.schema, offers) or self._namesakes(argument)
        if not sources:
            return self._asked(step, argument)
        best, *rest = sources
        others = tuple(other.expression for other in rest if other.rank == best.rank)
        edge = Edge(step=step.id, argument=argument.name, taken=best.expression, others=others)
        self.edges.append(edge)
        self._taken[edge.taken].append(argument.schema)
        return edge.taken

    def _namesakes(self, argument: Argument) -> list[Source]:
        """Return the value of the run's input that bears the argument's name, if it fits."""
        wanted = reading(_INPUT, input_name(argument.name))
        return [
            Source(offer.expression, argument.kind, LEAST)
            for offer in self._given
            if offer.expression == wanted and offer.fits(argument.schema)
        ]

    def _note_unfit(self, step: SketchedCall, argument: Argument) -> None:
        """Note which of the known values are meant for the argument, and do not fit it."""
        named = reading(_INPUT, input_name(argument.name))
        for offer in self._given:
            meant = argument.kind in offer.kinds or offer.expression == named
            if meant and offer.value is not _UNTOLD and not offer.fits(argument.schema):
                told = schemas.problems(argument.schema, offer.value)
                remedy = f": {told[0].remedy}" if told and told[0].remedy else ""
                self._unfit.setdefault(
                    offer.expression, f"{argument.name} of {step.id} takes another value{remedy}"
                )

    def _asked(self, step: SketchedCall, argument: Argument) -> str:
        """Let the run's input bring the value, under the argument's name or a longer one."""
        own = input_name(argument.name)
        longer = (f"{step.id}_{own}{number}" for number in chain([""], map("_{}".format, count(2))))
        name = next(each for each in chain([own], longer) if each not in self._names)
        self._names.add(name)
        self.asks.append(Ask(step=step.id, argument=argument.name, name=name, schema_=argument.schema))
        expression = reading(_INPUT, name)
        self._given.append(Offer(expression, (argument.kind,), argument.schema))
        return expression
