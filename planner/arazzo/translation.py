"""Translation: workflows of an Arazzo document as workflows of ours, and what could not be taken along."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from planner.arazzo import calls
from planner.arazzo.calls import Given, Sources
from planner.arazzo.document import Action, Arazzo, ArazzoWorkflow, Criterion, Parameter, Reusable, Step
from planner.arazzo.expressions import (
    Scope,
    Untranslatable,
    condition,
    matching,
    read_inputs,
    statuses,
    template,
)
from planner.definition import END, RESERVED, Workflow
from tools import pointers
from tools.catalog import Catalog
from tools.omissions import Omission

MOST_VISITS = 100
"""How often a step may be gone back to, which Arazzo does not bound."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_LONGEST = 63
P = TypeVar("P", Parameter, Action)


class Translated(NamedTuple):
    """What became of one workflow."""

    workflow_id: str
    workflow: Workflow | None
    """None where it could not be translated without another meaning."""
    omissions: list[Omission]
    """What is not in it, or why it is not there at all."""


def translate(document: Arazzo, catalog: Catalog, services: Mapping[str, str]) -> list[Translated]:
    """Return each workflow of a document as one of ours, in the document's order.

    Args:
        document: the document.
        catalog: the operations that its steps may call.
        services: names of services by the names of the document's sources, where they differ.
    """
    known = calls.sources(document, catalog, services)
    names = _unique((each.workflow_id for each in document.workflows), _kebab)
    return [_Translator(document, each, known, names).translated() for each in document.workflows]


class _Translator:
    """Translates one workflow, and gathers what is lost on the way."""

    def __init__(
        self, document: Arazzo, workflow: ArazzoWorkflow, known: Sources, names: Mapping[str, str]
    ) -> None:
        self._document, self._workflow, self._known, self._names = document, workflow, known, names
        self._steps = _unique((step.step_id for step in workflow.steps), _snake)
        outputs = {
            (step.step_id, name): source for step in workflow.steps for name, source in step.outputs.items()
        }
        ran = frozenset(step.step_id for step in workflow.steps if step.workflow_id is not None)
        self._scope = Scope(self._steps, outputs, ran)
        self._omissions: list[Omission] = []
        self._made: dict[str, dict[str, Any]] = {}

    def translated(self) -> Translated:
        """Return the workflow, or why there is none."""
        workflow_id = self._workflow.workflow_id
        try:
            made = self._whole()
        except Untranslatable as exc:
            return Translated(workflow_id, None, [Omission(workflow_id, str(exc))])
        except ValidationError as exc:
            why = exc.errors(include_url=False)[0]
            place = ".".join(str(part) for part in why["loc"])
            return Translated(workflow_id, None, [Omission(workflow_id, f"{place}: {why['msg']}")])
        return Translated(workflow_id, made, self._omissions)

    def _whole(self) -> Workflow:
        workflow = self._workflow
        if workflow.depends_on:
            raise Untranslatable(
                f"it depends on {', '.join(workflow.depends_on)}, and does not say with what input"
            )
        for step in workflow.steps:
            self._step(step)
        self._bound()
        return Workflow.model_validate(
            {
                "workflow": self._names[workflow.workflow_id],
                "version": _version(self._document.info.version),
                "goal": (workflow.summary or workflow.description or self._document.info.title).strip(),
                "input": self._input(),
                "on_failure": "keep",
                "steps": self._made,
                "output": self._output() or None,
            }
        )

    def _step(self, step: Step) -> None:
        name = self._steps[step.step_id]
        try:
            made = self._run(step) if step.workflow_id is not None else self._call(step)
            made |= self._retried(step)
            self._made[name] = made
            self._judge(step, name)
            self._follow(step, name)
        except Untranslatable as exc:
            raise Untranslatable(f"step {step.step_id!r}: {exc}") from None

    def _call(self, step: Step) -> dict[str, Any]:
        if step.operation_id is None and step.operation_path is None:
            raise Untranslatable("it names no operation and no workflow")
        target = calls.operation(step, self._known)
        given = calls.arguments(step, self._parameters(step), target, self._scope)
        self._omissions += [Omission(step.step_id, why) for why in given.ignored]
        return {"call": target.name, "with": given.values}

    def _run(self, step: Step) -> dict[str, Any]:
        name = (step.workflow_id or "").rpartition(".")[2]
        given = {each.name: template(each.value, self._scope) for each in self._parameters(step).own}
        return {"run": self._names.get(name, _kebab(name)), "with": given}

    def _parameters(self, step: Step) -> Given:
        """Return the step's parameters."""
        own = [self._resolved(each, Parameter) for each in step.parameters]
        told = {(each.name, each.place) for each in own}
        shared = [self._resolved(each, Parameter) for each in self._workflow.parameters]
        return Given(own, [each for each in shared if (each.name, each.place) not in told])

    def _resolved(self, part: P | Reusable, kind: type[P]) -> P:
        if not isinstance(part, Reusable):
            return part
        group, _, name = part.reference.removeprefix("$components.").partition(".")
        components = self._document.components
        groups: dict[str, Mapping[str, Any]] = {
            "parameters": components.parameters,
            "successActions": components.success_actions,
            "failureActions": components.failure_actions,
        }
        resolved = groups.get(group, {}).get(name)
        if not isinstance(resolved, kind):
            raise Untranslatable(f"there is no {part.reference}")
        if part.value is None:
            return resolved
        return resolved.model_copy(update={"value": part.value})

    def _judge(self, step: Step, name: str) -> None:
        """Fail where an answer of success does not fulfil the step's criteria."""
        held: list[str] = []
        for criterion in step.success_criteria:
            try:
                held += filter(None, [self._chooses(criterion, step)])
            except Untranslatable as exc:
                self._omissions.append(Omission(f"{step.step_id}, a criterion of success", str(exc)))
        if held:
            self._made[self._free(f"{name}_wrong")] = {
                "if": f"!({' && '.join(held)})",
                "fail": f"The answer of step {step.step_id} does not fulfil its criteria.",
            }

    def _holds(self, criterion: Criterion, step: Step) -> str | None:
        scope = self._scope.at(step.step_id)
        if criterion.kind == "simple":
            return condition(criterion.condition, scope)
        if criterion.kind == "regex" and criterion.context is not None:
            return matching(criterion.condition, criterion.context, scope)
        raise Untranslatable(
            f"{criterion.condition}: conditions of type {criterion.kind!r} are not known here"
        )

    def _follow(self, step: Step, name: str) -> None:
        """Go where the step's actions after success say."""
        cases: list[dict[str, str]] = []
        otherwise: str | None = None
        for action in self._actions(step.on_success, self._workflow.success_actions):
            target = self._target(action)
            held = [self._chooses(criterion, step) for criterion in action.criteria]
            when = " && ".join(f"({each})" for each in held if each is not None)
            if not when:
                otherwise = target
                break
            cases.append({"when": when, "then": target})
        if cases:
            made: dict[str, Any] = {"switch": cases}
            self._made[self._free(f"{name}_next")] = made | ({"otherwise": otherwise} if otherwise else {})
        elif otherwise:
            next(reversed(self._made.values()))["then"] = otherwise

    def _chooses(self, criterion: Criterion, step: Step) -> str | None:
        """Return the condition; one of a status is None where every documented success fulfils it."""
        found = self._holds(criterion, step)
        told = statuses(criterion.condition) if found is None and criterion.kind == "simple" else None
        if told is not None and step.workflow_id is None:
            binding = calls.operation(step, self._known).binding
            documented = set(getattr(binding, "success", ()))
            if not documented or not documented <= set(told):
                raise Untranslatable(f"{criterion.condition}: the status of an answer of success is not kept")
        return found

    def _target(self, action: Action) -> str:
        if action.type == "end":
            return END
        if action.step_id is not None and action.step_id in self._steps:
            return self._steps[action.step_id]
        if action.workflow_id is not None:
            raise Untranslatable(f"action {action.name!r} goes over to another workflow")
        raise Untranslatable(f"action {action.name!r} goes to no step that is there")

    def _retried(self, step: Step) -> dict[str, Any]:
        """Return how often a call that is safe to repeat is repeated; what else follows a failure is told."""
        found: dict[str, Any] = {}
        for action in self._actions(step.on_failure, self._workflow.failure_actions):
            what = f"{step.step_id}, action {action.name!r} after a failure"
            if action.type == "retry" and step.workflow_id is None and not found:
                pause = timedelta(seconds=action.retry_after or 0)
                found = {"attempts": (action.retry_limit or 1) + 1, "initial": pause, "max": pause}
                if action.criteria:
                    why = "its criteria; whether repeating is safe and of use is told by the outcome"
                    self._omissions.append(Omission(what, why))
            elif action.type != "end":
                why = "after its retries a call that fails ends the run, or is recovered"
                self._omissions.append(Omission(what, why))
        return {"retry": found} if found else {}

    def _actions(
        self, own: Iterable[Action | Reusable], shared: Iterable[Action | Reusable]
    ) -> Iterator[Action]:
        """Return a step's actions, and those of the workflow that it does not have itself."""
        found = [self._resolved(each, Action) for each in own]
        yield from found
        names = {each.name for each in found}
        others = (self._resolved(each, Action) for each in shared)
        yield from (each for each in others if each.name not in names)

    def _free(self, name: str) -> str:
        while name in self._made or name in self._steps.values():
            name = f"{name}_"
        return name[:_LONGEST]

    def _bound(self) -> None:
        """Bound how often a step is gone back to."""
        order = list(self._made)
        for place, made in enumerate(self._made.values()):
            cases = [case["then"] for case in made.get("switch", ())]
            for target in (made.get("then"), made.get("otherwise"), *cases):
                if target in order[: place + 1]:
                    self._made[target]["max_visits"] = MOST_VISITS

    def _input(self) -> dict[str, Any]:
        """Return the schema of the inputs; what is read must be there."""
        schema = _resolve(self._workflow.inputs, self._document.components.inputs)
        parts = [step.model_dump() for step in self._workflow.steps]
        read = sorted(
            {*read_inputs(parts), *read_inputs([each.model_dump() for each in self._workflow.parameters])}
        )
        properties = {**{name: {} for name in read}, **schema.get("properties", {})}
        required = [
            *schema.get("required", ()),
            *(name for name in read if name not in schema.get("required", ())),
        ]
        return {
            "type": "object",
            **schema,
            "properties": properties,
            **({"required": required} if required else {}),
        }

    def _output(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, source in self._workflow.outputs.items():
            try:
                made[name] = template(source, self._scope)
            except Untranslatable as exc:
                self._omissions.append(Omission(f"output {name!r}", str(exc)))
        return made


def _resolve(schema: Any, inputs: Mapping[str, Any], way: tuple[str, ...] = ()) -> Any:
    """Return a schema with the document's own inputs in the place of references to them."""
    if isinstance(schema, list):
        return [_resolve(item, inputs, way) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/components/inputs/"):
        if reference in way:
            raise Untranslatable(f"its input {reference} holds itself")
        try:
            found = pointers.target(reference, {"components": {"inputs": inputs}})
        except LookupError:
            raise Untranslatable(f"there is no {reference}") from None
        return _resolve(found, inputs, (*way, reference))
    return {name: _resolve(item, inputs, way) for name, item in schema.items()}


def _unique(names: Iterable[str], shaped: Any) -> dict[str, str]:
    """Return a name of ours for each of theirs, no two alike."""
    found: dict[str, str] = {}
    for name in names:
        made, number = shaped(name), 2
        while made in found.values():
            made, number = f"{shaped(name)}{number}", number + 1
        found[name] = made
    return found


def _kebab(name: str) -> str:
    return _shaped(name, "-")


def _snake(name: str) -> str:
    made = _shaped(name, "_")
    return f"{made}_step" if made in RESERVED else made


def _shaped(name: str, between: str) -> str:
    made = between.join(word.lower() for word in _WORD.findall(name))[: _LONGEST - 4]
    return made if made[:1].isalpha() else f"w{between}{made}".rstrip(between)


def _version(text: str) -> str:
    return text if _VERSION.fullmatch(text) else "0.1.0"
