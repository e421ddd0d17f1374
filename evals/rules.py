"""Rules: the invariants that a workflow declares for itself, as conditions over what happened. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evals.history import History
from evals.invariants import Violation
from planner.definition import Workflow
from tools import expressions
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.expressions import Expression

_DECISION = ("path", "kind", "choice", "decided_by", "outcome_class", "visit")
_TEXTS = re.compile(r"""'([^'\\]*)'|"([^"\\]*)\"""")
"""Texts inside a condition, which may name operations."""


class Rule(NamedTuple):
    """One condition and when it must hold."""

    kind: str
    """`never`, `always` or `finally`."""
    condition: Expression

    @property
    def name(self) -> str:
        """What violations of it are told under."""
        return f"{self.kind} {self.condition.source}"


class Rules:
    """The invariants of one workflow."""

    def __init__(self, workflow: Workflow) -> None:
        told = workflow.invariants
        kinds: Mapping[str, Sequence[str]] = {
            "never": told.never,
            "always": told.always,
            "finally": told.finally_,
        }
        self._steps = tuple(workflow.steps)
        self.rules = tuple(
            Rule(kind, expressions.condition(text)) for kind, texts in kinds.items() for text in texts
        )
        self.seen = frozenset(name for rule in self.rules for name in rule.condition.names)
        """What they look at, such as `effects`."""

    def violations(self, history: History) -> Iterator[Violation]:
        """Yield the rules that a path breaks at this moment."""
        if not self.rules:
            return
        data = self._data(history)
        for rule in self.rules:
            if rule.kind == "finally" and history.status is None:
                continue
            try:
                holds = rule.condition.evaluate(data)
            except ExpressionError as exc:
                yield Violation(rule.name, f"it cannot be evaluated: {exc}")
                continue
            if holds is (rule.kind == "never"):
                yield Violation(rule.name, "it holds" if rule.kind == "never" else "it does not hold")

    def vacuous(self, operations: frozenset[str], catalog: Catalog) -> Iterator[str]:
        """Yield the rules that speak of an operation that never took effect on any path.

        Args:
            operations: those that did.
            catalog: all that there are.
        """
        for rule in self.rules:
            texts = {one or other for one, other in _TEXTS.findall(rule.condition.source)}
            if any(text in catalog.operations and text not in operations for text in texts):
                yield rule.name

    def _data(self, history: History) -> dict[str, Any]:
        state = {name: {} for name in self._steps} | dict(history.values)
        return {
            "effects": [_effect(each) for each in history.effects],
            "decisions": [{name: each[name] for name in _DECISION} for each in history.decisions],
            "state": state,
            "input": history.input,
            "run": {"status": history.status or "running"},
        }


def _effect(effect: Any) -> dict[str, Any]:
    told: dict[str, Any] = effect._asdict()
    told["step"] = told.pop("path")
    return told
