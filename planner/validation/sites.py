"""Sites: every place of a workflow where an expression may stand, compiled."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from planner.definition import (
    END,
    AnyStep,
    Call,
    Decide,
    Fail,
    Foreach,
    Receive,
    RunWorkflow,
    Set,
    Switch,
    Wait,
    Workflow,
)
from planner.validation.sequences import Sequence, escaped
from tools import expressions
from tools.errors import ExpressionError
from tools.expressions import Expression
from tools.problems import Problem

Role = Literal["template", "condition", "list", "duration", "words"]
_HALF = re.compile(r"(?:\$|\{)\s*([A-Za-z_]\w*)(?:\.\w+)+\s*\}")
_HAS = re.compile(r"\bhas\s*\(\s*([A-Za-z_]\w*)")


class Constant(NamedTuple):
    """A value that an expression gives whatever the run brings."""

    value: Any


class Site(NamedTuple):
    """One text, the expressions in it, and where it stands."""

    pointer: str
    sequence: Sequence
    step: str
    """The step it belongs to, or `end` for the workflow's output."""
    role: Role
    text: str
    codes: tuple[Expression, ...] = ()
    alone: bool = False
    """Whether the text is one expression and nothing else."""
    guards: frozenset[str] = frozenset()
    """Names whose presence the step's own `if` has made sure of."""
    brings: frozenset[str] = frozenset()
    """Names that stand for something at this site alone."""
    error: Problem | None = None

    @property
    def place(self) -> str:
        """The step's dotted path, for people."""
        return "the output" if self.step == END else f"step '{self.sequence.full(self.step)}'"

    def constant(self) -> Constant | None:
        """Return the value of an expression that reads nothing, or None."""
        if not self.alone or self.codes[0].names:
            return None
        try:
            return Constant(self.codes[0].evaluate({}))
        except ExpressionError:
            return None


def sites(workflow: Workflow, everything: list[Sequence]) -> list[Site]:
    """Return every site of the workflow, in the order of the file."""
    found = [
        compiled
        for sequence in everything
        for name, step in sequence.sound()
        for compiled in _step(sequence, name, step)
    ]
    output = _template(everything[0], END, "/output", workflow.output)
    return [*found, *map(_compiled, output)]


def _step(sequence: Sequence, name: str, step: AnyStep) -> Iterator[Site]:
    guards: frozenset[str] = frozenset()
    if step.if_ is not None:
        condition = _compiled(Site(sequence.at(name, "if"), sequence, name, "condition", step.if_))
        guards = frozenset(_made_sure(condition))
        yield condition
    for site in _own(sequence, name, step):
        yield _compiled(site._replace(guards=guards))


def _made_sure(condition: Site) -> Iterator[str]:
    """Yield the names that `has(name.field)` makes sure of where the whole condition depends on it."""
    for code in condition.codes:
        if "||" in code.source or "?" in code.source:
            continue
        for part in code.source.split("&&"):
            sure = _HAS.match(part.strip())
            if sure:
                yield sure[1]


def _own(sequence: Sequence, name: str, step: AnyStep) -> Iterator[Site]:
    if isinstance(step, (Call, RunWorkflow)):
        yield from _template(sequence, name, sequence.at(name, "with"), step.with_)
    if isinstance(step, Call):
        yield from _call(sequence, name, step)
    elif isinstance(step, Decide):
        yield from _decide(sequence, name, step)
    elif isinstance(step, Switch):
        for place, case in enumerate(step.switch):
            yield Site(
                sequence.at(name, "switch", str(place), "when"), sequence, name, "condition", case.when
            )
    elif isinstance(step, Set):
        yield from _template(sequence, name, sequence.at(name, "set"), step.set)
    else:
        yield from _single(sequence, name, step)


def _decide(sequence: Sequence, name: str, step: Decide) -> Iterator[Site]:
    yield from _template(sequence, name, sequence.at(name, "given"), step.given)
    if "${" in step.decide:
        yield _shown_as_is(Site(sequence.at(name, "decide"), sequence, name, "words", step.decide))
    for key, option in step.options.items():
        if "${" in option.means:
            pointer = sequence.at(name, "options", key, "means")
            yield _shown_as_is(Site(pointer, sequence, name, "words", option.means))
        if option.when is not None:
            pointer = sequence.at(name, "options", key, "when")
            yield Site(pointer, sequence, name, "condition", option.when)


def _call(sequence: Sequence, name: str, step: Call) -> Iterator[Site]:
    for place, substitute in enumerate(step.substitutes):
        pointer = sequence.at(name, "substitutes", str(place), "with")
        yield from _template(sequence, name, pointer, substitute.with_)
    if step.recover is not None and "${" in step.recover.decide:
        yield _shown_as_is(
            Site(sequence.at(name, "recover", "decide"), sequence, name, "words", step.recover.decide)
        )


def _single(sequence: Sequence, name: str, step: AnyStep) -> Iterator[Site]:
    if isinstance(step, Foreach):
        yield Site(sequence.at(name, "foreach"), sequence, name, "list", step.foreach)
    elif isinstance(step, Wait):
        yield Site(sequence.at(name, "wait"), sequence, name, "duration", step.wait)
    elif isinstance(step, Receive) and step.when is not None:
        site = Site(sequence.at(name, "when"), sequence, name, "condition", step.when)
        yield site._replace(brings=frozenset({"event"}))
    elif isinstance(step, Fail):
        yield from _template(sequence, name, sequence.at(name, "fail"), step.fail)


def _template(sequence: Sequence, name: str, pointer: str, value: Any) -> Iterator[Site]:
    if isinstance(value, str):
        if "${" in value:
            yield Site(pointer, sequence, name, "template", value)
        elif (half := _HALF.fullmatch(value)) and _visible(half[1], sequence):
            site = Site(pointer, sequence, name, "template", value)
            yield site._replace(error=_half_written(site))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _template(sequence, name, f"{pointer}/{escaped(str(key))}", item)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _template(sequence, name, f"{pointer}/{place}", item)


def _visible(name: str, sequence: Sequence) -> bool:
    return name in {"input", "run"} or any(name in around.steps for around in sequence.outward())


def _compiled(site: Site) -> Site:
    if site.error is not None:
        return site
    try:
        if site.role in {"condition", "list"}:
            return site._replace(codes=(expressions.condition(site.text),), alone=True)
        parts = expressions.split(site.text)
        codes = tuple(expressions.expression(part) for is_code, part in parts if is_code)
    except ExpressionError as wrong:
        return site._replace(error=_unreadable(site, wrong))
    return site._replace(codes=codes, alone=bool(codes) and len(parts) == 1)


def _unreadable(site: Site, wrong: ExpressionError) -> Problem:
    return Problem(
        path=site.pointer,
        code="bad-expression",
        message=f"The expression cannot be read: {wrong}.",
        remedy="Write CEL between `${` and `}`, such as `${order.total <= 200.0}`.",
    )


def _half_written(site: Site) -> Problem:
    return Problem(
        path=site.pointer,
        code="bad-expression",
        message=f"`{site.text}` looks like an expression, but is a text.",
        remedy="Write an expression between `${` and `}`.",
    )


def _shown_as_is(site: Site) -> Site:
    wrong = Problem(
        path=site.pointer,
        code="not-evaluated",
        message="A question and its options are shown as they stand; expressions in them are not evaluated.",
        remedy="Hand the data over in `given`.",
    )
    return site._replace(error=wrong)
