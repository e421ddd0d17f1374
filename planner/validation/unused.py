"""Unused: inputs and values that nobody reads, and answers that are handed over whole twice. Heuristic."""

from collections.abc import Iterator, Mapping

from planner.definition import Call, Set, Workflow
from planner.validation.sequences import Sequence, escaped
from planner.validation.sites import Site
from planner.validation.values import plain
from tools import expressions
from tools.errors import ExpressionError
from tools.problems import Problem


def problems(
    workflow: Workflow, everything: list[Sequence], found: list[Site], *, touched: set[str]
) -> Iterator[Problem]:
    """Yield what is there and not used; `touched` are the dotted paths that expressions read."""
    read = {*_read(found), *_of_invariants(workflow)}
    yield from _inputs(workflow, read)
    yield from _values(everything, touched | {path.removeprefix("state.") for path in read})
    yield from _whole(everything, found)


def _read(found: list[Site]) -> Iterator[str]:
    for site in found:
        for code in site.codes:
            yield from (".".join((each.root, *each.fields)) for each in code.references)


def _of_invariants(workflow: Workflow) -> Iterator[str]:
    told = workflow.invariants
    for text in (*told.never, *told.always, *told.finally_):
        try:
            references = expressions.condition(text).references
        except ExpressionError:
            continue
        yield from (".".join((each.root, *each.fields)) for each in references)


def _inputs(workflow: Workflow, read: set[str]) -> Iterator[Problem]:
    declared = workflow.input.get("properties")
    if not isinstance(declared, Mapping) or "input" in read:
        return
    for name in declared:
        if not _is_used(f"input.{name}", read):
            yield Problem(
                path=f"/input/properties/{escaped(name)}",
                code="unused-input",
                severity="warning",
                message=f"Nothing reads `input.{name}`.",
                remedy="Read it, or take it out.",
            )


def _values(everything: list[Sequence], read: set[str]) -> Iterator[Problem]:
    """Yield values of a `set` of which others are read."""
    for sequence in everything:
        for name, step in sequence.sound():
            if not isinstance(step, Set):
                continue
            full = sequence.full(name)
            unread = [key for key in step.set if not _is_used(f"{full}.{key}", read)]
            for key in unread if len(unread) < len(step.set) else ():
                yield Problem(
                    path=sequence.at(name, "set", escaped(key)),
                    code="unused-value",
                    severity="warning",
                    message=f"Nothing reads `{full}.{key}`.",
                    remedy="Read it, or take it out.",
                )


def _is_used(path: str, read: set[str]) -> bool:
    """Tell whether a value is read, or something in it, or something around it."""
    return any(path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in read)


def _whole(everything: list[Sequence], found: list[Site]) -> Iterator[Problem]:
    """Yield arguments that take the same answer as a whole as another argument of the call does."""
    calls = {
        (id(sequence), name)
        for sequence in everything
        for name, step in sequence.steps.items()
        if isinstance(step, Call)
    }
    seen: set[tuple[int, str, str]] = set()
    for site in found:
        if not site.alone or site.error is not None or (id(site.sequence), site.step) not in calls:
            continue
        source = site.codes[0].source
        if site.role != "template" or not plain(source) or (id(site.sequence), source) not in calls:
            continue
        key = (id(site.sequence), site.step, source)
        if key in seen:
            yield Problem(
                path=site.pointer,
                code="whole-value",
                severity="warning",
                message=f"`{site.text}` hands the whole answer of '{source}' to more than one argument.",
                remedy="Name the field that is meant.",
            )
        seen.add(key)
