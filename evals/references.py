"""References: every name in a case that must exist in its project. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from evals.answers import ServiceAnswer
from evals.cases import Case, Suite
from evals.coverage import asks_model
from evals.expectations import Expect, Never
from evals.project import Project
from evals.scripts import declared
from planner.definition import AnyStep, Call, Decide, RunWorkflow, Workflow, walk
from planner.effects import RECONCILE, UNDO
from planner.recovery import ACTIONS
from planner.runs import RunStatus
from tools import schemas
from tools.access import Service
from tools.operations import HttpBinding, Operation
from tools.pointers import pointer
from tools.problems import Problem
from tools.wording import hint

PERSON_TELLS = ("applied", "not_applied", "adopt")
"""What only a person can tell of a call in doubt."""

UNDO_ANSWERS = ("retry", "done", "leave", "applied", "not_applied")

Where = tuple[str | int, ...]


class _Names(NamedTuple):
    """What a case may name."""

    steps: Mapping[str, AnyStep]
    """Steps by their path, those of nested workflows below the step that runs them."""
    operations: Mapping[str, Operation]
    services: Mapping[str, Service]


def problems(suite: Suite, project: Project) -> list[Problem]:
    """Return every problem of the names in a suite."""
    return [*_defaults(suite, project), *(found for each in _cases(suite, project) for found in each)]


def _cases(suite: Suite, project: Project) -> Iterator[Iterable[Problem]]:
    for place, case in enumerate(suite.cases):
        at: Where = ("cases", place)
        name = case.workflow or suite.workflow
        if name is None:
            message = "Neither the case nor its suite names a workflow."
            yield [_problem(at, "no-workflow", message, "Add `workflow`.")]
        elif name not in project.workflows:
            where = (*at, "workflow") if case.workflow else ("workflow",)
            yield [
                _problem(
                    where,
                    "unknown-workflow",
                    f"There is no workflow {name!r}.",
                    hint(name, project.workflows),
                )
            ]
        else:
            yield _case(case, at, project, project.workflows[name])


def _case(case: Case, at: Where, project: Project, workflow: Workflow) -> Iterator[Problem]:
    names = _Names(dict(_steps(workflow, project, "")), project.catalog.operations, project.catalog.services)
    yield from schemas.problems(workflow.input, case.input, path=pointer((*at, "input")))
    if not isinstance(case.model, str):
        yield from _model(case.model, (*at, "model"), names)
    yield from _services(case.services, (*at, "services"), names)
    yield from _persons(case.person, (*at, "person"), names)
    yield from _expected(case, (*at, "expect"), names)
    yield from _labels(case, (*at, "score"), names)
    yield from _status(case.expect.status, (*at, "expect", "status"))
    if case.cancel is not None and case.cancel.step:
        yield from _known_step(case.cancel.step, (*at, "cancel", "step"), names)
    if case.start is not None:
        for name, where in ((case.start.at, "at"), *((name, "state") for name in case.start.state)):
            if name not in workflow.steps:
                message = f"The workflow has no outermost step {name!r}."
                yield _problem((*at, "start", where), "unknown-step", message, hint(name, workflow.steps))


def _labels(case: Case, at: Where, names: _Names) -> Iterator[Problem]:
    for path, label in case.score.items():
        step = yield from _step(path, (*at, path), names)
        yield from _choice(label.truth, (*at, path, "truth"), path, step)
        for option in label.cost:
            yield from _choice(option, (*at, path, "cost", option), path, step)


def _status(expected: Any, at: Where) -> Iterator[Problem]:
    known = get_args(RunStatus)
    if isinstance(expected, str) and expected not in known:
        yield _problem(at, "unknown-status", f"No run ends as {expected!r}.", hint(expected, known))


def _defaults(suite: Suite, project: Project) -> Iterator[Problem]:
    workflow = project.workflows.get(suite.workflow or "")
    steps = {} if workflow is None else dict(_steps(workflow, project, ""))
    names = _Names(steps, project.catalog.operations, project.catalog.services)
    yield from _services(suite.defaults.services, ("defaults", "services"), names)
    if workflow is not None:
        yield from _model(suite.defaults.model, ("defaults", "model"), names)
        yield from _persons(suite.defaults.person, ("defaults", "person"), names)


def _steps(
    workflow: Workflow, project: Project, prefix: str, around: tuple[str, ...] = ()
) -> Iterator[tuple[str, AnyStep]]:
    for place in walk(workflow):
        yield f"{prefix}{place.path}", place.step
        if isinstance(place.step, RunWorkflow) and place.step.run not in around:
            nested = project.workflows.get(place.step.run)
            if nested is not None:
                below = (*around, workflow.workflow)
                yield from _steps(nested, project, f"{prefix}{place.path}.", below)


def _model(answers: Mapping[str, Sequence[Any]], at: Where, names: _Names) -> Iterator[Problem]:
    for path, given in answers.items():
        step = yield from _step(path, (*at, path), names)
        if step is None:
            continue
        if not asks_model(step):
            message = f"The step {path!r} never asks a model."
            yield _problem((*at, path), "no-decision", message, "Name a decision, or a call with `recover`.")
            continue
        known = _options(step)
        for place, answer in enumerate(given):
            for reply in answer.replies:
                if reply.choose is not None and reply.choose not in known and not reply.undeclared:
                    yield _no_option((*at, path, place, "choose"), reply.choose, path, known)


def _options(step: AnyStep) -> tuple[str, ...]:
    if isinstance(step, Decide):
        return tuple(step.options)
    return ACTIONS if isinstance(step, Call) else ()


def _services(answers: Mapping[str, Sequence[ServiceAnswer]], at: Where, names: _Names) -> Iterator[Problem]:
    for name, given in answers.items():
        operation = names.operations.get(name)
        if operation is None:
            yield _no_operation((*at, name), name, names)
            continue
        service = names.services[operation.service]
        for place, answer in enumerate(given):
            yield from _answer(answer, (*at, name, place), operation, service)


def _answer(answer: ServiceAnswer, at: Where, operation: Operation, service: Service) -> Iterator[Problem]:
    if "return_" in answer.model_fields_set and answer.check and operation.output is not None:
        yield from schemas.problems(operation.output, answer.return_, path=pointer((*at, "return")))
    if answer.applied is None and operation.effect != "read" and _in_doubt(answer, operation, service):
        message = f"Nobody can tell from this answer whether {operation.name} took effect."
        yield _problem(at, "applied-unsaid", message, "Add `applied: true` or `applied: false`.")


def _in_doubt(answer: ServiceAnswer, operation: Operation, service: Service) -> bool:
    if answer.outcome is not None:
        return answer.outcome.kind == "unknown"
    if answer.fault in {"timeout", "reset"}:
        return True
    told = answer.status
    if answer.fault is not None and answer.fault.startswith("status:"):
        told = int(answer.fault.removeprefix("status:"))
    if told is None:
        return False
    binding = operation.binding
    certain = binding.not_processed if isinstance(binding, HttpBinding) else service.not_processed
    return (told >= 500 or told == 408) and told not in {*certain, *service.not_processed}  # noqa: PLR2004 - HTTP's


def _persons(answers: Mapping[str, Sequence[Any]], at: Where, names: _Names) -> Iterator[Problem]:
    for path, given in answers.items():
        step = yield from _step(path, (*at, path), names)
        if step is None:
            continue
        known = _person_options(path, step)
        if not known:
            message = f"The step {path!r} never asks a person."
            yield _problem((*at, path), "no-decision", message, "Name a decision, or a call.")
        for place, answer in enumerate(given):
            if known and answer.choose is not None and answer.choose not in known:
                yield _no_option((*at, path, place, "choose"), answer.choose, path, known)
            if answer.override is not None:
                yield from _override(answer.override, (*at, path, place, "override"), path, step)


def _override(to: str, at: Where, path: str, step: AnyStep) -> Iterator[Problem]:
    if not isinstance(step, Decide):
        message = f"The step {path!r} makes no choice that a person could override."
        yield _problem(at, "no-decision", message, "Name a `decide` step.")
    elif to not in step.options:
        yield _no_option(at, to, path, step.options)


def _person_options(path: str, step: AnyStep) -> tuple[str, ...]:
    if path.startswith((UNDO, RECONCILE)):
        return UNDO_ANSWERS
    if isinstance(step, Call):
        return (*(action for action in ACTIONS if action != "person"), *PERSON_TELLS)
    return _options(step)


def _expected(case: Case, at: Where, names: _Names) -> Iterator[Problem]:
    expect = case.expect
    for path, wanted in expect.decisions.items():
        step = yield from _step(path, (*at, "decisions", path), names)
        for place, each in enumerate(wanted):
            yield from _choice(each.choose, (*at, "decisions", path, place, "choose"), path, step)
    for place, name in enumerate(expect.path.steps if expect.path else ()):
        yield from _known_step(name, (*at, "path", "steps", place), names)
    for place, never in enumerate(expect.never):
        yield from _forbidden(never, (*at, "never", place), names)
    for where, name in _operations(expect, at):
        if name not in names.operations:
            yield _no_operation(where, name, names)


def _operations(expect: Expect, at: Where) -> Iterator[tuple[Where, str]]:
    """Yield every operation that the expectations name."""
    for name in expect.calls:
        yield (*at, "calls", name), name
    for place, name in enumerate(expect.order):
        yield (*at, "order", place), name
    for place, each in enumerate(expect.undone if isinstance(expect.undone, list) else ()):
        if isinstance(each, str):
            yield (*at, "undone", place), each
    for place, never in enumerate(expect.never):
        if never.call is not None:
            yield (*at, "never", place, "call"), never.call


def _forbidden(never: Never, at: Where, names: _Names) -> Iterator[Problem]:
    if never.step is not None:
        yield from _known_step(never.step, (*at, "step"), names)
    if never.decision is not None:
        step = yield from _step(never.decision, (*at, "decision"), names)
        yield from _choice(never.choose, (*at, "choose"), never.decision, step)


def _choice(choice: Any, at: Where, path: str, step: AnyStep | None) -> Iterator[Problem]:
    if step is not None and isinstance(choice, str):
        known = sorted({*_options(step), *_person_options(path, step)})
        if choice not in known:
            yield _no_option(at, choice, path, known)


def _known_step(name: str, at: Where, names: _Names) -> Iterator[Problem]:
    yield from _step(name, at, names)


def _step(path: str, at: Where, names: _Names) -> Any:
    """Return the step, or None after telling that there is none."""
    bare = declared(path.rpartition(":")[2])
    step = names.steps.get(bare)
    if step is None:
        yield _problem(at, "unknown-step", f"The workflow has no step {path!r}.", hint(bare, names.steps))
    return step


def _no_option(at: Where, choice: str, path: str, known: Iterable[str]) -> Problem:
    return _problem(at, "unknown-option", f"{path!r} has no option {choice!r}.", hint(choice, known))


def _no_operation(at: Where, name: str, names: _Names) -> Problem:
    message = f"The catalogue holds no operation {name!r}."
    return _problem(at, "unknown-operation", message, hint(name, names.operations))


def _problem(at: Where, code: str, message: str, remedy: str = "") -> Problem:
    return Problem(path=pointer(at), code=code, message=message, remedy=remedy)
