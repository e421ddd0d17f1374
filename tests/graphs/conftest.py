"""A small world for the engine: operations of every effect class, and runs kept in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from graphs import compile as compiling
from graphs import driver
from graphs.runner import Ended
from graphs.testing import Bench, ScriptedCaller, ScriptedDecider
from planner.decisions import Answer
from planner.definition import Workflow
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import EffectClass, FunctionBinding, Operation, Reconcile, Retry, Undo
from tools.outcomes import Outcome

QUICK = Retry(attempts=2, initial="PT0.1S", jitter=False)


def operation(name: str, effect: EffectClass, **more: Any) -> Operation:
    fields: dict[str, Any] = {
        "name": name,
        "service": name.split(".", maxsplit=1)[0],
        "effect": effect,
        "effect_source": "declared",
        "retry": QUICK,
        "binding": FunctionBinding(target="nowhere:nothing"),
    }
    return Operation(**fields | more)


CATALOG = Catalog(
    {
        each.name: each
        for each in (
            operation("shop.look", "read"),
            operation("shop.find", "read"),
            operation("shop.mark", "idempotent"),
            operation("shop.reserve", "keyed", undo=Undo(call="shop.release", with_={"id": "${output.id}"})),
            operation("shop.release", "idempotent"),
            operation(
                "shop.pay",
                "write",
                undo=Undo(call="shop.refund", with_={"id": "${output.id}"}),
                reconcile=Reconcile(
                    call="shop.find",
                    with_={"order": "${input.order}"},
                    applied_when="${size(found.items) > 0}",
                    output="${found.items[0]}",
                ),
            ),
            operation("shop.refund", "idempotent"),
            operation("shop.blind", "write"),
            operation("shop.mail", "irreversible"),
            operation("other.look", "read"),
        )
    },
    {name: Service(name=name) for name in ("shop", "other")},
)

Script = Mapping[str, Sequence[Outcome | BaseException]]


class World:
    """Builds a bench from YAML and runs it."""

    def __init__(self, execute: Any) -> None:
        self.execute = execute

    def bench(
        self,
        steps: str,
        script: Script | None = None,
        model: Mapping[str, str | Answer] | None = None,
        given: Any = None,
        **more: Any,
    ) -> Bench:
        workflow = Workflow.model_validate({"workflow": "test", "steps": yaml.safe_load(steps)} | more)
        return Bench(
            workflow,
            CATALOG,
            ScriptedCaller(script or {}),
            ScriptedDecider(model or {}),
            input=given,
            execute=self.execute,
        )

    def run(self, bench: Bench) -> Ended:
        return asyncio.run(bench.once())


@pytest.fixture(params=["driver", "langgraph"])
def world(request: pytest.FixtureRequest) -> World:
    return World(driver.execute if request.param == "driver" else compiling.execute)


@pytest.fixture
def catalog() -> Catalog:
    return CATALOG
