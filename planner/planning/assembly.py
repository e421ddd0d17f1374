"""Assembly: from a sketch with all its arguments to a definition, what only reads side by side. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count
from typing import Any

from planner.definition import Budget
from planner.planning.edges import Wired
from planner.planning.sketch import Sketch, SketchedCall, SketchedDecision, SketchedStep, targets
from tools import schemas
from tools.expressions import Template, condition, renamed
from tools.operations import EffectClass, JsonSchema

SIDE_BY_SIDE = "facts"
"""Name of a step that looks things up side by side."""
ANSWER = "answer"
"""Name of the one call in each of its branches."""


def assemble(
    name: str,
    goal: str,
    wired: Wired,
    *,
    known: Mapping[str, JsonSchema],
    effects: Mapping[str, EffectClass],
    budget: Budget = Budget(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """Return the definition as plain data; the validator says whether it is right.

    Args:
        name: the workflow's name.
        goal: what it is for, in words.
        wired: the steps.
        known: the schemas of what the run is started with, by name.
        effects: effect class of each operation by name.
        budget: what a run may use.
    """
    bounds = budget.model_dump(mode="json", exclude_none=True)
    asked = {ask.name: ask.schema_ for ask in wired.asks}
    groups = _groups(wired.sketch, effects)
    names = _Names(wired.sketch, groups)
    definition: dict[str, Any] = {
        "workflow": name,
        "goal": goal,
        "input": schemas.together({**known, **asked}),
        **({"budget": bounds} if bounds else {}),
        "steps": {title: _step(group, names) for title, group in zip(names.groups, groups, strict=True)},
    }
    if wired.sketch.output:
        definition["output"] = names.renamed(wired.sketch.output)
    return definition


def reads(step: SketchedStep) -> frozenset[str]:
    """Return the names that a step reads."""
    if isinstance(step, SketchedCall):
        found = set(Template(step.with_).names)
    else:
        found = set(Template(list(step.given)).names)
        conditions = (option.when for option in step.options if option.when is not None)
        found |= {name for text in conditions for name in condition(text).names}
    return frozenset(found | (set(condition(step.when).names) if step.when is not None else set()))


def _groups(sketch: Sketch, effects: Mapping[str, EffectClass]) -> list[list[SketchedStep]]:
    """Return the steps in groups; those of one group only read, and have no part in each other.

    Reads change places with reads only, and only where nothing leads between them.
    """
    jumps = ((place, target) for place, _ in enumerate(sketch.steps) for target in targets(sketch, place))
    entered = {target for place, target in jumps if target != place + 1}
    groups: list[list[SketchedStep]] = []
    depths: dict[str, int] = {}
    start = 0
    for place, step in enumerate(sketch.steps):
        if place in entered or not _only_reads(step, effects):
            depths, start = {}, len(groups)
        depth = max((depths[name] + 1 for name in reads(step) if name in depths), default=0)
        if start + depth < len(groups):
            groups[start + depth].append(step)
        else:
            groups.append([step])
        if _only_reads(step, effects):
            depths[step.id] = depth
        else:
            start = len(groups)
    return groups


def _only_reads(step: SketchedStep, effects: Mapping[str, EffectClass]) -> bool:
    is_plain = isinstance(step, SketchedCall) and step.when is None and step.then is None
    return is_plain and isinstance(step, SketchedCall) and effects.get(step.call) == "read"


class _Names:
    """What steps are called in the definition, where some came to stand inside others."""

    def __init__(self, sketch: Sketch, groups: Sequence[Sequence[SketchedStep]]) -> None:
        taken = {step.id for step in sketch.steps}
        self.groups: list[str] = []
        self.flow: dict[str, str] = {}
        """The step that a jump has to name, by the id of what it leads to."""
        self.values: dict[str, str] = {}
        """Where an answer is read, by the id of its step."""
        for group in groups:
            name = group[0].id if len(group) == 1 else _free(SIDE_BY_SIDE, taken)
            taken.add(name)
            self.groups.append(name)
            for step in group:
                self.flow[step.id] = name
                self.values[step.id] = name if len(group) == 1 else f"{name}.{step.id}.{ANSWER}"

    def renamed(self, value: Any) -> Any:
        """Return a template that reads the same answers where they now are."""
        if isinstance(value, str):
            return renamed(value, self.values)
        if isinstance(value, Mapping):
            return {name: self.renamed(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.renamed(item) for item in value]
        return value

    def condition(self, text: str) -> str:
        """Return a condition between `${` and `}`."""
        return self.renamed(f"${{{condition(text).source}}}")  # type: ignore[no-any-return]


def _free(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name}_{number}" for number in count(2))
    return next(other for other in chain([name], numbered) if other not in taken)


def _step(group: Sequence[SketchedStep], names: _Names) -> dict[str, Any]:
    if len(group) > 1:
        return {"parallel": {step.id: {ANSWER: _single(step, names)} for step in group}}
    return _single(group[0], names)


def _single(step: SketchedStep, names: _Names) -> dict[str, Any]:
    common = {"if": names.condition(step.when)} if step.when is not None else {}
    if isinstance(step, SketchedDecision):
        return common | _decision(step, names)
    called = {"call": step.call, "with": names.renamed(step.with_)}
    return common | called | _then(step.then, names)


def _decision(step: SketchedDecision, names: _Names) -> dict[str, Any]:
    options = {
        option.id: {"means": option.means}
        | ({"when": names.condition(option.when)} if option.when is not None else {})
        | _then(option.then, names)
        for option in step.options
    }
    chosen = {"decide": step.question, "by": step.by, "given": _given(step, names), "options": options}
    return chosen | ({"otherwise": step.otherwise} if step.otherwise is not None else {})


def _given(step: SketchedDecision, names: _Names) -> dict[str, Any]:
    """Return what the decider sees, each value under the last word of its expression."""
    found: dict[str, Any] = {}
    for text in step.given:
        word = re.sub(r"\W+", "_", condition(text).source.rpartition(".")[2]).strip("_") or "value"
        found[_free(word, found)] = names.condition(text)
    return found


def _then(target: str | None, names: _Names) -> dict[str, str]:
    return {} if target is None else {"then": names.flow.get(target, target)}
