import pytest

from planner.decisions import Brief
from planner.model import prompts
from planner.model.requests import Ask, Dialect
from planner.settings import ModelSettings


def unread(_content, _envelope):
    raise AssertionError("a request reads no answer")


ASK = Ask("choose", prompts.fill(Brief("g", {})), prompts.choice_schema(["a"]), strict=True, read=unread)
FILL = ASK._replace(kind="fill", strict=False)


def test_the_strictest_dialect_comes_first():
    body = Dialect(ModelSettings(name="m")).write(ASK, longer=False).body
    assert body["model"] == "m"
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["max_completion_tokens"] == 2000
    assert "temperature" not in body


def test_each_refusal_is_one_step_and_the_last_is_the_end():
    dialect = Dialect(ModelSettings())
    formats = []
    for _ in range(4):
        request = dialect.write(ASK, longer=False)
        formats.append(request.format)
        learned = dialect.learn(request, 400, "response_format is not supported")
    assert formats == ["json_schema", "json_object", "text", "text"]
    assert not learned


def test_two_refusals_of_one_form_are_one_step():
    dialect = Dialect(ModelSettings())
    one, two = dialect.write(ASK, longer=False), dialect.write(ASK, longer=False)
    assert dialect.learn(one, 400, "json_schema?")
    assert dialect.learn(two, 400, "json_schema?")
    assert dialect.write(ASK, longer=False).format == "json_object"


def test_a_form_that_a_server_cannot_read_says_nothing_of_choices():
    dialect = Dialect(ModelSettings())
    assert dialect.learn(dialect.write(FILL, longer=False), 400, "invalid schema for response_format 'fill'")
    assert dialect.write(FILL, longer=False).format == "json_object"
    assert dialect.write(ASK, longer=False).format == "json_schema"


def test_several_refusals_at_once_are_learned_at_once():
    dialect = Dialect(ModelSettings(temperature=0.5))
    assert dialect.learn(dialect.write(ASK, longer=False), 422, "temperature, max_completion_tokens")
    body = dialect.write(ASK, longer=False).body
    assert "temperature" not in body
    assert body["max_tokens"] == 2000


def test_a_server_may_know_no_limit_at_all():
    dialect = Dialect(ModelSettings())
    for _ in range(2):
        dialect.learn(dialect.write(ASK, longer=False), 400, "unknown field max_tokens")
    assert not [name for name in dialect.write(ASK, longer=False).body if name.startswith("max_")]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (500, "response_format"),
        (429, "max_tokens"),
        (None, "response_format"),
        (400, "context length exceeded, lower max_tokens"),
        (400, "something else"),
        (404, "model_not_found for response_format"),
    ],
)
def test_what_is_no_matter_of_dialect_teaches_nothing(status, said):
    dialect = Dialect(ModelSettings())
    request = dialect.write(ASK, longer=False)
    assert not dialect.learn(request, status, said)
    assert dialect.write(ASK, longer=False) == request


def test_a_longer_answer_may_be_four_times_as_long():
    assert Dialect(ModelSettings()).write(ASK, longer=True).body["max_completion_tokens"] == 8000


def test_a_decisions_endpoint_gets_one_question_and_no_dialect():
    question = {"type": "choice", "choices": []}
    dialect = Dialect(ModelSettings(name="m", temperature=0.5, backend="decisions"))
    request = dialect.write(ASK._replace(backend="decisions", schema=question), longer=False)
    assert set(request.body) == {"model", "input", "questions"}
    assert request.body["questions"] == [question]


@pytest.mark.parametrize(
    ("backend", "status", "learned"),
    [
        ("auto", 404, "chat"),
        ("auto", 405, "chat"),
        ("auto", 501, "chat"),
        ("auto", 401, None),
        ("decisions", 404, None),
    ],
)
def test_a_missing_decisions_endpoint_is_remembered_where_that_is_allowed(backend, status, learned):
    dialect = Dialect(ModelSettings(backend=backend))
    request = dialect.write(ASK._replace(backend=dialect.backend), longer=False)
    assert dialect.learn(request, status, "not found") == (learned is not None)
    assert dialect.backend == (learned or "decisions")


def test_logprobs_are_asked_for_until_they_are_refused():
    dialect = Dialect(ModelSettings(logprobs=True))
    ask = ASK._replace(logprobs=True)
    first = dialect.write(ask, longer=False)
    assert (first.body["logprobs"], first.body["top_logprobs"]) == (True, 20)
    assert dialect.learn(first, 400, "logprobs is not supported with this model")
    assert "logprobs" not in dialect.write(ask, longer=False).body
    assert not dialect.learn(dialect.write(ask, longer=False), 400, "logprobs?")
