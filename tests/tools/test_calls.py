import asyncio
import contextvars
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import BaseModel

from tools import calls
from tools.access import Service
from tools.catalog import Catalog
from tools.failures import InDoubt, NotSent, Rejected
from tools.functions import describe
from tools.services import Services

VISITOR = contextvars.ContextVar("visitor", default="nobody")
GATE = threading.Event()
THREADS = []


class Order(BaseModel):
    sku: str
    when: date


@dataclass
class Receipt:
    total: Decimal
    at: datetime


class OutOfStock(Exception):
    planner_outcome = "rejected"


def buy(order: Order, count: int = 1) -> Receipt:
    THREADS.append(threading.current_thread())
    return Receipt(Decimal("9.50") * count, datetime.combine(order.when, datetime.min.time(), UTC))


async def find(sku: str) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"sku": sku, "visitor": VISITOR.get()}


def visitor() -> str:
    return VISITOR.get()


def fail(how: str) -> None:
    errors = {
        "rejected": Rejected("no such order", code="absent", status=404),
        "not_sent": NotSent("busy", retry_after=3),
        "in doubt": InDoubt("lost the line"),
        "own": OutOfStock("none left"),
        "plain": ValueError("bad\x1b[2J value"),
        "time": TimeoutError("theirs, not ours"),
    }
    raise errors[how]


async def fail_async(how: str) -> None:
    fail(how)


def leave() -> None:
    raise SystemExit(3)


def hang() -> None:
    GATE.wait(5)


async def hang_async() -> None:
    await asyncio.sleep(5)


def strange():
    return object()


def wrong() -> int:
    return "seven"


def pay(amount: int, *, idempotency_key: str) -> str:
    return f"{amount} under {idempotency_key}"


def operation(function, **changes):
    described = describe(f"{__name__}:{function.__name__}", service="here", name=function.__name__)
    return described.model_copy(update=changes)


def call(function, arguments=None, *, key=None, timeout=None, **changes):
    async def main():
        async with Services(Catalog({}, {"here": Service(name="here")}), secret=lambda _: None) as services:
            return await services.call(
                operation(function, **changes), arguments or {}, key=key, timeout=timeout
            )

    return asyncio.run(main())


def found(outcome):
    return outcome.kind, outcome.code


def test_arguments_become_the_types_of_the_hints_and_answers_become_json():
    outcome = call(buy, {"order": {"sku": "a", "when": "2026-01-02"}, "count": 2})
    assert outcome.kind == "applied", outcome.error
    assert outcome.output == {"total": "19.00", "at": "2026-01-02T00:00:00Z"}


def test_a_sync_function_runs_in_a_thread_of_its_own():
    THREADS.clear()
    call(buy, {"order": {"sku": "a", "when": "2026-01-02"}})
    assert THREADS[0] is not threading.main_thread()
    assert THREADS[0].daemon


def test_functions_see_the_context_of_their_caller():
    token = VISITOR.set("ann")
    try:
        assert call(find, {"sku": "a"}).output == {"sku": "a", "visitor": "ann"}
        assert call(visitor).output == "ann"
    finally:
        VISITOR.reset(token)


@pytest.mark.parametrize("function", [fail, fail_async])
@pytest.mark.parametrize(
    ("how", "kind", "code"),
    [
        ("rejected", "rejected", "absent"),
        ("not_sent", "not_sent", None),
        ("in doubt", "unknown", None),
        ("own", "rejected", None),
        ("plain", "unknown", None),
        ("time", "unknown", None),
    ],
)
def test_an_exception_says_its_class_or_leaves_the_effect_unknown(function, how, kind, code):
    outcome = call(function, {"how": how}, effect="read")
    assert found(outcome) == (kind, code or "exception")
    assert outcome.error.isprintable()


def test_a_failure_hands_on_its_status_and_pause():
    assert call(fail, {"how": "rejected"}).status == 404
    assert call(fail, {"how": "not_sent"}).retry_after == 3


def test_a_function_that_ends_its_thread_leaves_the_effect_unknown():
    assert found(call(leave)) == ("unknown", "exception")


@pytest.mark.parametrize("function", [hang, hang_async])
def test_a_function_that_outlives_its_time_is_not_waited_for(function):
    GATE.clear()
    began = time.monotonic()
    outcome = call(function, timeout=timedelta(milliseconds=100))
    GATE.set()
    assert found(outcome) == ("unknown", "timeout")
    assert time.monotonic() - began < 30


def test_a_thread_that_outlives_its_time_keeps_its_slot_until_it_ends():
    async def main():
        GATE.clear()
        catalog = Catalog({}, {"here": Service(name="here", max_concurrency=1)})
        async with Services(catalog, secret=lambda _: None) as services:
            short = timedelta(milliseconds=50)
            first = await services.call(operation(hang), {}, timeout=short)
            second = await services.call(operation(visitor), {}, timeout=short)
            GATE.set()
            third = await services.call(operation(visitor), {})
            return found(first), found(second), third.kind, services.health()[0].in_flight

    assert asyncio.run(main()) == (("unknown", "timeout"), ("not_sent", "busy"), "applied", 0)


@pytest.mark.parametrize("arguments", [{}, {"order": 5}, {"order": {"sku": "a"}}, {"order": {}, "x": 1}])
def test_arguments_against_the_signature_are_not_sent(arguments):
    THREADS.clear()
    outcome = call(buy, arguments)
    assert found(outcome) == ("not_sent", "arguments")
    assert THREADS == []


def test_a_misfit_that_only_the_hint_knows_is_not_sent():
    outcome = call(buy, {"order": {"sku": "a", "when": "someday"}}, input={"type": "object"})
    assert found(outcome) == ("not_sent", "arguments")
    assert outcome.error.startswith("here.buy was not called: order: ")


def test_an_answer_without_a_json_form_or_against_its_hint_is_bad():
    assert found(call(strange)) == ("applied_bad", "body")
    assert found(call(wrong)) == ("applied_bad", "schema")


def test_the_check_holds_for_functions_too():
    assert found(call(find, {"sku": "a"}, check="output.sku == 'b'")) == ("applied_bad", "check")


def test_a_keyed_function_receives_its_key():
    assert call(pay, {"amount": 5}, key="k-1", effect="keyed").output == "5 under k-1"


def test_a_keyed_function_that_takes_no_key_is_not_called():
    outcome = call(buy, {"order": {"sku": "a", "when": "2026-01-02"}}, key="k-1", effect="keyed")
    assert found(outcome) == ("not_sent", "arguments")
    assert "idempotency_key" in outcome.error


def test_a_function_that_is_not_there_is_not_called():
    binding = operation(visitor).binding.model_copy(update={"target": "nowhere.at_all:f"})
    outcome = call(visitor, binding=binding)
    assert found(outcome) == ("not_sent", "arguments")
    assert "nowhere" in outcome.error


def test_a_callable_object_is_called():
    class Greeter:
        async def __call__(self, name: str) -> str:
            return f"hello {name}"

    async def main():
        return await calls.Call(Greeter(), {"name": "ann"}).start()

    assert asyncio.run(main()).value == "hello ann"
