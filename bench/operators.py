"""Operators: how a right workflow is made wrong, one change at a time, and which changes leave a right one.

Each yields mutants; one that is `spared` is as right as the workflow that it came from, by the rule that it
names. No rule asks validation whether it finds the mutant.
"""

import copy
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from evals.explore import samples
from planner.definition import END, Call, Decide, Fail, Receive, RunWorkflow, Switch, Wait, Workflow, walk
from planner.validation import flow, sequels
from planner.validation.sequences import Sequence, edges, jumps, reached, sequences
from planner.validation.sites import Site, sites
from planner.validation.values import Scope
from tools import pointers, schemas
from tools.catalog import Catalog
from tools.operations import JsonSchema, Operation

KEY = "sk-" + "a1B2" * 8
"""Looks like a key, and opens nothing."""
OTHER: dict[Any, Any] = {"string": {"wrong": True}, "object": 7, "array": "x", "boolean": 7}
"""A value of another type than the one that is wanted; anything else gets a text."""


class Mutant(NamedTuple):
    """A workflow with one change."""

    operator: str
    place: str
    document: dict[str, Any]
    catalog: Catalog
    spared: str = ""
    """The rule by which it is as right as before; empty where it is wrong."""


class Subject:
    """A right workflow, and all that operators look at."""

    def __init__(self, document: dict[str, Any], catalog: Catalog, workflows: dict[str, Workflow]) -> None:
        self.document, self.catalog, self.workflows = document, catalog, workflows
        self.workflow = Workflow.model_validate(document)
        self.everything = sequences(self.workflow)
        self.scope = Scope(self.workflow, catalog)
        self.sites = sites(self.workflow, self.everything)
        self.names = {
            part
            for site in self.sites
            for code in site.codes
            for each in code.references
            for part in (each.root, *each.fields)
        }
        self.named = {
            jump.target
            for sequence in self.everything
            for name in sequence.steps
            for jump in jumps(sequence, name)
        }

    def changed(self, pointer: str, value: Any) -> dict[str, Any]:
        """Return the document with another value at a place; `...` takes it out."""
        document = copy.deepcopy(self.document)
        *way, last = pointers.parts(pointer)
        holder = pointers.find(document, pointers.pointer(way))
        key = int(last) if isinstance(holder, list) else last
        if value is ...:
            del holder[key]
        else:
            holder[key] = value
        return document

    def value(self, pointer: str) -> Any:
        """Return what stands at a place."""
        return pointers.find(self.document, pointer)

    def calls(self) -> Iterator[tuple[str, Call, Operation]]:
        """Yield every call with its place and operation."""
        for place in walk(self.workflow):
            if isinstance(place.step, Call):
                yield place.pointer, place.step, self.catalog.operations[place.step.call]

    def arguments(self) -> Iterator[tuple[str, dict[str, Any], JsonSchema]]:
        """Yield every mapping of arguments with its place and the schema that it has to fit."""
        for pointer, step, operation in self.calls():
            if step.with_:
                yield f"{pointer}/with", step.with_, operation.input
        for place in walk(self.workflow):
            if isinstance(place.step, RunWorkflow) and place.step.with_:
                yield f"{place.pointer}/with", place.step.with_, self.workflows[place.step.run].input


def mutants(subject: Subject) -> Iterator[Mutant]:
    """Yield every mutant of a workflow."""
    for name, operator in OPERATORS.items():
        for place, document, spared in operator(subject):
            yield Mutant(name, place, document, subject.catalog, spared)
    yield from dropped_undo(subject)


Made = Iterator[tuple[str, dict[str, Any], str]]


def _keyed(document: dict[str, Any], pointer: str, new: str) -> dict[str, Any]:
    """Rename a key, in its place."""
    *way, last = pointers.parts(pointer)
    holder = pointers.find(document, pointers.pointer(way))
    entries = [(new if key == last else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(entries)
    return document


def rename(subject: Subject) -> Made:
    """Yield names that are misspelt: of operations, arguments, targets, steps, options and inputs."""
    for pointer, step, _ in subject.calls():
        yield f"{pointer}/call", subject.changed(f"{pointer}/call", f"{step.call}x"), ""
    for pointer, values, schema in subject.arguments():
        spared = "" if schema.get("additionalProperties") is False else "an open schema takes any argument"
        for name in values:
            yield pointer, _keyed(copy.deepcopy(subject.document), f"{pointer}/{name}", f"{name}_x"), spared
    for sequence in subject.everything:
        for name, step in sequence.steps.items():
            for jump in jumps(sequence, name):
                if jump.target != END:
                    yield jump.pointer, subject.changed(jump.pointer, f"{jump.target}_x"), ""
            spared = "" if name in subject.names | subject.named else "nothing names the step"
            yield (
                sequence.at(name),
                _keyed(copy.deepcopy(subject.document), sequence.at(name), f"{name}_x"),
                spared,
            )
            if isinstance(step, Decide) and step.otherwise is not None:
                yield (
                    sequence.at(name, "otherwise"),
                    subject.changed(sequence.at(name, "otherwise"), "else_x"),
                    "",
                )
    for name in subject.workflow.input.get("properties", {}):
        pointer = f"/input/properties/{name}"
        yield pointer, _keyed(copy.deepcopy(subject.document), pointer, f"{name}_x"), ""


def drop(subject: Subject) -> Made:
    """Yield arguments, steps and `otherwise` that are left out."""
    for pointer, values, schema in subject.arguments():
        for name in values:
            spared = "" if name in schema.get("required", ()) else "the argument is optional"
            yield f"{pointer}/{name}", subject.changed(f"{pointer}/{name}", ...), spared
    for sequence in subject.everything:
        for name, step in sequence.steps.items():
            spared = (
                "" if _is_needed(subject, sequence, name) else "nothing names the step, or needs its place"
            )
            yield sequence.at(name), subject.changed(sequence.at(name), ...), spared
            if isinstance(step, Decide) and step.otherwise is not None and len(step.options) > 1:
                yield sequence.at(name, "otherwise"), subject.changed(sequence.at(name, "otherwise"), ...), ""


def _is_needed(subject: Subject, sequence: Sequence, name: str) -> bool:
    """Tell whether a step is named somewhere, stands alone, or leads to what nothing else leads to."""
    if len(sequence.steps) == 1 or name in subject.named or name in subject.names:
        return True
    return _loses_steps(subject.changed(sequence.at(name), ...))


def _loses_steps(document: dict[str, Any]) -> bool:
    """Tell whether there is a step that nothing leads to."""
    left = sequences(Workflow.model_validate(document))
    return any(set(each.steps) - reached(each.entry, edges(each)) for each in left)


def add(subject: Subject) -> Made:
    """Yield arguments, fields, required inputs and steps that nobody asked for."""
    for pointer, _, schema in subject.arguments():
        spared = "" if schema.get("additionalProperties") is False else "an open schema takes any argument"
        yield pointer, subject.changed(f"{pointer}/extra_x", 1), spared
    for sequence in subject.everything:
        for name, step in sequence.steps.items():
            yield sequence.at(name), subject.changed(sequence.at(name, "extra_x"), 1), ""
            ends = isinstance(step, Fail) or step.then is not None
            if ends and not isinstance(step, Decide) and step.if_ is None:
                yield sequence.at(name), _behind(subject, sequence, name), ""
    if "required" in subject.workflow.input:
        required = [*subject.workflow.input["required"], "extra_x"]
        yield "/input/required", subject.changed("/input/required", required), ""


def _behind(subject: Subject, sequence: Sequence, name: str) -> dict[str, Any]:
    document = copy.deepcopy(subject.document)
    steps = pointers.find(document, sequence.pointer)
    entries = [*steps.items()]
    place = list(steps).index(name) + 1
    steps.clear()
    steps.update([*entries[:place], ("extra_x", {"wait": "PT1S"}), *entries[place:]])
    return document


def swap(subject: Subject) -> Made:
    """Yield arguments that change places, and steps that do with the one that they read."""
    for pointer, values, schema in subject.arguments():
        names = list(values)
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                document = copy.deepcopy(subject.document)
                given = pointers.find(document, pointer)
                given[one], given[other] = given[other], given[one]
                kinds = {_types(schema, one), _types(schema, other)}
                spared = "both arguments take one type" if len(kinds) == 1 or None in kinds else ""
                yield f"{pointer}: {one}, {other}", document, spared
    for sequence in subject.everything:
        names = list(sequence.steps)
        for one, other in pairwise(names):
            document = copy.deepcopy(subject.document)
            steps = pointers.find(document, sequence.pointer)
            entries = [*steps.items()]
            place = names.index(one)
            entries[place], entries[place + 1] = entries[place + 1], entries[place]
            steps.clear()
            steps.update(entries)
            if _reads(subject, sequence, other, one):
                yield sequence.at(one), document, ""
            elif _is_plain(subject, sequence, one) and _is_plain(subject, sequence, other):
                yield sequence.at(one), document, "neither of two plain steps needs the other"


def _reads(subject: Subject, sequence: Sequence, reader: str, read: str) -> bool:
    """Tell whether a step reads another one without asking first whether it has run."""
    return any(
        site.pointer.startswith(f"{sequence.at(reader)}/")
        and any(read in code.names and "has(" not in code.source for code in site.codes)
        for site in subject.sites
    )


def _is_plain(subject: Subject, sequence: Sequence, name: str) -> bool:
    """Tell whether the flow comes to a step from the one before it only, and goes to the one behind it."""
    step = sequence.steps[name]
    leads = step.then is not None or isinstance(step, (Decide, Fail, Receive, Switch))
    return not leads and step.if_ is None and name not in subject.named


def _types(schema: JsonSchema, name: str) -> str | None:
    found = schemas.at(schema, (name,)).schema or {}
    kind = found.get("type")
    return {"integer": "number"}.get(kind, kind) if isinstance(kind, str) else None


def wrong_field(subject: Subject) -> Made:
    """Yield references to fields that are not there."""
    for site in subject.sites:
        for code in site.codes:
            for root, fields in dict.fromkeys(code.references):
                if not fields or root in site.brings:
                    continue
                wrong = (*fields[:-1], f"{fields[-1]}_x")
                open_ = subject.scope.follow(site.sequence, root, wrong).state == "open"
                chain = rf"\b{re.escape('.'.join((root, *fields)))}\b"
                text = re.sub(chain, ".".join((root, *wrong)), site.text)
                spared = "an open schema may have any field" if open_ else ""
                yield (
                    f"{site.pointer}: {'.'.join((root, *fields))}",
                    subject.changed(site.pointer, text),
                    spared,
                )


def wrong_type(subject: Subject) -> Made:
    """Yield arguments, conditions, lists and waits of another type."""
    for pointer, values, schema in subject.arguments():
        for name in values:
            found = schemas.at(schema, (name,)).schema or {}
            kind = found.get("type")
            spared = "" if isinstance(kind, str) else "an open schema takes any type"
            document = subject.changed(f"{pointer}/{name}", OTHER.get(kind, "x"))
            yield f"{pointer}/{name}", document, spared
    for site in subject.sites:
        other = {"condition": "${'x'}", "list": "${7}", "duration": "soon"}.get(site.role)
        if other is not None:
            yield site.pointer, subject.changed(site.pointer, other), ""
    for place in walk(subject.workflow):
        if isinstance(place.step, Wait):
            yield f"{place.pointer}/wait", subject.changed(f"{place.pointer}/wait", "soon"), ""


def dropped_undo(subject: Subject) -> Iterator[Mutant]:
    """Yield catalogues in which a change that is called lost its undo."""
    for sequence in subject.everything:
        for name, step in sequence.steps.items():
            operation = subject.catalog.operations.get(step.call) if isinstance(step, Call) else None
            if operation is None or operation.undo is None:
                continue
            after = sequels.sequels(sequence, name)
            is_needed = subject.workflow.on_failure == "undo" and any(
                sequels.may_fail(*spot, subject.workflows) for spot in after
            )
            lost = operation.model_copy(update={"undo": None})
            operations = {**subject.catalog.operations, operation.name: lost}
            catalog = Catalog(operations, subject.catalog.services)
            spared = "" if is_needed else "nothing that may fail comes after it, so it is never taken back"
            yield Mutant("dropped undo", sequence.at(name), subject.document, catalog, spared)


def removed_bound(subject: Subject) -> Made:
    """Yield loops without `max_visits`, and runs that may wait for ever."""
    for sequence in subject.everything:
        for loop in flow.loops(sequence, edges(sequence)):
            document = copy.deepcopy(subject.document)
            steps = pointers.find(document, sequence.pointer)
            for name in loop:
                steps[name].pop("max_visits", None)
            yield f"{sequence.pointer}: {', '.join(loop)}", document, ""
    waiting = [
        place
        for place in walk(subject.workflow)
        if isinstance(place.step, Receive) or (isinstance(place.step, Decide) and place.step.by == "person")
    ]
    document = copy.deepcopy(subject.document)
    document.get("budget", {}).pop("duration", None)
    for place in waiting:
        pointers.find(document, place.pointer).pop("within", None)
    if waiting:
        yield "deadlines", document, ""
    elif document != subject.document:
        yield "deadlines", document, "it waits for nobody"


def removed_option(subject: Subject) -> Made:
    """Yield decisions that lost an option, and recoveries that lost the action taken when nobody chooses."""
    for sequence in subject.everything:
        for name, step in sequence.steps.items():
            for option in step.options if isinstance(step, Decide) else ():
                pointer = sequence.at(name, "options", option)
                document = subject.changed(pointer, ...)
                yield pointer, document, _is_complete(subject, pointer, step, option)
    for pointer, step, _ in subject.calls():
        recover = step.recover
        if recover is not None and recover.allow is not None:
            rest = [action for action in recover.allow if action != recover.otherwise]
            yield pointer, subject.changed(f"{pointer}/recover/allow", rest), ""


def _is_complete(subject: Subject, pointer: str, step: Any, option: str) -> str:
    """Return why a decision is right without an option, or nothing."""
    if option == step.otherwise or len(step.options) == 1:
        return ""
    lost = _loses_steps(subject.changed(pointer, ...))
    return "" if lost else "every step can still be come to, and a choice among fewer is one"


def widened_scope(subject: Subject) -> Made:
    """Yield calls of operations that the workflow has no part in, and actions that a recovery cannot take."""
    for operation in subject.catalog.operations.values():
        if _permits(subject, operation.name):
            continue
        step = {
            "call": operation.name,
            "with": next(iter(samples.samples(operation.input)), {}),
            "optional": True,
        }
        document = copy.deepcopy(subject.document)
        document["steps"] = {"extra_x": step, **document["steps"]}
        yield operation.name, document, ""
    for pointer, step, _ in subject.calls():
        recover = step.recover
        if recover is None or recover.allow is None:
            continue
        for action, fits in (("skip", step.optional), ("substitute", bool(step.substitutes))):
            if action not in recover.allow:
                document = subject.changed(f"{pointer}/recover/allow", [*recover.allow, action])
                yield f"{pointer}: {action}", document, "the call allows for it" if fits else ""


def _permits(subject: Subject, name: str) -> bool:
    """Tell whether the author named an operation, by itself or by its service."""
    permitted = subject.document.get("permit", {}).get("operations", ["*"])
    return any(re.fullmatch(re.escape(each).replace(r"\*", ".*"), name) for each in permitted)


def secret_to_prompt(subject: Subject) -> Made:
    """Yield decisions of a model that are told a key, a secret input, or an input that became secret."""
    for place in walk(subject.workflow):
        step = place.step
        if not isinstance(step, Decide) or step.by != "model":
            continue
        for value in (f"Use {KEY}", "${input.extra_x}"):
            document = copy.deepcopy(subject.document)
            pointers.find(document, place.pointer).setdefault("given", {})["extra_x"] = value
            fields = document["input"].setdefault("properties", {})
            if "input" in value:
                fields["extra_x"] = {"type": "string", "format": "password"}
            yield place.pointer, document, ""
        for site in subject.sites:
            if site.pointer.startswith(f"{place.pointer}/given/"):
                yield from _made_secret(subject, site)


def _made_secret(subject: Subject, site: Site) -> Made:
    """Yield the workflow with an input labelled secret that a prompt reads."""
    for code in site.codes:
        for root, fields in code.references:
            if root == "input" and len(fields) == 1:
                pointer = f"/input/properties/{fields[0]}"
                labelled = {**subject.value(pointer), "x-label": "secret"}
                yield f"{site.pointer}: {fields[0]}", subject.changed(pointer, labelled), ""


OPERATORS = {
    "rename": rename,
    "drop": drop,
    "add": add,
    "swap": swap,
    "wrong field": wrong_field,
    "wrong type": wrong_type,
    "removed bound": removed_bound,
    "removed option": removed_option,
    "widened scope": widened_scope,
    "secret to a prompt": secret_to_prompt,
}
