"""Drift: what a recorded case was recorded from, and what is different now. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from planner.decisions import digest
from planner.definition import Workflow
from tools.records import Record

Made = Mapping[str, Any]
"""A decision record as JSON."""


class Asked(Record):
    """What was asked and offered at one decision."""

    question: str
    """SHA-256 of the question with the words of its options."""
    offered: tuple[str, ...]
    """Ids of the options that could be chosen, in their order."""
    prompt: str = ""
    """Name and SHA-256 of the prompt, where a model was asked."""


class Definition(Record):
    """Exactly which definition."""

    version: str
    sha256: str


class Recorded(Record):
    """What a case was recorded from."""

    run: str
    """Id of the run; the case's run bears it too, so that keys and references are those of the record."""
    catalog: str
    """Revision of the catalogue."""
    workflows: dict[str, Definition]
    """The workflow and all that it runs, by name."""
    decisions: dict[str, tuple[Asked, ...]] = Field(default_factory=dict)
    """By decision point, in order."""


def asked(made: Made) -> Asked:
    """Return what was asked and offered at a decision."""
    model = made.get("model") or {}
    words = [[option["id"], option["means"]] for option in made["options"]]
    return Asked(
        question=digest([made["question"], words]),
        offered=tuple(option["id"] for option in made["options"] if option["available"]),
        prompt=f"{model.get('prompt', '')} {model.get('prompt_sha256', '')}".strip(),
    )


def by_point(decisions: Sequence[Made]) -> dict[str, list[Made]]:
    """Return decisions by the path of their step, in order."""
    found: dict[str, list[Made]] = {}
    for made in decisions:
        found.setdefault(made["path"], []).append(made)
    return found


def definitions(workflows: Sequence[Workflow]) -> dict[str, Definition]:
    """Return which definitions these are, by name."""
    return {each.workflow: Definition(version=each.version, sha256=each.sha256) for each in workflows}


def drift(
    recorded: Recorded, workflows: Sequence[Workflow], catalog: str, decisions: Sequence[Made]
) -> tuple[str, ...]:
    """Return a sentence for everything that is not as it was when the case was recorded.

    Args:
        recorded: what it was recorded from.
        workflows: what it runs now, others that are run by it included.
        catalog: revision of the catalogue now.
        decisions: what is decided now.
    """
    now = definitions(workflows)
    told = [*_definitions(recorded.workflows, now), *_decisions(recorded.decisions, by_point(decisions))]
    if catalog != recorded.catalog:
        told.append(f"the catalogue is {catalog[:12]}, recorded was {recorded.catalog[:12]}")
    return tuple(told)


def _definitions(before: Mapping[str, Definition], now: Mapping[str, Definition]) -> Iterator[str]:
    for name, then in before.items():
        found = now.get(name)
        if found is None:
            yield f"workflow {name} is not run any more"
        elif found.sha256 != then.sha256:
            yield f"workflow {name} is {_which(found)}, recorded was {_which(then)}"
    yield from (f"workflow {name} was not run when it was recorded" for name in now if name not in before)


def _which(told: Definition) -> str:
    return f"{told.version} ({told.sha256[:12]})"


def _decisions(before: Mapping[str, Sequence[Asked]], now: Mapping[str, Sequence[Made]]) -> Iterator[str]:
    for point, then in before.items():
        found = [asked(made) for made in now.get(point, ())]
        for place, (old, new) in enumerate(zip(then, found, strict=False), start=1):
            at = point if len(then) == 1 else f"{point} ({place} of {len(then)})"
            yield from (f"{at}: {told}" for told in _differences(old, new))


def _differences(old: Asked, new: Asked) -> Iterator[str]:
    if old.question != new.question:
        yield "the question or the words of its options are others than recorded"
    if old.offered != new.offered:
        yield f"offered are {_listed(new.offered)}, recorded were {_listed(old.offered)}{_order(old, new)}"
    if old.prompt and new.prompt and old.prompt != new.prompt:
        yield f"the prompt is {_prompt(new.prompt)}, recorded was {_prompt(old.prompt)}"


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "none"


def _order(old: Asked, new: Asked) -> str:
    return " (the order)" if Counter(old.offered) == Counter(new.offered) else ""


def _prompt(told: str) -> str:
    name, _, sha256 = told.partition(" ")
    return f"{name} ({sha256[:12]})"
