import asyncio
import json

import httpx2

from planner.faults import faulty
from planner.faults.faulty import Fault

ASKED = {
    "model": "m",
    "response_format": {"json_schema": {"schema": {"properties": {"choice": {"enum": ["a", "b"]}}}}},
}


def ask(*faults, forever=False, times=3):
    async def main():
        async with httpx2.AsyncClient() as client, faulty.endpoint(faults, forever=forever) as endpoint:
            url = f"{endpoint.base_url}/chat/completions"
            answers = [await client.post(url, json=ASKED) for _ in range(times)]
            return [answer.status_code for answer in answers], answers[-1], endpoint.requests

    return asyncio.run(main())


def broken(status):
    return Fault("made up", "status", "unavailable", faulty.fixed(faulty.error(status)))


def test_faults_come_one_after_the_other_and_then_good_answers():
    statuses, last, requests = ask(broken(500), broken(503))
    assert statuses == [500, 503, 200]
    assert json.loads(last.json()["choices"][0]["message"]["content"])["choice"] == "a"
    assert requests == [ASKED] * 3


def test_the_last_fault_may_stay():
    assert ask(None, broken(500), forever=True)[0] == [200, 500, 500]


def test_parts_of_a_completion_can_be_changed_or_taken_away():
    body = faulty.completion(ASKED, "x", model="other", usage=..., finish_reason=None).split(b"\r\n\r\n", 1)[
        1
    ]
    told = json.loads(body)
    assert told["model"] == "other"
    assert "usage" not in told
    assert told["choices"][0]["finish_reason"] is None
    assert json.loads(faulty.payload(ASKED, reason=...)) == {"choice": "a", "confidence": 0.8}


def test_what_hangs_is_ended_with_the_endpoint():
    async def main():
        hanging = Fault("hang", "transport", "timeout", faulty.hang)
        async with httpx2.AsyncClient() as client, faulty.endpoint([hanging]) as endpoint:
            post = client.post(f"{endpoint.base_url}/chat/completions", json=ASKED)
            task = asyncio.create_task(post)
            await asyncio.sleep(0.1)
        return await asyncio.gather(task, return_exceptions=True)

    assert isinstance(asyncio.run(asyncio.wait_for(main(), 5))[0], httpx2.TransportError)
