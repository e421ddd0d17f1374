"""Leaks: labelled values that flow where their label forbids, and strangers' words that steer."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from planner.definition import END, AnyStep, Call, Decide, Fail, RunWorkflow, Workflow
from planner.validation.labels import PERSONAL, SECRET, UNTRUSTED, Flow, Labels, declared, is_labelled
from planner.validation.sequences import Sequence
from planner.validation.sites import Site
from tools.catalog import Catalog
from tools.operations import HttpBinding, JsonSchema, Operation
from tools.pointers import parts
from tools.problems import Problem

_GUARDED = (SECRET, PERSONAL)
_STEERING = frozenset({"condition", "list", "duration"})
_IN_ADDRESS = frozenset({"path", "query"})


class Sink(NamedTuple):
    """What takes the value of a site."""

    what: str
    """For people, such as `the prompt of decision 'resolve'`."""
    refused: frozenset[str]
    """Labels that may not go there."""
    service: str = ""
    """Service to which values that came from it may go back, where there is one."""


def problems(
    workflow: Workflow,
    everything: list[Sequence],
    found: list[Site],
    *,
    catalog: Catalog,
    workflows: Mapping[str, Workflow],
) -> Iterator[Problem]:
    """Yield every site at which a labelled value flows where its label forbids. Sound for declared labels.

    Secrets go only to arguments that are labelled so themselves; personal values neither to prompts nor to
    the log, and to other services only as labelled arguments; values of strangers neither steer the flow nor
    reach what cannot be taken back.
    """
    if not is_labelled(workflow, everything, catalog):
        return
    flow = Flow(workflow, catalog, workflows)
    for site in found:
        if site.error is not None:
            continue
        carried: Labels = frozenset().union(*(flow.of(site.sequence, code) for code in site.codes))
        if not carried:
            continue
        if any(label.word == UNTRUSTED for label in carried) and site.role in _STEERING:
            yield _steered(site)
            continue
        sink = _sink(site, catalog, workflows)
        wrong = sorted(
            label.word for label in carried if label.word in sink.refused and label.origin != sink.service
        )
        if wrong:
            yield _steered(site) if wrong[0] == UNTRUSTED else _leaked(site, wrong[0], sink)


def _sink(site: Site, catalog: Catalog, workflows: Mapping[str, Workflow]) -> Sink:
    step = None if site.step == END else site.sequence.steps[site.step]
    inside = parts(site.pointer.removeprefix(site.sequence.at(site.step))) if step is not None else ()
    if step is None:
        return Sink("the run's output", frozenset({SECRET}))
    if isinstance(step, Decide) and inside[:1] == ("given",):
        refused = frozenset(_GUARDED) if step.by == "model" else frozenset({SECRET})
        word = "prompt" if step.by == "model" else "record"
        return Sink(f"the {word} of decision '{site.sequence.full(site.step)}'", refused)
    if isinstance(step, Fail):
        return Sink("the log", frozenset(_GUARDED))
    return _arguments(step, inside, catalog, workflows)


def _arguments(
    step: AnyStep, inside: tuple[str, ...], catalog: Catalog, workflows: Mapping[str, Workflow]
) -> Sink:
    if isinstance(step, RunWorkflow) and step.run in workflows and inside[:1] == ("with",):
        labelled = declared(workflows[step.run].input, inside[1:])
        return Sink(f"workflow '{step.run}'", frozenset(_GUARDED) - labelled)
    if not isinstance(step, Call):
        return Sink("", frozenset())
    call, fields = step.call, inside[1:]
    if inside[:1] == ("substitutes",):
        call, fields = step.substitutes[int(inside[1])].call, inside[3:]
    operation = catalog.operations.get(call)
    return Sink("", frozenset()) if operation is None else _argument(operation, fields)


def _argument(operation: Operation, fields: tuple[str, ...]) -> Sink:
    labelled = declared(_known(operation.input, fields), ())
    refused = frozenset(_GUARDED) - labelled
    if operation.effect == "irreversible" or operation.confirm is not None or SECRET in labelled:
        refused |= {UNTRUSTED} - labelled
    binding = operation.binding
    in_address = (
        isinstance(binding, HttpBinding) and bool(fields) and binding.places.get(fields[0]) in _IN_ADDRESS
    )
    what = f"operation '{operation.name}'"
    if in_address:
        return Sink(f"the address of {what}", refused)
    return Sink(what, refused, service=operation.service)


def _known(schema: JsonSchema, fields: tuple[str, ...]) -> JsonSchema | None:
    """Return the schema of one argument; what is inside it is labelled with it."""
    found = schema.get("properties", {}).get(fields[0]) if fields else schema
    return (
        {**found, **{key: schema[key] for key in ("$defs",) if key in schema}}
        if isinstance(found, dict)
        else None
    )


def _leaked(site: Site, word: str, sink: Sink) -> Problem:
    kind = "secret" if word == SECRET else "personal"
    return Problem(
        path=site.pointer,
        code="leaked-value",
        message=f"`{site.text}` hands a {kind} value to {sink.what}, which is not meant to have it.",
        remedy=f"Leave it out, or label what takes it: `x-label: {word}` in its schema.",
    )


def _steered(site: Site) -> Problem:
    return Problem(
        path=site.pointer,
        code="untrusted-value",
        message=f"`{site.text}` lets what a stranger wrote steer the flow, or what cannot be taken back.",
        remedy="Let a decision with fixed options, or an operation that checks it, stand between.",
    )
