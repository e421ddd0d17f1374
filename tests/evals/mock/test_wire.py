"""Real clients over a real socket: OpenAI's, httpx, and the planner itself."""

import asyncio
import json
import socket

import httpx
import openai
import pytest

from evals.errors import AddressTaken
from evals.mock import wire
from evals.mock.cli import bind

CASE = """
model:
  how: [{choose: card, reason: It is cheap.}, {fault: reset}]
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.hold: {status: 204}
  bank.charge: [{fault: reset, applied: true}, {fault: timeout, applied: false}]
expect: {status: succeeded}
"""
MESSAGES = [{"role": "user", "content": "Decision point: pay/how\nCard or later?"}]


def over_the_wire(front, use):
    async def run():
        with bind("127.0.0.1", 0) as listening:
            async with wire.serving(listening, front.answer):
                await use(f"http://127.0.0.1:{listening.getsockname()[1]}/small/one-case")

    asyncio.run(run())


def test_the_client_of_openai_reads_a_choice_and_meets_a_reset(front):
    async def use(base):
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{base}/model/v1", max_retries=0) as client:
            said = await client.chat.completions.create(model="m", messages=MESSAGES)
            assert json.loads(said.choices[0].message.content)["choice"] == "card"
            assert said.system_fingerprint == "scripted"
            with pytest.raises(openai.APIConnectionError):
                await client.chat.completions.create(model="m", messages=MESSAGES)
            with pytest.raises(openai.BadRequestError, match="'where'"):
                await client.chat.completions.create(model="m", messages=[], metadata={"point": "where"})

    over_the_wire(front(CASE), use)


def test_a_plain_client_keeps_its_connection_over_several_answers(front):
    async def use(base):
        async with httpx.AsyncClient(base_url=f"{base}/services/bank") as client:
            looked = await client.post("/looks", json={"order": "o-1"})
            held = await client.post("/holds", json={"order": "o-1"}, headers={"idempotency-key": "k-1"})
            state = (await client.get(base)).json()
        assert (looked.status_code, looked.json()) == (200, {"id": "l-1", "amount": 1})
        assert (held.status_code, held.content) == (204, b"")
        assert [each["key"] for each in state["asked"]] == [None, "k-1"]

    over_the_wire(front(CASE), use)


def test_a_reset_and_a_silence_are_what_the_client_meets(front):
    async def use(base):
        body = {"order": "o-1", "amount": 5.0}
        async with httpx.AsyncClient(base_url=f"{base}/services/bank") as client:
            with pytest.raises(httpx.TransportError):
                await client.post("/charges", json=body)
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/charges", json=body, timeout=httpx.Timeout(5, read=0.05))

    over_the_wire(front(CASE), use)


def test_a_body_in_chunks_a_head_request_and_rubbish_are_met(front):
    async def chunks():
        yield b'{"order":'
        yield b'"o-1"}'

    async def use(base):
        async with httpx.AsyncClient(base_url=f"{base}/services/bank") as client:
            headers = {"content-type": "application/json", "expect": "100-continue"}
            looked = await client.post("/looks", content=chunks(), headers=headers)
            assert looked.status_code == 200
            assert (await client.head("/nowhere")).content == b""
        url = httpx.URL(base)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"rubbish\r\n\r\n")
        assert await reader.read() == b""
        writer.close()

    over_the_wire(front(CASE), use)


def test_an_address_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AddressTaken, match="tell --port"):
        bind("127.0.0.1", taken.getsockname()[1])
