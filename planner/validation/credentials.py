"""Credentials: keys and tokens that stand in a definition, where everybody reads them."""

from collections.abc import Iterator, Mapping
from typing import Any

from planner.definition import Call, Workflow
from planner.log import detectors
from planner.log.detectors import DetectorName
from planner.validation.labels import SECRET, declared
from planner.validation.sequences import Sequence, escaped
from tools.catalog import Catalog
from tools.problems import Problem

_LOOKED_FOR: tuple[DetectorName, ...] = ("api_key", "jwt", "pem")
"""Those whose finds are hardly ever anything else."""


def problems(workflow: Workflow, everything: list[Sequence], catalog: Catalog | None) -> Iterator[Problem]:
    """Yield texts that look like a credential, and secret arguments that are written out. Heuristic."""
    document = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    told = set()
    for pointer, text in _texts(document, ""):
        if detectors.scrub(text, _LOOKED_FOR).names:
            told.add(pointer)
            yield _written(pointer, "It looks like a key or a token")
    for pointer in _secret_arguments(everything, catalog):
        if pointer not in told:
            yield _written(pointer, "The operation takes a secret here")


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f"{pointer}/{escaped(str(name))}")
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _texts(item, f"{pointer}/{place}")


def _secret_arguments(everything: list[Sequence], catalog: Catalog | None) -> Iterator[str]:
    for sequence in everything if catalog is not None else ():
        for name, step in sequence.sound():
            operation = catalog.operations.get(step.call) if catalog and isinstance(step, Call) else None
            if operation is None or not isinstance(step, Call) or SECRET not in declared(operation.input):
                continue
            for argument, value in step.with_.items():
                is_text = isinstance(value, str) and value and "${" not in value
                if is_text and SECRET in declared(operation.input, (argument,)):
                    yield sequence.at(name, "with", escaped(argument))


def _written(pointer: str, why: str) -> Problem:
    return Problem(
        path=pointer,
        code="written-secret",
        message=f"{why}, and a definition is read by everybody.",
        remedy="Name the secret in the catalogue's `auth`, or hand it over in the run's input.",
    )
