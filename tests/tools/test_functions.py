"""Python functions as operations."""

import sys
from textwrap import dedent

import pytest

from tools import functions, schemas
from tools.errors import CatalogInvalid

SOURCE = '''
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class Item(BaseModel):
    sku: str
    quantity: int = 1


@dataclass
class Receipt:
    id: str
    at: datetime


async def send(
    to: str,
    items: list[Item],
    *,
    model_size: Annotated[int, Field(gt=0)] = 3,
    _note: str | None = None,
    idempotency_key: str | None = None,
) -> Receipt:
    """Send a mail.

    At once.
    """


def queue(body: dict[str, Any], token: str) -> None: ...
def unhinted(a, b=2): ...
def open_ended(a: int, **rest: int): ...
def positional(a, /, *rest): ...
def unknown_hint(a: NoSuch): ...
def no_json(a: Exception): ...
def no_json_answer() -> Exception: ...


class Box:
    @staticmethod
    def put(kind: Literal["a", "b"] = "a") -> list[Item]: ...


class Callable_:
    def __call__(self, a: int) -> int: ...


called = Callable_()
number = 3
'''


@pytest.fixture(autouse=True)
def _module(tmp_path, monkeypatch):
    (tmp_path / "desk_functions.py").write_text(dedent(SOURCE))
    (tmp_path / "desk_broken.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("desk_functions", None)


def describe(name, **options):
    return functions.describe(f"desk_functions:{name}", service="desk", name="do", **options)


def complaint(target, **options):
    with pytest.raises(CatalogInvalid) as caught:
        functions.describe(target, service="desk", name="do", **options)
    return caught.value.problems


def test_a_function_is_an_operation_with_the_cautious_effect():
    operation = describe("send")
    assert (operation.name, operation.service, operation.summary) == ("desk.do", "desk", "Send a mail.")
    assert (operation.effect, operation.effect_source) == ("write", "default")
    assert operation.binding.target == "desk_functions:send"


def test_the_input_is_closed_and_knows_what_is_required():
    schema = describe("send").input
    assert schema["required"] == ["to", "items"]
    assert schemas.valid(schema, {"to": "a", "items": [{"sku": "s"}], "_note": None, "model_size": 1})
    codes = {
        found.path: found.code
        for found in schemas.problems(schema, {"to": 1, "items": [{}], "model_size": 0, "too": 1})
    }
    assert codes["/to"] == "wrong-type"
    assert codes["/items/0/sku"] == "missing-field"
    assert codes["/model_size"] == "out-of-range"
    assert codes["/too"] == "unknown-field"


def test_the_argument_for_the_idempotency_key_is_no_part_of_the_input():
    operation = describe("send")
    assert "idempotency_key" not in operation.input["properties"]
    assert operation.key_header == "idempotency_key"


def test_another_argument_may_carry_the_key():
    operation = describe("queue", key_argument="token")
    assert list(operation.input["properties"]) == ["body"]
    assert operation.key_header == "token"


def test_the_output_is_what_the_function_returns_as_json():
    output = describe("send").output
    assert schemas.valid(output, {"id": "a", "at": "2024-01-31T10:00:00Z"})
    assert not schemas.valid(output, {"id": 1})
    assert describe("queue").output == {"type": "null"}
    assert describe("unhinted").output is None


def test_arguments_without_hints_take_anything():
    schema = describe("unhinted").input
    assert schema["required"] == ["a"]
    assert schemas.valid(schema, {"a": [1], "b": None})


def test_further_keyword_arguments_leave_the_input_open():
    assert schemas.valid(describe("open_ended").input, {"a": 1, "more": 2})


def test_a_static_method_or_an_object_that_can_be_called_is_a_function():
    assert describe("Box.put").input["properties"]["kind"]["enum"] == ["a", "b"]
    assert describe("called").input["required"] == ["a"]


def test_arguments_by_position_only_are_all_named():
    found = complaint("desk_functions:positional")
    assert [problem.code for problem in found] == ["bad-signature", "bad-signature"]


@pytest.mark.parametrize("name", ["unknown_hint", "no_json", "no_json_answer"])
def test_a_hint_without_a_json_form_is_a_problem(name):
    (found,) = complaint(f"desk_functions:{name}")
    assert found.code == "bad-signature"
    assert name in found.message


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("no colon", "bad-target"),
        ("os.system", "bad-target"),
        ("no_such_module_here:f", "unknown-module"),
        ("desk_broken:f", "unknown-module"),
        ("desk_functions:number", "unknown-function"),
        ("desk_functions:Box.take", "unknown-function"),
    ],
)
def test_a_target_that_is_no_function_is_a_problem(target, code):
    assert complaint(target)[0].code == code


def test_a_misspelt_function_gets_the_nearest_name():
    assert "'send'" in complaint("desk_functions:sned")[0].remedy


def test_load_gives_the_function_itself():
    assert functions.load("desk_functions:send").__name__ == "send"
