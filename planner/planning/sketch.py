"""The sketch: which operations and decisions, in which order; all else is worked out by code. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from planner.definition import StepName
from tools.errors import ExpressionError
from tools.expressions import Template, condition
from tools.problems import Problem
from tools.records import Record

MOST_STEPS = 60
"""Steps of a sketch that are read at most."""

Target = str
"""The id of a step, or `end`."""


class SketchedCall(Record):
    """One call. Code finds the arguments left out; retries, keys and undo come from the contract."""

    kind: Literal["call"] = "call"
    id: StepName
    call: str
    """The operation, as `service.operation`."""
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    """Arguments by name: values, or expressions such as `${order.total}`."""
    when: str | None = None
    """Condition under which the call is made."""
    then: Target | None = None
    """The step that follows; otherwise the next one."""


class SketchedOption(Record):
    """One thing that a sketched decision may choose."""

    id: StepName
    means: str
    """What choosing it means."""
    when: str | None = None
    """Condition under which it is offered."""
    then: Target | None = None
    """The step that follows; otherwise the next one."""


class SketchedDecision(Record):
    """One decision."""

    kind: Literal["decide"] = "decide"
    id: StepName
    question: str
    by: Literal["model", "rule", "person"] = "model"
    given: tuple[str, ...] = ()
    """Expressions that the decider may see."""
    options: Annotated[tuple[SketchedOption, ...], Field(min_length=1)]
    otherwise: str | None = None
    """The option taken when nobody gives a usable answer."""
    when: str | None = None
    """Condition under which there is anything to decide."""


SketchedStep = Annotated[
    Annotated[SketchedCall, Tag("call")] | Annotated[SketchedDecision, Tag("decide")], Discriminator("kind")
]


class Sketch(Record):
    """Steps in order, and what the workflow gives."""

    steps: Annotated[tuple[SketchedStep, ...], Field(min_length=1)]
    output: dict[str, str] = Field(default_factory=dict)
    """Expressions by the name of the value."""

    @property
    def calls(self) -> Iterator[SketchedCall]:
        """Yield the calls in order."""
        yield from (step for step in self.steps if isinstance(step, SketchedCall))


def faults(sketch: Sketch) -> tuple[Problem, ...]:
    """Return why no definition can be made of a sketch: steps of one name, unreadable expressions."""
    counted = Counter(step.id for step in sketch.steps)
    twice = (
        Problem(
            path=f"/steps/{name}",
            code="duplicate-step",
            message=f"{count} steps are called {name!r}.",
            remedy="Give each step a name of its own.",
        )
        for name, count in counted.items()
        if count > 1
    )
    return (*twice, *_unreadable(sketch))


def _unreadable(sketch: Sketch) -> Iterator[Problem]:
    for path, read in _expressions(sketch):
        try:
            read()
        except ExpressionError as error:
            yield Problem(path=path, code="bad-expression", message=f"{error}.", remedy="Write one in CEL.")


def _expressions(sketch: Sketch) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the place of every expression, and what reads it."""
    for step in sketch.steps:
        here = f"/steps/{step.id}"
        if step.when is not None:
            yield f"{here}/when", partial(condition, step.when)
        if isinstance(step, SketchedCall):
            for name, value in step.with_.items():
                yield f"{here}/with/{name}", partial(Template, value)
            continue
        for place, text in enumerate(step.given):
            yield f"{here}/given/{place}", partial(condition, text)
        for option in step.options:
            if option.when is not None:
                yield f"{here}/options/{option.id}/when", partial(condition, option.when)
    for name, text in sketch.output.items():
        yield f"/output/{name}", partial(Template, text)


def sources(sketch: Sketch) -> Iterator[str]:
    """Yield every text of a sketch that may read a value."""
    for step in sketch.steps:
        if isinstance(step, SketchedCall):
            yield from _texts(step.with_)
        else:
            yield from step.given
            yield from (option.when for option in step.options if option.when is not None)
        yield from () if step.when is None else (step.when,)
    yield from sketch.output.values()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in _texts(item))


def targets(sketch: Sketch, place: int) -> Iterator[int]:
    """Yield the places that can follow the step at a place; one past the last is the end."""
    step = sketch.steps[place]
    named = [option.then for option in step.options] if isinstance(step, SketchedDecision) else [step.then]
    if step.when is not None:
        named.append(None)
    at = {other.id: number for number, other in enumerate(sketch.steps)} | {"end": len(sketch.steps)}
    for name in dict.fromkeys(named):
        yield place + 1 if name is None else at.get(name, len(sketch.steps))


def surely_before(sketch: Sketch) -> list[frozenset[str]]:
    """Return for each step which others have run whenever the flow comes to it."""
    everything = frozenset(step.id for step in sketch.steps)
    before = [frozenset[str]() if place == 0 else everything for place in range(len(sketch.steps) + 1)]
    changed = True
    while changed:
        changed = False
        for place, step in enumerate(sketch.steps):
            after = before[place] | ({step.id} if step.when is None else frozenset())
            for target in targets(sketch, place):
                if target and (kept := before[target] & after) != before[target]:
                    before[target], changed = kept, True
    return before
