"""Missing: names that lead nowhere, told once each however often they are used."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from planner.definition import END
from planner.validation.candidates import meant, near, places
from planner.validation.sequences import Sequence, jumps
from tools.problems import Problem


class Missing(NamedTuple):
    """A name that is used somewhere and stands for nothing there."""

    name: str
    pointer: str
    sequence: Sequence
    role: Literal["target", "value"]
    known: tuple[str, ...]
    """Every name that could have been meant."""


def targets(everything: list[Sequence]) -> list[Missing]:
    """Return every target of a `then` or `otherwise` that is no step beside it."""
    return [
        Missing(jump.target, jump.pointer, sequence, "target", (*sequence.steps, END))
        for sequence in everything
        for name, _ in sequence.sound()
        for jump in jumps(sequence, name)
        if jump.target != END and jump.target not in sequence.steps
    ]


def problems(missing: Iterable[Missing], everything: list[Sequence]) -> list[Problem]:
    """Return one problem for each name, at the first place that uses it."""
    by_name: dict[str, list[Missing]] = {}
    for item in missing:
        by_name.setdefault(item.name, []).append(item)
    return [_problem(name, uses, everything) for name, uses in by_name.items()]


def _problem(name: str, uses: list[Missing], everything: list[Sequence]) -> Problem:
    first, count = uses[0], places(len(uses))
    elsewhere = [around for around in everything if name in around.steps]
    jumped = [use for use in uses if use.role == "target"]
    if jumped:
        first = jumped[0]
        what = f"There is no step '{name}' to go to{count}."
        if elsewhere:
            what = f"Step '{elsewhere[0].full(name)}' stands in another sequence{count}."
        remedy = "A step goes to steps of its own sequence, or to `end`."
        remedy = f"{remedy} {meant(name, first.known, what='steps')}"
        return Problem(path=first.pointer, code="unknown-step", message=what, remedy=remedy)
    return Problem(
        path=first.pointer,
        code="unknown-name",
        message=f"Nothing is called '{name}' here{count}.",
        remedy=_value_remedy(name, first, elsewhere),
    )


def _value_remedy(name: str, use: Missing, elsewhere: list[Sequence]) -> str:
    if name in {"item", "index"}:
        return f"`{name}` is there only inside a foreach."
    if name == "event":
        return "An event is there only in the `when` of a `receive`; later read the step by its name."
    if name == "error":
        return "Whoever decides in `recover` is shown the error anyway."
    if elsewhere and not elsewhere[0].looped:
        return f"Write `{elsewhere[0].full(name)}`, once the step around it has ended."
    if elsewhere:
        return "A step inside a foreach gives one value per item; read the foreach as a list."
    return meant(name, use.known, what="names")


def suspects(missing: Iterable[Missing]) -> set[str]:
    """Return the names that a misspelt one may have meant."""
    return {candidate for item in missing for candidate in near(item.name, item.known)}
