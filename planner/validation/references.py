"""References: what expressions read, and whether it is there when they do."""

import re
from typing import NamedTuple

from planner.definition import END, Parallel
from planner.validation.candidates import listed, meant, places
from planner.validation.missing import Missing
from planner.validation.runs import Certainty, avoiding
from planner.validation.sequences import Sequence
from planner.validation.sites import Site
from planner.validation.values import Scope
from tools.expressions import Reference
from tools.problems import Problem

_HAS_ROOT = re.compile(r"\bhas\s*\(\s*([A-Za-z_]\w*)\s*\.")


class Use(NamedTuple):
    """One reference at one site."""

    site: Site
    reference: Reference
    source: str
    """The whole expression."""

    @property
    def guarded(self) -> bool:
        """Tell whether the expression or the step's `if` asks with has() before it reads."""
        root = self.reference.root
        return root in self.site.guards or root in _HAS_ROOT.findall(self.source)


class Read(NamedTuple):
    """What the references of a workflow came to."""

    problems: list[Problem]
    missing: list[Missing]
    """Roots that stand for nothing."""
    touched: set[str]
    """Dotted paths that are read, from the outermost step on."""


def check(found: list[Site], scope: Scope, certainty: Certainty) -> Read:
    """Return what is wrong with the references at these sites."""
    missing: list[Missing] = []
    absent: dict[tuple[str, ...], list[Use]] = {}
    unsure: dict[str, list[Use]] = {}
    touched: set[str] = set()
    for use in _uses(found):
        names = scope.names(use.site.sequence)
        root = use.reference.root
        if root not in names and root not in use.site.brings:
            missing.append(Missing(root, use.site.pointer, use.site.sequence, "value", tuple(names)))
            continue
        holder = None if root in use.site.brings else names.get(root)
        if holder is not None:
            touched.add(".".join((holder.full(root), *use.reference.fields)))
            if (late := _late(use, holder, certainty)) and not use.guarded:
                unsure.setdefault(late, []).append(use)
                continue
        gone = _absent(use, scope)
        if gone:
            absent.setdefault(gone, []).append(use)
    problems = [_unsure_problem(path, uses, scope) for path, uses in unsure.items()]
    problems += [_absent_problem(chain, uses, scope) for chain, uses in absent.items()]
    return Read(problems, missing, touched)


def _uses(found: list[Site]) -> list[Use]:
    return [
        Use(site, reference, code.source)
        for site in found
        for code in site.codes
        for reference in code.references
    ]


def _late(use: Use, holder: Sequence, certainty: Certainty) -> str | None:
    """Return the dotted path of the step that may not have run when the reference is read, or None."""
    before = certainty.before(use.site.sequence, use.site.step)
    if before is None:
        return None
    for path in _steps_on(holder, use.reference):
        if path not in before:
            return path
    return None


def _steps_on(holder: Sequence, reference: Reference) -> list[str]:
    """Return the dotted paths of the steps that a reference leads through, outermost first."""
    name, rest = reference.root, reference.fields
    found = [holder.full(name)]
    while len(rest) > 1 and isinstance(holder.steps[name], Parallel):
        inner = [child for child in holder.children.get(name, []) if child.branch == rest[0]]
        if not inner or rest[1] not in inner[0].steps:
            break
        holder, name, rest = inner[0], rest[1], rest[2:]
        found.append(holder.full(name))
    return found


def _absent(use: Use, scope: Scope) -> tuple[str, ...]:
    """Return the chain of names up to the field that is not there, or nothing."""
    came = scope.at(use.site, use.reference.root, use.reference.fields)
    if came.state != "absent":
        return ()
    return (use.reference.root, *use.reference.fields[: came.depth + 1])


def _absent_problem(chain: tuple[str, ...], uses: list[Use], scope: Scope) -> Problem:
    first = uses[0]
    came = scope.at(first.site, first.reference.root, first.reference.fields)
    owner = ".".join(chain[:-1])
    is_input = chain[0] == "input" and len(chain) == 2  # noqa: PLR2004 -- `input` and the field
    return Problem(
        path=first.site.pointer,
        code="unknown-input" if is_input else "unknown-field",
        message=f"'{owner}' has no field '{chain[-1]}'{places(len(uses))}.",
        remedy=meant(chain[-1], came.known, what="fields"),
    )


def _unsure_problem(path: str, uses: list[Use], scope: Scope) -> Problem:
    first = uses[0]
    holder = scope.names(first.site.sequence)[first.reference.root]
    how = "" if holder is None else _how(path, first, holder)
    inner = path if holder is None or not holder.path else path.removeprefix(f"{holder.path}.")
    asked = inner if "." in inner else ".".join((inner, *(first.reference.fields[:1] or ("field",))))
    more = [use.site.pointer for use in uses[1:4]]
    also = f" It is read at {listed(more)} too." if more else ""
    return Problem(
        path=first.site.pointer,
        code="may-not-have-run",
        message=f"Step '{path}' may not have run when {first.site.place} reads it: {how}.{also}",
        remedy=f"Read it after it has surely run, or ask first: `has({asked}) ? … : …`.",
    )


def _how(path: str, use: Use, holder: Sequence) -> str:
    """Return a way on which the step does not run, as people read it."""
    reader, target = use.site.sequence, use.site.step
    while reader is not holder and reader.parent is not None:
        target, reader = reader.owner, reader.parent
    if path != holder.full(use.reference.root):
        return _how_inside(path, use.reference, holder)
    if target == use.reference.root:
        return (
            "it has not ended while its own steps run"
            if reader is not use.site.sequence
            else ("it reads itself before it has run")
        )
    way = avoiding(reader, use.reference.root, target)
    return f"on the way {' → '.join(way)}"


def _how_inside(path: str, reference: Reference, holder: Sequence) -> str:
    name, rest = reference.root, reference.fields
    while len(rest) > 1:
        child = next(inner for inner in holder.children[name] if inner.branch == rest[0])
        if child.full(rest[1]) == path:
            return f"inside '{child.path}' on the way {' → '.join(avoiding(child, rest[1], END))}"
        holder, name, rest = child, rest[1], rest[2:]
    return "it may be skipped"
