import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from examples.shop.demo import SCRIPT
from examples.shop.processes import scripted_model
from examples.shop.scripted_model import Script, create, read
from planner.clock import SystemClock
from planner.decisions import Brief, Offered, Question
from planner.model import prompts
from planner.model.adapter import Model
from planner.settings import ModelSettings

FORM = {"type": "object", "properties": {"order_id": {"type": "string"}, "message": {"type": "string"}}}


def question(point: str, *offered: str, goal: str = "order o-1001 is late") -> Question:
    options = tuple(Offered(id=option) for option in offered)
    return Question(point=point, question="What now?", goal=goal, options=options)


def script(rules: dict[str, Any]) -> TestClient:
    return TestClient(create(Script.model_validate(rules)))


def ask(client: TestClient, asked: Question) -> tuple[int, dict[str, Any]]:
    offered = [option.id for option in asked.available]
    schema = {"json_schema": {"schema": prompts.choice_schema(offered)}}
    body = {"messages": list(prompts.choose(asked).messages), "response_format": schema}
    answer = client.post("/v1/chat/completions", json=body)
    return answer.status_code, answer.json()


def chosen(client: TestClient, asked: Question) -> str:
    _, body = ask(client, asked)
    return str(orjson.loads(body["choices"][0]["message"]["content"])["choice"])


def test_the_first_option_that_is_offered_is_chosen():
    client = script({"choices": {"w/s": [{"choose": ["a", "b", "c"], "reason": "r"}]}})
    assert chosen(client, question("w/s", "c", "b")) == "b"


def test_a_rule_reads_the_data_and_not_the_options():
    rules = [
        {"choose": ["a"], "when": "late-order", "reason": "r"},
        {"choose": ["late-order"], "reason": "r"},
    ]
    client = script({"choices": {"w/s": rules}})
    assert chosen(client, question("w/s", "a", "late-order", goal="anything")) == "late-order"
    assert chosen(client, question("w/s", "a", "late-order", goal="a late-order, please")) == "a"


def test_every_answer_says_that_it_is_scripted():
    client = script({"choices": {"w/s": [{"choose": ["a"], "reason": "r"}]}})
    _, body = ask(client, question("w/s", "a"))
    assert (body["model"], body["system_fingerprint"]) == ("scripted-demo", "scripted")
    assert client.get("/v1/models").json()["data"][0]["id"] == "scripted-demo"


@pytest.mark.parametrize("asked", [question("w/other", "a"), question("w/s", "z")])
def test_what_the_script_does_not_answer_is_refused_by_name(asked):
    client = script({"choices": {"w/s": [{"choose": ["a"], "reason": "r"}]}})
    status, body = ask(client, asked)
    assert (status, body["error"]["code"]) == (400, "unscripted")
    assert asked.point in body["error"]["message"]


def test_a_request_without_messages_is_refused():
    answer = script({"choices": {}}).post("/v1/chat/completions", json={"messages": []})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_the_real_client_is_answered_over_the_real_wire():
    async def talk(base_url: str) -> tuple[Any, Any, Any]:
        config = ModelSettings(name="scripted-demo", base_url=base_url, api_key=SecretStr("scripted"))
        async with Model(config, clock=SystemClock()) as model:
            routed = await model.choose(question("goal/route", "checkout", "late-order", "none"))
            filled = await model.fill(
                Brief("Customer of order o-1001 complains that it is late: settle it", FORM)
            )
            unscripted = await model.choose(question("w/nobody", "a", "b"))
        return routed, filled, unscripted

    with scripted_model(SCRIPT) as address:
        routed, filled, unscripted = asyncio.run(talk(f"{address}/v1"))
    assert (routed.outcome_class, routed.choice) == ("ok", "late-order")
    assert routed.model.system_fingerprint == "scripted"
    assert filled.value == {"order_id": "o-1001", "message": "The order is late."}
    assert unscripted.outcome_class == "rejected"


def test_values_are_found_in_the_goal_and_the_rest_is_null():
    client = script({"choices": {}, "fill": [{"when": "order", "find": {"order_id": "o-[0-9]+"}}]})
    prompt = prompts.fill(Brief("settle order o-77", FORM))
    schema = {"json_schema": {"schema": FORM}}
    body = {"messages": list(prompt.messages), "response_format": schema}
    answer = client.post("/v1/chat/completions", json=body).json()
    content = orjson.loads(answer["choices"][0]["message"]["content"])
    assert content == {"order_id": "o-77", "message": None}


def test_the_demo_s_script_can_be_read():
    assert "late-order/resolve" in read(Path(SCRIPT)).choices
