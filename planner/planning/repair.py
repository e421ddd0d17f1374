"""Repair: defects of a sketched workflow that have exactly one mend, mended by code. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from planner.definition import END
from planner.planning.sketch import Sketch, SketchedCall, SketchedDecision, SketchedStep
from planner.validation.candidates import near
from tools.operations import Operation
from tools.pointers import parts
from tools.problems import Problem

_PARALLEL = "parallel"


class Place(NamedTuple):
    """What a problem's pointer means in the sketch."""

    step: str
    below: tuple[str, ...]
    """Path below the step, such as `with`, `amount`."""


class Repaired(NamedTuple):
    """A sketch after mending, and what was mended."""

    sketch: Sketch
    mended: tuple[str, ...]
    """One sentence for each."""


def place(problem: Problem) -> Place | None:
    """Return where in the sketch a problem of its workflow lies; None where it lies in no step."""
    names = parts(problem.path)
    if len(names) < 2 or names[0] != "steps":  # noqa: PLR2004 - `steps` and a name
        return None
    if len(names) >= 5 and names[2] == _PARALLEL:  # noqa: PLR2004 - group, branch and the call in it
        return Place(names[3], tuple(names[5:]))
    return Place(names[1], tuple(names[2:]))


def repair(sketch: Sketch, problems: Sequence[Problem], operations: Mapping[str, Operation]) -> Repaired:
    """Return the sketch with every defect mended that has exactly one mend."""
    steps = {step.id: step for step in sketch.steps}
    mended: list[str] = []
    for problem in problems:
        where = place(problem)
        mend = _MENDS.get(problem.code)
        if where is None or mend is None or where.step not in steps:
            continue
        changed = mend(steps[where.step], where.below, _World(list(steps), operations))
        if changed is not None and changed.step != steps[where.step]:
            steps[where.step] = changed.step
            mended.append(changed.said)
    fresh = tuple(steps[step.id] for step in sketch.steps)
    return Repaired(sketch.model_copy(update={"steps": fresh}), tuple(mended))


class _World(NamedTuple):
    ids: Sequence[str]
    operations: Mapping[str, Operation]


class _Changed(NamedTuple):
    step: SketchedStep
    said: str


def _operation(step: SketchedStep, _below: Sequence[str], world: _World) -> _Changed | None:
    """Take the one operation that is spelt like the unknown one."""
    if not isinstance(step, SketchedCall):
        return None
    likely = _likely(step.call, world.operations)
    if len(likely) != 1:
        return None
    said = f"{step.id} calls {likely[0]}, not {step.call}"
    return _Changed(step.model_copy(update={"call": likely[0]}), said)


def _likely(name: str, known: Iterable[str]) -> list[str]:
    """Return the operations that an unknown one can be: of the same service, or called alike in another."""
    service, _, own = name.partition(".")
    same = {each.partition(".")[2]: each for each in known if each.startswith(f"{service}.")}
    if same:
        return [same[each] for each in near(own, same)]
    return [each for each in known if each.partition(".")[2] == own]


def _argument(step: SketchedStep, below: Sequence[str], world: _World) -> _Changed | None:
    """Give an unknown argument the one name that is spelt like it and free, or leave it out."""
    if not isinstance(step, SketchedCall) or len(below) < 2 or step.call not in world.operations:  # noqa: PLR2004
        return None
    name = below[1]
    known = world.operations[step.call].input.get("properties", {})
    likely = [each for each in near(name, known) if each not in step.with_]
    rest: dict[str, Any] = {key: value for key, value in step.with_.items() if key != name}
    if len(likely) == 1 and name in step.with_:
        rest[likely[0]] = step.with_[name]
        return _Changed(step.model_copy(update={"with_": rest}), f"{step.id}: {name} is {likely[0]}")
    return _Changed(step.model_copy(update={"with_": rest}), f"{step.id} takes no {name}")


def _found_again(step: SketchedStep, below: Sequence[str], _world: _World) -> _Changed | None:
    """Leave an argument out that does not fit, so that code looks for its value."""
    if not isinstance(step, SketchedCall) or len(below) < 2 or below[0] != "with":  # noqa: PLR2004
        return None
    rest = {key: value for key, value in step.with_.items() if key != below[1]}
    said = f"{step.id}: the value of {below[1]} is looked for"
    return _Changed(step.model_copy(update={"with_": rest}), said)


def _otherwise(step: SketchedStep, _below: Sequence[str], _world: _World) -> _Changed | None:
    """Take the one option that is always possible."""
    if not isinstance(step, SketchedDecision):
        return None
    always = [option.id for option in step.options if option.when is None]
    if len(always) != 1:
        return None
    return _Changed(step.model_copy(update={"otherwise": always[0]}), f"{step.id}: otherwise {always[0]}")


def _target(step: SketchedStep, below: Sequence[str], world: _World) -> _Changed | None:
    """Lead to the one step that is spelt like the unknown one."""

    def mended(name: str | None) -> str | None:
        if name is None or name == END or name in world.ids:
            return name
        likely = near(name, [*world.ids, END])
        return likely[0] if len(likely) == 1 else name

    del below
    if isinstance(step, SketchedCall):
        return _Changed(step.model_copy(update={"then": mended(step.then)}), f"{step.id} leads on")
    options = tuple(option.model_copy(update={"then": mended(option.then)}) for option in step.options)
    return _Changed(step.model_copy(update={"options": options}), f"the options of {step.id} lead on")


_MENDS: Mapping[str, Callable[[SketchedStep, Sequence[str], _World], _Changed | None]] = {
    "unknown-operation": _operation,
    "unknown-argument": _argument,
    "ill-typed-argument": _found_again,
    "unknown-field": _found_again,
    "unknown-name": _found_again,
    "missing-otherwise": _otherwise,
    "unknown-option": _otherwise,
    "otherwise-guarded": _otherwise,
    "unknown-step": _target,
}
