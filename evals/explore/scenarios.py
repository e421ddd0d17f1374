"""Scenarios: what a run is started with and what services say to it, learned from a project's cases."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from evals import cases
from evals.answers import ServiceAnswer
from evals.explore import samples
from evals.jobs import Loaded
from planner.definition import Workflow, canonical
from planner.events import Event
from tools.catalog import Catalog

Answers = Mapping[str, tuple[ServiceAnswer, ...]]
"""Good answers by operation."""


class Scenario(NamedTuple):
    """One way for the world to be while nothing goes wrong."""

    name: str
    """Id of the case that it comes from, or `sample`."""
    input: Any
    answers: Answers
    others: Answers
    """Good answers of other cases, for what this one has none to; of look-ups the true one is given."""
    events: tuple[Event, ...] = ()
    """Events of cases, its own first; what they tell shapes those that come."""


def of_project(workflow: Workflow, loaded: Iterable[Loaded], catalog: Catalog) -> tuple[Scenario, ...]:
    """Return the scenarios of a workflow's cases, each once; a sample where it has none."""
    settings = [
        cases.setting(each.suite, case)
        for each in loaded
        for case in each.suite.cases
        if (case.workflow or each.suite.workflow) == workflow.workflow
    ]
    looked_up = _looked_up(catalog)
    others = _together([_good(setting.services) for setting in settings])
    found: dict[bytes, Scenario] = {}
    for setting in settings:
        defaults = _good(_defaults(setting, loaded))
        own = {**defaults, **_good(setting.services)}
        answers = {name: given for name, given in own.items() if name not in looked_up or name in defaults}
        key = canonical([setting.case.input, _plain(answers)])
        events = tuple(_events([setting, *settings]))
        found.setdefault(key, Scenario(setting.case.id, setting.case.input, answers, others, events))
    return tuple(found.values()) or (sampled(workflow),)


def _events(settings: Iterable[cases.Setting]) -> Iterator[Event]:
    for setting in settings:
        for told in setting.case.events:
            yield Event(**told.model_dump(exclude={"after", "id", "taken"}), id=told.id or "made-up")


def sampled(workflow: Workflow) -> Scenario:
    """Return a scenario whose input is made up from the workflow's schema."""
    return Scenario("sample", next(samples.samples(workflow.input), {}), {}, {})


def _defaults(setting: cases.Setting, loaded: Iterable[Loaded]) -> Mapping[str, tuple[ServiceAnswer, ...]]:
    return next((each.suite.defaults.services for each in loaded if setting.case in each.suite.cases), {})


def _looked_up(catalog: Catalog) -> frozenset[str]:
    contracts = (operation.reconcile for operation in catalog.operations.values())
    return frozenset(contract.call for contract in contracts if contract is not None)


def _good(services: Mapping[str, tuple[ServiceAnswer, ...]]) -> dict[str, tuple[ServiceAnswer, ...]]:
    """Return the answers that are right; what goes wrong is the explorer's business."""
    right = {
        name: tuple(each for each in answers if "return_" in each.model_fields_set and each.check)
        for name, answers in services.items()
    }
    return {name: answers for name, answers in right.items() if answers}


def _together(all_answers: list[dict[str, tuple[ServiceAnswer, ...]]]) -> Answers:
    found: dict[str, dict[bytes, ServiceAnswer]] = {}
    for answers in all_answers:
        for name, given in answers.items():
            for each in given:
                found.setdefault(name, {}).setdefault(canonical(each.return_), each)
    return {name: tuple(each.values()) for name, each in found.items()}


def _plain(answers: Answers) -> Any:
    return {
        name: [each.model_dump(mode="json", include={"return_", "when"}) for each in given]
        for name, given in answers.items()
    }
