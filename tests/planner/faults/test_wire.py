import asyncio
from functools import partial

import httpx2
import pytest
from pydantic import SecretStr

from planner.faults import cases, suite, wire
from planner.model.adapter import Model
from planner.settings import ModelSettings
from planner.testing import FrozenClock

FAULTS = {fault.name: fault for fault in cases.every()}


def sent(fault):
    request = httpx2.Request("POST", "http://model.invalid/v1/chat/completions", json={})
    return asyncio.run(wire.respond(fault, request))


async def chosen(fault):
    config = ModelSettings(
        base_url="http://model.invalid/v1",
        name="m",
        api_key=SecretStr(suite.KEY),
        deadline_seconds=0.4 if fault.slow else 5.0,
        backend=fault.backend,
    )
    transport = httpx2.MockTransport(partial(wire.respond, fault))
    async with Model(config, clock=FrozenClock(), transport=transport) as model:
        return await model.choose(suite.QUESTION)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_comes_to_its_class_without_a_socket(name):
    fault = FAULTS[name]

    answer = asyncio.run(chosen(fault))

    assert answer.outcome_class == fault.outcome_class
    assert fault.anomaly is None or fault.anomaly in answer.anomalies


def test_a_redirect_names_a_host_that_nobody_can_reach():
    response = sent(FAULTS["http_307_elsewhere"])

    assert response.headers["location"] == "http://stranger.invalid/v1/chat/completions"


def test_a_body_that_breaks_off_is_an_error_of_the_wire():
    with pytest.raises(httpx2.RemoteProtocolError):
        sent(FAULTS["body_short"])
