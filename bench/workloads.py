"""Workloads: what ours and the peers are given to do, and the operations that do nothing about it.

W: 20 calls to an in-process function that does nothing, with about 600 bytes of state. W1: one such call.
WG: 200 calls that each bring 200 new bytes. Slow W: as W, with calls that take about 10 ms.
"""

import asyncio
from typing import Any

from planner.definition import Workflow
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import EffectClass, FunctionBinding, Operation

STEPS, BYTES = 20, 600
GROWING_STEPS, GROWING_BYTES = 200, 200
SLOW_SECONDS = 0.01
INPUT = {"text": ("The parcel is five days late and the customer asked for the money. " * 9)[:BYTES]}

_GIVEN = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "text": {"type": "string"}},
    "required": ["n", "text"],
    "additionalProperties": False,
}
_NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def nothing(n: int, text: str) -> dict[str, Any]:
    """Answer at once."""
    return {"n": n, "text": text}


async def slowly(n: int, text: str) -> dict[str, Any]:
    """Answer after as long as a service takes."""
    await asyncio.sleep(SLOW_SECONDS)
    return {"n": n, "text": text}


async def grow(n: int) -> dict[str, Any]:
    """Answer with new bytes."""
    return {"item": f"{n:0{GROWING_BYTES}d}"}


def catalog(effect: EffectClass = "read") -> Catalog:
    """Return the operations; what does nothing changes nothing, so it is a `read` unless told otherwise."""
    given: dict[str, dict[str, Any]] = {"nothing": _GIVEN, "slowly": _GIVEN, "grow": _NUMBER}
    found = [_operation(name, schema, effect) for name, schema in given.items()]
    service = Service(name="bench", max_concurrency=100_000)
    return Catalog({operation.name: operation for operation in found}, {"bench": service})


def straight(name: str, steps: int = STEPS, operation: str = "nothing") -> Workflow:
    """Return a straight line of calls, each fed by the one before: W, W1 or slow W."""
    made: dict[str, Any] = {"s0": {"call": f"bench.{operation}", "with": {"n": 0, "text": "${input.text}"}}}
    for n in range(1, steps):
        made[f"s{n}"] = {"call": f"bench.{operation}", "with": {"n": n, "text": f"${{s{n - 1}.text}}"}}
    return _workflow(name, made, {"n": f"${{s{steps - 1}.n}}"})


def growing(steps: int = GROWING_STEPS) -> Workflow:
    """Return WG."""
    made = {f"s{n}": {"call": "bench.grow", "with": {"n": n}} for n in range(steps)}
    return _workflow("wg", made, {"last": f"${{s{steps - 1}.item}}"})


def each(items: int) -> Workflow:
    """Return one call for each of many items, then a wait."""
    grow = {"grow": {"call": "bench.grow", "with": {"n": "${item}"}}}
    made = {
        "list": {"set": {"items": list(range(items))}},
        "all": {"foreach": "list.items", "concurrency": 100, "steps": grow},
        "pause": {"wait": "P30D"},
    }
    return _workflow("each", made, {})


def _workflow(name: str, steps: dict[str, Any], output: dict[str, Any]) -> Workflow:
    return Workflow.model_validate({"workflow": name, "version": "1.0.0", "steps": steps, "output": output})


def _operation(name: str, given: dict[str, Any], effect: EffectClass) -> Operation:
    return Operation(
        name=f"bench.{name}",
        service="bench",
        effect=effect,
        effect_source="declared",
        input=given,
        binding=FunctionBinding(target=f"bench.workloads:{name}"),
    )
