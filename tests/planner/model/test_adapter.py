import asyncio
import json
import ssl
import time
from datetime import timedelta

import httpx2
import pytest
from pydantic import SecretStr

from planner.clock import SystemClock
from planner.decisions import Brief, Offered, Question, digest
from planner.definition import Allowance
from planner.faults import faulty
from planner.faults.faulty import Fault, error, fixed
from planner.model import adapter, prompts
from planner.model.adapter import Model, NoModel
from planner.settings import ModelSettings
from planner.testing import FrozenClock, ScriptedModel

TLS = ssl.create_default_context()
KEY = "sk-a-very-secret-key"
QUESTION = Question(
    point="late-order/resolve",
    question="How should this customer be made whole?",
    goal="Settle the complaint.",
    given={"message": "Where is it?"},
    options=(
        Offered(id="refund", means="Pay it back."),
        Offered(id="wait", available=False, excluded_by="its guard is false"),
        Offered(id="reship", means="Send it again."),
    ),
)
SCHEMA = {
    "type": "object",
    "required": ["order_id"],
    "properties": {"order_id": {"type": "string"}, "amount": {"type": "number"}},
}


def scripted(answers, **config):
    return ScriptedModel({QUESTION.point: answers, prompts.FILL_POINT: answers}, **config)


def with_model(use, *, transport, clock=None, **config):
    async def main():
        told = {"base_url": "http://model.test/v1", "name": "m", "api_key": SecretStr(KEY), **config}
        ticking = clock or FrozenClock()
        async with Model(ModelSettings(**told), clock=ticking, transport=transport) as opened:
            return await use(opened)

    return asyncio.run(main())


def choose(answers, question=QUESTION, **config):
    double = scripted(answers)
    answer = with_model(lambda m: m.choose(question), transport=double.transport(), **config)
    return answer, double.script.requests


def fill(answers, schema=SCHEMA, **config):
    double = scripted(answers)
    return with_model(
        lambda m: m.fill(Brief("refund order 7", schema)), transport=double.transport(), **config
    )


def served(*faults, forever=False, seconds=5.0, clock=None, question=QUESTION, **config):
    async def main():
        inner = httpx2.AsyncHTTPTransport(verify=TLS)
        async with inner, faulty.endpoint(faults, forever=forever) as endpoint:
            told = ModelSettings(base_url=endpoint.base_url, name="m", deadline_seconds=seconds, **config)
            async with Model(told, clock=clock or FrozenClock(), transport=inner) as opened:
                return await opened.choose(question), endpoint.requests

    return asyncio.run(main())


def fault(serve):
    return Fault("made up", "status", "rejected", serve)


def test_a_choice_comes_with_its_reason_confidence_tokens_and_model():
    answer, requests = choose([{"choose": "reship", "reason": "It is lost.", "confidence": 0.8}])
    assert (answer.outcome_class, answer.choice, answer.reason) == ("ok", "reship", "It is lost.")
    assert answer.confidence is not None
    assert (answer.confidence.value, answer.confidence.source) == (0.8, "stated")
    assert answer.usage.input > 0
    assert answer.usage.output > 0
    assert answer.model is not None
    assert answer.model.system_fingerprint == "scripted"
    assert answer.model.host == "model.test"
    assert answer.model.prompt == "choose/1"
    assert answer.model.request_sha256 == digest(requests[0])
    assert [attempt.n for attempt in answer.attempts] == [1]


def test_exactly_the_available_options_are_offered_on_the_wire():
    _, requests = choose(["refund"])
    wanted = requests[0]["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert wanted["schema"]["properties"]["choice"]["enum"] == ["refund", "reship"]
    assert wanted["schema"]["additionalProperties"] is False
    assert "stream" not in requests[0]
    assert "temperature" not in requests[0]


def test_an_option_that_is_excluded_now_cannot_be_chosen():
    answer, requests = choose(["wait", "wait", "wait"])
    assert (answer.outcome_class, answer.choice) == ("invalid", None)
    assert 1 <= len(requests) <= 3
    assert "refund, reship" in (answer.attempts[-1].error or "")


def test_an_invalid_answer_is_asked_for_again():
    answer, _ = choose([{"content": "I would refund."}, "refund"])
    assert (answer.outcome_class, answer.choice) == ("ok", "refund")
    assert [attempt.outcome_class for attempt in answer.attempts] == ["invalid", "ok"]


def test_tokens_of_every_attempt_are_counted():
    once, _ = choose(["refund"])
    twice, _ = choose([{"content": "x"}, "refund"])
    assert twice.usage.input == 2 * once.usage.input


def test_a_cut_answer_is_asked_for_once_more_with_more_room():
    answer, requests = choose([{"choose": "refund", "finish_reason": "length"}] * 3)
    assert answer.outcome_class == "truncated"
    assert [request["max_completion_tokens"] for request in requests] == [2000, 8000]


def test_the_question_may_be_stricter_than_the_settings_but_not_laxer():
    strict = QUESTION.model_copy(update={"max_attempts": 1})
    assert len(choose([{"content": "x"}] * 5, strict)[1]) == 1
    lax = QUESTION.model_copy(update={"max_attempts": 5})
    assert len(choose([{"content": "x"}] * 5, lax, max_attempts=2)[1]) == 2


def test_the_deadline_holds_over_all_attempts_and_pauses():
    began = time.perf_counter()
    rate_limited = fixed(error(429, retry_after="0.2"))
    answer, requests = served(
        fault(rate_limited), forever=True, seconds=0.5, max_attempts=20, clock=SystemClock()
    )
    assert time.perf_counter() - began < 30
    assert answer.outcome_class == "rate_limited"
    assert len(requests) in {2, 3}  # a third fits unless the machine is slow


def test_a_pause_that_would_pass_the_deadline_is_not_begun():
    clock = FrozenClock()
    answer, requests = served(fault(fixed(error(503, retry_after="90"))), clock=clock, forever=True)
    assert answer.outcome_class == "unavailable"
    assert answer.attempts[0].retry_after_ms == 90_000
    assert len(requests) == 1
    assert clock.slept == []


def test_a_shorter_pause_that_the_server_asks_for_is_kept():
    clock = FrozenClock()
    answer, _ = served(fault(fixed(error(429, retry_after="2"))), clock=clock)
    assert answer.outcome_class == "ok"
    assert clock.slept == [2.0]


def test_a_date_to_retry_after_is_read_by_the_servers_own_clock():
    clock = FrozenClock()
    dates = {"date": "Thu, 01 Jan 2032 00:00:00 GMT", "retry_after": "Thu, 01 Jan 2032 00:00:03 GMT"}
    answer, _ = served(fault(fixed(error(429, **dates))), clock=clock)
    assert answer.outcome_class == "ok"
    assert clock.slept == [3.0]


def test_a_redirect_is_never_followed():
    async def main():
        async with faulty.endpoint([]) as elsewhere:
            there = elsewhere.base_url + "/chat/completions"
            moved = fault(fixed(faulty.http(307, "", location=there)))
            async with faulty.endpoint([moved], forever=True) as endpoint:
                config = ModelSettings(base_url=endpoint.base_url)
                async with Model(config, clock=FrozenClock()) as opened:
                    return await opened.choose(QUESTION), elsewhere.requests

    answer, elsewhere_saw = asyncio.run(main())
    assert answer.outcome_class == "rejected"
    assert "redirect" in (answer.attempts[0].error or "")
    assert elsewhere_saw == []


def test_a_redirect_is_not_followed():
    seen = []

    def handler(request):
        seen.append(request.url.host)
        return httpx2.Response(307, headers={"location": "http://elsewhere.test/v1/chat/completions"})

    async def main():
        config, transport = ModelSettings(base_url="http://model.test/v1"), httpx2.MockTransport(handler)
        async with Model(config, clock=FrozenClock(), transport=transport) as opened:
            return await opened.choose(QUESTION)

    assert asyncio.run(main()).outcome_class == "rejected"
    assert seen == ["model.test"]


def test_a_server_without_json_schema_is_asked_otherwise_and_that_is_remembered():
    refused = {"http": {"status": 400, "json": {"error": {"message": "response_format: no json_schema"}}}}
    double = scripted([refused, "refund", "reship"])

    async def use(opened):
        return await opened.choose(QUESTION), await opened.choose(QUESTION)

    first, second = with_model(use, transport=double.transport())
    assert [answer.choice for answer in (first, second)] == ["refund", "reship"]
    assert [attempt.outcome_class for attempt in first.attempts] == ["rejected", "ok"]
    formats = [request["response_format"]["type"] for request in double.script.requests]
    assert formats == ["json_schema", "json_object", "json_object"]


def test_a_server_that_knows_no_format_at_all_gets_none():
    refused = {"http": {"status": 400, "json": {"error": {"message": "unsupported: response_format"}}}}
    answer, requests = choose([refused, refused, "refund"])
    assert answer.choice == "refund"
    assert "response_format" not in requests[-1]


def test_a_server_that_wants_max_tokens_gets_them():
    told = {
        "message": "Unrecognized request argument: max_completion_tokens",
        "code": "unsupported_parameter",
    }
    answer, requests = choose([{"http": {"status": 400, "json": {"error": told}}}, "refund"])
    assert answer.choice == "refund"
    assert "max_completion_tokens" in requests[0]
    assert requests[1]["max_tokens"] == 2000
    assert "max_completion_tokens" not in requests[1]


def test_a_temperature_is_sent_when_set_and_left_out_when_refused():
    told = {"message": "temperature does not support 0.0 with this model", "code": "unsupported_value"}
    answer, requests = choose([{"http": {"status": 400, "json": {"error": told}}}, "refund"], temperature=0.0)
    assert answer.choice == "refund"
    assert requests[0]["temperature"] == 0.0
    assert "temperature" not in requests[1]


def test_a_refused_prompt_is_not_mistaken_for_a_dialect():
    told = {"message": "maximum context length exceeded; lower max_tokens", "code": "context_length_exceeded"}
    answer, requests = choose([{"http": {"status": 400, "json": {"error": told}}}] * 3)
    assert answer.outcome_class == "rejected"
    assert len(requests) == 1


def test_our_key_never_comes_back_in_an_answer_or_an_error():
    told = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}
    refused, _ = choose([{"http": {"status": 401, "json": told}}])
    repeated, _ = choose([{"choose": "refund", "reason": f"The key is {KEY}."}])
    rubbish, _ = choose([{"content": f"key {KEY}"}] * 3)
    for answer in (refused, repeated, rubbish):
        assert KEY not in answer.model_dump_json()
    assert repeated.reason == "The key is ***."


def test_a_huge_reason_is_cut_and_what_hides_in_it_is_made_visible():
    answer, _ = choose([{"choose": "refund", "reason": "pay \u202e0001\0 \ud800 " + "x" * 5000}])
    assert answer.outcome_class == "ok"
    assert len(answer.reason) <= 2000
    assert answer.reason.startswith("pay \\u202e0001\\u0000 \ufffd x")
    answer.model_dump_json()


def test_an_answer_that_was_mended_says_so_and_is_kept():
    fenced = '```json\n{"reason": "r", "choice": "refund", "confidence": 1}\n```'
    answer, _ = choose([{"content": fenced}])
    assert answer.choice == "refund"
    assert "repaired_fence" in answer.anomalies
    assert answer.raw_output == fenced


def test_a_dated_snapshot_of_the_model_is_no_other_model():
    def respond(name):
        def handler(request):
            request_body = json.loads(request.content)
            body = faulty.completion(request_body, faulty.payload(request_body), model=name)
            return httpx2.Response(200, content=body.split(b"\r\n\r\n", 1)[1])

        return with_model(
            lambda m: m.choose(QUESTION), transport=httpx2.MockTransport(handler), name="gpt-5.4"
        )

    assert respond("gpt-5.4-2026-03-17").anomalies == ()
    assert respond("gpt-5.4-nano").anomalies == ("model_substituted",)


@pytest.mark.parametrize(
    ("raised", "outcome_class"),
    [
        (httpx2.ConnectError("refused"), "unavailable"),
        (httpx2.ConnectTimeout("slow"), "timeout"),
        (httpx2.PoolTimeout("busy"), "timeout"),
        (httpx2.RemoteProtocolError("cut"), "unavailable"),
        (httpx2.DecodingError("rubbish"), "unavailable"),
        (ssl.SSLError("bad handshake"), "unavailable"),
        (OSError("no route"), "unavailable"),
        (TimeoutError(), "timeout"),
        (RuntimeError, None),
    ],
    ids=repr,
)
def test_what_the_transport_raises_becomes_a_class(raised, outcome_class):
    def handler(_request):
        raise raised

    def call():
        return with_model(lambda m: m.choose(QUESTION), transport=httpx2.MockTransport(handler))

    if outcome_class is None:
        with pytest.raises(RuntimeError):
            call()
    else:
        answer = call()
        assert answer.outcome_class == outcome_class
        assert len(answer.attempts) == 3


def test_an_endpoint_that_is_not_there_is_unavailable():
    async def main():
        async with faulty.endpoint([]) as gone:
            address = gone.base_url
        config = ModelSettings(base_url=address)
        async with Model(config, clock=FrozenClock()) as opened:
            return await opened.choose(QUESTION)

    answer = asyncio.run(main())
    assert answer.outcome_class == "unavailable"
    assert len(answer.attempts) == 3


def test_a_server_that_speaks_no_tls_is_unavailable():
    async def greet(_reader, writer):
        writer.write(faulty.http(400))
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        config = ModelSettings(base_url=f"https://127.0.0.1:{port}/v1", deadline_seconds=5)
        async with server, Model(config, clock=FrozenClock()) as opened:
            return await opened.choose(QUESTION)

    assert asyncio.run(main()).outcome_class == "unavailable"


def test_cancelling_is_never_swallowed():
    async def main():
        async with faulty.endpoint([fault(faulty.hang)]) as endpoint:
            config = ModelSettings(base_url=endpoint.base_url)
            async with Model(config, clock=SystemClock()) as opened:
                await cancelled(asyncio.create_task(opened.choose(QUESTION)))

    async def cancelled(task):
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_many_questions_at_once_keep_their_own_answers():
    double = ScriptedModel({f"w/{n}": [{"choose": f"o{n}", "delay": 0.01}] for n in range(20)})

    def question(n):
        return Question(point=f"w/{n}", question="?", options=tuple(Offered(id=f"o{m}") for m in (n, n + 1)))

    async def use(opened):
        return await asyncio.gather(*(opened.choose(question(n)) for n in range(20)))

    answers = with_model(use, transport=double.transport())
    assert [answer.choice for answer in answers] == [f"o{n}" for n in range(20)]


def test_a_model_must_be_opened_first():
    with pytest.raises(RuntimeError, match="opened first"):
        asyncio.run(Model(ModelSettings(), clock=FrozenClock()).choose(QUESTION))


def test_a_question_without_options_is_not_sent():
    answer, requests = choose([], QUESTION.model_copy(update={"options": ()}))
    assert (answer.outcome_class, answer.anomalies, requests) == ("rejected", ("nothing_offered",), [])


def test_values_are_read_out_of_a_goal_and_what_is_not_told_is_left_out():
    filled = fill([{"fill": {"order_id": "7", "amount": None}}])
    assert (filled.outcome_class, filled.value) == ("ok", {"order_id": "7"})
    assert filled.model is not None
    assert filled.model.prompt == "fill/1"


def test_a_schema_without_fields_needs_no_model():
    filled = fill([], {"type": "object"})
    assert (filled.outcome_class, filled.value, filled.attempts) == ("ok", {}, ())


@pytest.mark.parametrize(
    "answer",
    [
        {"fill": {"order_id": "7", "amount": 1, "admin": True}},
        {"fill": {"order_id": "a\0b", "amount": 1}},
        {"content": '{"order_id": "\\ud800", "amount": null}'},
        {"content": '{"order_id": "7", "amount": NaN}'},
        {"content": "[]"},
    ],
    ids=["unasked", "nul", "surrogate", "nan", "array"],
)
def test_values_that_break_the_contract_are_invalid(answer):
    filled = fill([answer] * 3)
    assert (filled.outcome_class, filled.value) == ("invalid", None)
    assert len(filled.attempts) == 3


def test_without_a_model_every_question_says_so():
    async def main():
        async with NoModel() as nobody:
            return await nobody.choose(QUESTION), await nobody.fill(Brief("x", SCHEMA))

    answer, filled = asyncio.run(main())
    assert (answer.outcome_class, answer.anomalies) == ("unavailable", ("no_model_configured",))
    assert (filled.outcome_class, filled.anomalies) == ("unavailable", ("no_model_configured",))


def test_the_settings_say_whether_there_is_a_model():
    clock = FrozenClock()
    assert isinstance(adapter.from_settings(ModelSettings(), clock=clock), NoModel)
    assert isinstance(adapter.from_settings(ModelSettings(base_url="http://h/v1"), clock=clock), Model)
    assert isinstance(adapter.from_settings(ModelSettings(api_key=SecretStr("k" * 20)), clock=clock), Model)


def test_the_environment_of_the_sdk_is_not_sent_along(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-planted")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-planted")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    seen = []

    def handler(request):
        seen.append(request.headers)
        return httpx2.Response(500)

    with_model(
        lambda m: m.choose(QUESTION), transport=httpx2.MockTransport(handler), api_key=None, max_attempts=1
    )
    assert not [value for value in seen[0].values() if "planted" in value]


def test_attempts_are_dated_by_the_clock_that_was_given():
    clock = FrozenClock()
    clock.advance(timedelta(days=1))
    answer, _ = choose(["refund"], clock=clock)
    assert answer.attempts[0].started == clock.now()


def test_a_decisions_endpoint_chooses_by_measured_probabilities():
    answer, requests = choose([{"choose": "refund", "confidence": 0.8}], backend="decisions")
    assert (answer.outcome_class, answer.choice, answer.reason) == ("ok", "refund", "")
    assert answer.probabilities == {"refund": "0.8", "reship": "0.2"}
    assert answer.confidence is not None
    assert (answer.confidence.source, answer.confidence.gates) == ("probabilities", True)
    assert answer.model is not None
    assert (answer.model.backend, answer.model.prompt) == ("decisions", "weigh/1")
    assert [each["value"] for each in requests[0]["questions"][0]["choices"]] == ["refund", "reship"]
    assert "wait" not in json.dumps(requests[0])


def test_a_missing_decisions_endpoint_is_asked_once_and_never_again():
    double = scripted([{"http": {"status": 404, "text": "not here"}}, "refund", "reship"])

    async def use(opened):
        return await opened.choose(QUESTION), await opened.choose(QUESTION)

    first, second = with_model(use, transport=double.transport(), backend="auto")
    assert [each.outcome_class for each in first.attempts] == ["rejected", "ok"]
    assert (first.model.backend, second.model.backend, len(second.attempts)) == ("chat", "chat", 1)
    assert ["questions" in request for request in double.script.requests] == [True, False, False]


def test_more_options_than_a_decisions_endpoint_takes_go_to_chat_or_nowhere():
    many = QUESTION.model_copy(update={"options": tuple(Offered(id=f"o{n}") for n in range(256))})
    answer, requests = choose(["o3"], many, backend="auto")
    assert (answer.choice, "questions" in requests[0]) == ("o3", False)
    answer, requests = choose(["o3"], many, backend="decisions")
    assert (answer.outcome_class, answer.anomalies, requests) == ("rejected", ("options_uncountable",), [])


def test_token_probabilities_make_a_confidence():
    told = {"choose": "reship", "probabilities": {"refund": 0.25, "reship": 0.75}}
    answer, requests = choose([told], logprobs=True)
    assert requests[0]["top_logprobs"] == 20
    assert (answer.choice, answer.probabilities) == ("reship", {"refund": "0.25", "reship": "0.75"})
    assert answer.confidence is not None
    assert (round(answer.confidence.value, 9), answer.confidence.source) == (0.75, "logprobs")
    assert answer.anomalies == ()


def test_a_server_without_token_probabilities_is_not_trusted_for_them():
    answer, _ = choose([{"choose": "reship", "confidence": 0.7}], logprobs=True)
    assert answer.choice == "reship"
    assert answer.confidence is not None
    assert (answer.confidence.source, answer.confidence.gates) == ("stated", False)
    assert answer.anomalies == ("logprobs_unusable",)


def test_a_server_that_refuses_logprobs_is_asked_plainly():
    refused = {"http": {"status": 400, "json": {"error": {"message": "logprobs is not supported"}}}}
    answer, requests = choose([refused, "refund"], logprobs=True)
    assert answer.choice == "refund"
    assert ["logprobs" in request for request in requests] == [True, False]
    assert answer.model is not None
    assert answer.model.prompt == "choose/1"


def test_samples_show_the_options_in_other_orders_and_the_majority_is_taken():
    answer, requests = choose(["reship", "refund", "reship", "reship"], samples=4)
    assert (answer.choice, len(requests), len(answer.attempts)) == ("reship", 4, 4)
    assert answer.confidence is not None
    assert (answer.confidence.value, answer.confidence.source, answer.confidence.gates) == (
        0.75,
        "agreement",
        True,
    )
    assert {each.option_order for each in answer.attempts} == {("refund", "reship"), ("reship", "refund")}
    assert answer.usage.input > 4 * 100


def test_a_first_sample_that_fails_costs_no_others():
    answer, requests = choose([{"message": {"content": None, "refusal": "no"}}] * 5, samples=5)
    assert (answer.outcome_class, len(requests)) == ("refused", 1)


def test_samples_share_the_requests_that_may_be_repeated():
    answer, requests = choose(["refund", *[{"content": "x"}] * 20], samples=3)
    assert len(requests) == 3 + 2
    assert answer.confidence is not None
    assert round(answer.confidence.value, 3) == 0.333
    assert "samples_failed" in answer.anomalies


def test_samples_share_one_deadline():
    began = time.perf_counter()
    slow = [{"choose": "refund"}, *[{"choose": "refund", "delay": 5}] * 4]
    answer, _ = choose(slow, samples=5, deadline_seconds=0.4)
    assert time.perf_counter() - began < 1.5
    assert answer.confidence is not None
    assert (answer.choice, answer.confidence.value) == ("refund", 0.2)


def test_a_models_own_word_gates_only_when_it_is_told_to():
    for gate_on, gates in (((), False), (("stated",), True)):
        answer, _ = choose(["refund"], gate_on=gate_on)
        assert answer.confidence is not None
        assert answer.confidence.gates is gates


def test_an_order_can_be_asked_for():
    answer, requests = choose(["refund"], QUESTION.model_copy(update={"order_seed": 1}))
    assert requests[0]["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"] == [
        "reship",
        "refund",
    ]
    assert answer.choice == "refund"


RUBBISH = {"content": "x"}


def allowed(**allowance):
    return QUESTION.model_copy(update={"allowance": Allowance(**allowance)})


def test_no_more_requests_are_sent_than_a_decision_may_spend():
    answer, requests = choose([RUBBISH, RUBBISH, "refund"], allowed(model_calls=2))

    assert len(requests) == 2
    assert [attempt.outcome_class for attempt in answer.attempts] == ["invalid", "invalid"]
    assert (answer.outcome_class, answer.choice) == ("budget", None)
    assert answer.reason == "what this decision may spend, its 2 model calls are used up"


def test_nothing_is_sent_where_nothing_may_be_spent():
    answer, requests = choose(["refund"], allowed(model_calls=0))

    assert (len(requests), answer.attempts, answer.outcome_class) == (0, (), "budget")


def test_a_dear_answer_is_taken_and_a_dear_failure_ends_the_asking():
    usage = (900, 200)
    answer, _ = choose([{"choose": "refund", "usage": usage}], allowed(tokens=1000))
    assert (answer.outcome_class, answer.choice) == ("ok", "refund")

    failed, requests = choose([{**RUBBISH, "usage": usage}, "refund"], allowed(tokens=1000))
    assert (len(requests), failed.outcome_class) == (1, "budget")
    assert "its 1000 tokens are used up" in failed.reason


def test_money_counts_by_the_configured_prices():
    prices = {"input_usd_per_million": 1000, "output_usd_per_million": 1000}
    dear = {**RUBBISH, "usage": (900, 200)}

    answer, requests = choose([dear, "refund"], allowed(cost_usd=1.0), **prices)

    assert (len(requests), answer.outcome_class) == (1, "budget")


def test_samples_are_no_more_than_a_decision_may_spend():
    answer, requests = choose(["refund"] * 5, allowed(model_calls=3), samples=5)

    assert (len(requests), answer.choice) == (3, "refund")
    assert answer.confidence.value == 0.6
